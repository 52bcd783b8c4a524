"""Small sounds and broken files that the tests of this room share."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import soundfile

from controlroom.model.audio import Audio


def music(seconds: float = 1.0, rate_hz: int = 48_000, channels: int = 2, level: float = 0.3) -> Audio:
    """A glide, a pulse train and a little noise: enough for codecs and correlation to hold on to."""
    rng = np.random.default_rng(7)
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    pulse = np.where((t * 4) % 1 < 0.02, np.sin(2 * np.pi * 1_500 * t), 0.0)
    rows = [
        level
        * (
            np.sin(2 * np.pi * (220 + 60 * c) * t * (1 + t / 20))
            + 0.5 * pulse
            + 0.05 * rng.standard_normal(t.size)
        )
        for c in range(channels)
    ]
    return Audio(np.stack(rows).astype(np.float32), rate_hz)


def grid(audio: Audio, bits: int) -> Audio:
    """The sound on the grid of an integer depth, so that storing it loses nothing."""
    step = 2.0 ** (bits - 1)
    return Audio((np.round(audio.samples.astype(np.float64) * step) / step).astype(np.float32), audio.rate_hz)


def save(path: Path, audio: Audio, **form: str) -> Path:
    """Write with libsndfile, as somebody else's program would."""
    soundfile.write(path, audio.samples.T, audio.rate_hz, **form)
    return path


def riff(
    data: bytes,
    *,
    declared: int | None = None,
    rate_hz: int = 48_000,
    channels: int = 2,
    bits: int = 16,
    code: int = 1,
    tail: bytes = b"",
) -> bytes:
    """A WAV file by hand, with any lie in its header."""
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", code, channels, rate_hz, rate_hz * align & 0xFFFFFFFF, align, bits)
    size = len(data) if declared is None else declared
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", size) + data + tail
    return b"RIFF" + struct.pack("<I", len(body) & 0xFFFFFFFF) + body


def pcm16(audio: Audio) -> bytes:
    """Interleaved 16-bit samples."""
    return np.round(audio.samples.T * 32_767).astype("<i2").tobytes()


def snr_db(reference: Audio, other: Audio) -> float:
    """Signal over difference, in dB."""
    noise = np.sum((reference.samples.astype(np.float64) - other.samples) ** 2)
    return float(10 * np.log10(np.sum(reference.samples.astype(np.float64) ** 2) / max(noise, 1e-30)))
