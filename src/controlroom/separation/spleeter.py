"""Spleeter's two stems, offline, on one CPU thread, without torch.

The network hears 0 to 11.025 kHz at 44.1 kHz; a take at another rate is
resampled for it, and the voice is resampled back. The accompaniment is the
take minus the voice at the take's own rate, so the two always add up to it.

**Above 11 kHz** the original drops everything from both stems. Here the voice's
share of each frame is carried upwards from the network's top bands (see
``air_gain``), so that a voice keeps its air and cymbals stay where they are.

**Level.** The networks learned on mastered records and hear a much quieter take
worse (on a mix at −28 dBFS RMS, 12 dB more gave 3 dB more SI-SDR). The masks
don't carry a level, so a take outside the range of records is shown to the
networks at that range's edge (``record_gain``); the stems keep the take's own.

**Segment edges.** The original cuts 512-frame segments side by side; the frames
at a cut see no context on one side. Here segments overlap and their masks are
cross-faded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, EnvironmentFault
from controlroom.separation import models, spectra, unet
from controlroom.separation.form import BackendFacts
from controlroom.separation.streams import RATE_HZ, masked_stems

_RECORDS_DBFS = (-21.0, -9.0)
_AIR_LOW_HZ, _AIR_HIGH_HZ = 8000.0, 11025.0


@dataclass(frozen=True)
class Spleeter:
    """The default backend: voice and accompaniment.

    Parameters
    ----------
    folder : Path, optional
        Where the network is kept; the user's cache folder by default.
    overlap_frames : int
        Frames (23 ms each) that neighbouring segments share; 0 is the original.
    air : bool
        Whether the voice's mask is carried above 11 kHz; False is the original.
    levelled : bool
        Whether a take outside the range of records is shown to the networks at
        its edge; False is the original.
    """

    folder: Path | None = None
    overlap_frames: int = 32
    air: bool = True
    levelled: bool = True

    @property
    def facts(self) -> BackendFacts:
        """Name, stems, licence, size, source and checksum."""
        return BackendFacts(
            name="spleeter",
            stems=("vocals", "accompaniment"),
            licence=models.LICENCE,
            size_bytes=models.WHEEL_BYTES,
            source=f"{models.PACKAGE} {models.VERSION}",
            sha256=models.WHEEL_SHA256,
            sums_to_mix=True,
            quality="voice +6 to +13 dB SI-SDR over the mix; audible bleed where the voice is soft",
        )

    def missing(self) -> EnvironmentFault | None:
        """Return why it can't work here, with the exact command; None when it can."""
        from importlib.util import find_spec

        if find_spec("onnxruntime") is None:
            return EnvironmentFault(
                "separation.no-onnxruntime",
                "the package onnxruntime is not installed",
                "pip install 'controlroom[stems]'",
            )
        return models.spleeter_missing(self.folder)

    def separate(self, audio: Audio, ctx: Context) -> Mapping[str, Audio]:
        """Return ``vocals`` and ``accompaniment`` at the take's rate and length.

        Parameters
        ----------
        audio : Audio
            Mono or stereo, any rate. Beyond the song itself, the stems and
            about 350 MB are held in memory.
        ctx : Context
            ``threads`` are onnxruntime's; progress and cancel per segment.

        Raises
        ------
        EnvironmentFault
            The weights or onnxruntime are missing, or the network was changed.
        AudioInputError
            More than two channels.
        """
        if fault := self.missing():
            raise fault
        if audio.channels > 2:
            raise AudioInputError(
                "separation.channels",
                f"the take has {audio.channels} channels",
                "spleeter separates mono or stereo; fold the take down first",
            )
        if not audio.frames:
            return {"vocals": audio, "accompaniment": audio}
        session = open_session(models.spleeter_network(self.folder), ctx.threads)
        gain = record_gain(audio) if self.levelled else 1.0
        segments = spectra.Segments(unet.FRAMES, self.overlap_frames)
        count, done = segments.count(spectra.frame_count(audio.frames * RATE_HZ // audio.rate_hz)), 0

        def mask_of(spectrum: spectra.Spectrum) -> spectra.Mask:
            nonlocal done
            ctx.tell("separation.spleeter", done / count)
            done += 1
            return network_mask(session, spectrum, gain, air=self.air)[None]

        return masked_stems(audio, ("vocals",), "accompaniment", segments, mask_of)


def open_session(network: bytes | str, threads: int) -> Any:
    """Return an onnxruntime session that does not spin; its arena saves a fifth of the time."""
    from importlib import import_module

    onnxruntime: Any = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def record_gain(audio: Audio) -> float:
    """Return the factor that brings a take into the range of mastered records.

    The level is the root mean square, over both channels, of the 0.4 s blocks
    that are within 10 dB of their own mean (the relative gate of BS.1770-5,
    unweighted). Between −21 and −9 dBFS a take is left as it is: there more
    level helps one song and harms another by a few tenths of a decibel. 1.0 for
    silence.
    """
    size = max(1, round(0.4 * audio.rate_hz))
    starts = np.arange(0, audio.frames, size)
    power = np.einsum("cf,cf->f", audio.samples, audio.samples, dtype=np.float32)
    lengths = np.diff(np.append(starts, audio.frames)) * audio.channels
    blocks = np.add.reduceat(power, starts, dtype=np.float64) / lengths
    heard = blocks[blocks >= 0.1 * blocks.mean()]
    level = float(heard.mean())
    if level <= 1e-12:
        return 1.0
    quietest, loudest = (10 ** (edge / 10) for edge in _RECORDS_DBFS)
    return float(np.sqrt(np.clip(level, quietest, loudest) / level))


def network_mask(
    session: Any, spectrum: spectra.Spectrum, gain: float = 1.0, *, air: bool = True
) -> spectra.Mask:
    """Return the voice's mask of a stereo spectrum (2, frames, 2049).

    ``gain`` scales what the networks are shown; the mask does not carry it.
    """
    magnitude = np.abs(spectrum[:, :, : unet.BINS])
    magnitude *= np.float32(gain)
    ratio: npt.NDArray[np.float32] = session.run(["ratio"], {"magnitude": magnitude[None]})[0][0]
    mask = np.zeros(spectrum.shape, np.float32)
    mask[:, :, : unet.BINS] = ratio
    if air:
        mask[:, :, unet.BINS :] = air_gain(magnitude, ratio)[:, :, None]
    return mask


def air_gain(magnitude: npt.NDArray[np.float32], ratio: spectra.Mask) -> npt.NDArray[np.float32]:
    """Return the voice's share above 11 kHz, per channel and frame, 0 to 1.

    The share is that of the top of what the network hears, 8 to 11 kHz:
    ``Σ ratio·|X|² / Σ |X|²``. There a sibilant is the voice's (its noise runs
    from 5 kHz to beyond 12 kHz, so its share is high and goes on upwards), and a
    cymbal is not. Power weighting lets the loudest bins speak: a plain mean is
    drawn to 0.5 by empty ones, where the network's ratio knows nothing.
    """
    low = round(_AIR_LOW_HZ / RATE_HZ * spectra.WINDOW)
    power = magnitude[:, :, low:] ** 2
    heard = power.sum(axis=2)
    voice = (ratio[:, :, low:] * power).sum(axis=2)
    share: npt.NDArray[np.float32] = voice / np.maximum(heard, np.float32(1e-12))
    return share
