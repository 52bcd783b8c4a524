"""Source faults: what a file went through before it arrived, and how it starts and ends."""

from __future__ import annotations

import io

import av
import numpy as np
import soxr
from scipy import signal

from lab.defects.form import Defect, Flawed, Host, of_mix
from lab.defects.sound import decibels, envelope, rms, shaped
from lab.songs.truth import Stretch


def hf_ceiling(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Brickwall low-pass: nothing at all 300 Hz above the edge."""

    def curve(f: np.ndarray) -> np.ndarray:
        return np.interp(f, [strength, strength + 300], [0.0, -120.0])

    return of_mix(shaped(host.mix.samples, host.mix.rate_hz, curve), host.mix.rate_hz)


def upsampled(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Down to a lower rate and back."""
    x, rate = host.mix.samples, host.mix.rate_hz
    low = soxr.resample(np.ascontiguousarray(x.T), rate, strength, quality="HQ")
    back = soxr.resample(low, strength, rate, quality="HQ").T
    out = np.zeros_like(x)
    out[:, : back.shape[1]] = back[:, : x.shape[1]]
    return of_mix(out, rate)


def transcoded(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """A true MP3 round trip at a constant bit rate, aligned to the sample again."""
    x, rate = host.mix.samples, host.mix.rate_hz
    decoded = mp3_round_trip(x, rate, int(strength) * 1000)
    return of_mix(aligned(decoded, x), rate)


def mp3_round_trip(samples: np.ndarray, rate_hz: int, bit_rate: int) -> np.ndarray:
    """Encode with LAME and decode again; shape (2, frames), delayed by the codec."""
    buffer = io.BytesIO()
    stereo = np.broadcast_to(samples, (2, samples.shape[1]))
    with av.open(buffer, "w", format="mp3") as out:
        stream = out.add_stream("libmp3lame", rate=rate_hz)
        stream.bit_rate = bit_rate
        stream.layout = "stereo"
        stream.format = "fltp"
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stereo), format="fltp", layout="stereo")
        frame.sample_rate = rate_hz
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as back:
        return np.concatenate([frame.to_ndarray() for frame in back.decode(audio=0)], axis=1)


def aligned(decoded: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Shift a decoded sound onto its original by the best lag within 4000 frames, same length."""
    frames = original.shape[1]
    middle, length = frames // 2, min(32768, frames // 4)
    piece = original[0, middle : middle + length]
    reach = 4000
    field = decoded[0, max(0, middle - reach) : middle + length + reach]
    lag = int(np.argmax(signal.correlate(field, piece, mode="valid"))) - min(reach, middle)
    out = np.zeros_like(original)
    start = max(0, lag)
    usable = decoded[: original.shape[0], start : start + frames]
    at = max(0, -lag)
    count = min(usable.shape[1], frames - at)
    out[:, at : at + count] = usable[:, :count]
    return out


def bit_depth(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Rounded to fewer bits, without dither, in a container that has more."""
    steps = 2 ** (strength - 1)
    return of_mix(np.round(host.mix.samples * steps) / steps, host.mix.rate_hz)


def dual_mono(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Nearly or wholly the same sound in both channels: the side is brought down to the strength under the mid."""
    x = host.mix.samples
    mid, side = x.mean(axis=0), (x[0] - x[-1]) / 2
    wanted = rms(mid) * (0.0 if strength <= -150 else 10 ** (strength / 20))
    side = side * min(1.0, wanted / (rms(side) + 1e-15))
    return of_mix(np.stack([mid + side, mid - side]), host.mix.rate_hz)


def start_silence(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Digital silence before the song."""
    x, rate = host.mix.samples, host.mix.rate_hz
    lead = np.zeros((x.shape[0], int(strength * rate)), dtype=np.float32)
    return of_mix(np.concatenate([lead, x], axis=1), rate, (Stretch(0.0, strength),))


def end_silence(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Digital silence after the song."""
    x, rate = host.mix.samples, host.mix.rate_hz
    tail = np.zeros((x.shape[0], int(strength * rate)), dtype=np.float32)
    ends = x.shape[1] / rate
    return of_mix(np.concatenate([x, tail], axis=1), rate, (Stretch(ends, ends + strength),))


def inner_silence(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Digital silence put between two parts of the song."""
    x, rate = host.mix.samples, host.mix.rate_hz
    at = int(0.6 * x.shape[1])
    gap = np.zeros((x.shape[0], int(strength * rate)), dtype=np.float32)
    joined = np.concatenate([x[:, :at], gap, x[:, at:]], axis=1)
    return of_mix(joined, rate, (Stretch(at / rate, at / rate + strength),))


def cut_off_end(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """The file stops while the music is still at the strength against its RMS."""
    x, rate = host.mix.samples, host.mix.rate_hz
    loud = envelope(x, rate, 0.05)
    level = rms(x) * 10 ** (strength / 20)
    last = int(np.flatnonzero(loud >= level)[-1])
    # not in a short gap: where the last 50 ms were that loud too
    cut = max(rate, last - int(0.025 * rate))
    return of_mix(x[:, :cut], rate, (Stretch(cut / rate - 0.1, cut / rate),))


def end_level_db(samples: np.ndarray, rate_hz: int) -> float:
    """Return the level of the last 50 ms against the whole, in dB."""
    return decibels(rms(samples[:, -int(0.05 * rate_hz) :]) / rms(samples))


DEFECTS = (
    Defect("hf-ceiling", "hf-ceiling", "Hz of the edge", (18500.0, 16000.0, 14000.0), hf_ceiling),
    Defect("upsampled", "upsampled", "Hz of the source's rate", (36000.0, 32000.0, 22050.0), upsampled),
    Defect("transcoded", "transcoded", "kb/s of MP3", (192.0, 128.0, 96.0), transcoded),
    Defect("bit-depth", "bit-depth", "bits", (16.0, 12.0, 8.0), bit_depth),
    Defect("dual-mono", "dual-mono", "dB of side against mid", (-40.0, -60.0, -200.0), dual_mono),
    Defect("start-silence", "start-silence", "s", (0.7, 2.0, 6.0), start_silence),
    Defect("end-silence", "end-silence", "s", (3.0, 6.0, 12.0), end_silence),
    Defect("inner-silence", "silence", "s", (1.5, 4.0, 10.0), inner_silence),
    Defect("cut-off-end", "cut-off-end", "dB against the song's RMS", (-32.0, -18.0, -4.0), cut_off_end),
)
