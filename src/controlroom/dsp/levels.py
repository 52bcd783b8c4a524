"""How strong a sound is over time: blocks of 10 ms, and what is read off them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.spectrum import POWER_FLOOR, decibels
from controlroom.model.audio import Samples

Floats = npt.NDArray[np.float64]

BLOCK_S = 0.01
_CHUNK_BLOCKS = 512


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Mean, power and peak of a sound in consecutive blocks of about 10 ms.

    Parameters
    ----------
    block_frames : int
        Length of one block; the last may be shorter.
    rate_hz, frames : int
        Of the sound.
    mean, power, top, bottom : ndarray of float64, shape (channels, blocks)
        Mean sample value, mean square, greatest and least sample.
    """

    block_frames: int
    rate_hz: int
    frames: int
    mean: Floats
    power: Floats
    top: Floats
    bottom: Floats

    @property
    def peak(self) -> Floats:
        """Largest absolute sample, shape (channels, blocks)."""
        return np.maximum(self.top, -self.bottom)

    @property
    def lengths(self) -> Floats:
        """Frames in each block, shape (blocks,)."""
        lengths = np.full(self.power.shape[1], float(self.block_frames))
        if lengths.size and self.frames % self.block_frames:
            lengths[-1] = self.frames % self.block_frames
        return lengths


@dataclass(frozen=True, slots=True)
class LoudestWindow:
    """The strongest stretch of a sound: where it is, its RMS and its largest sample."""

    start_s: float
    length_s: float
    rms_db: float
    peak_db: float

    @property
    def crest_db(self) -> float:
        """Largest sample over RMS, in dB; 0 for silence."""
        return self.peak_db - self.rms_db


@dataclass(frozen=True, slots=True)
class Edges:
    """How a sound starts and ends: silence at both, and the level it is left at."""

    start_silence_s: float
    end_silence_s: float
    end_level_db: float


def envelope(samples: Samples, rate_hz: int) -> Envelope:
    """Return mean, power and peak in blocks of 10 ms, in one pass.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        May be empty.
    """
    block = max(1, round(BLOCK_S * rate_hz))
    channels, frames = samples.shape
    blocks = -(-frames // block)
    out = np.zeros((4, channels, blocks))
    lengths = np.full(blocks, float(block))
    for first in range(0, blocks, _CHUNK_BLOCKS):
        last = min(first + _CHUNK_BLOCKS, blocks)
        part = samples[:, first * block : last * block]
        short = (last - first) * block - part.shape[1]
        if short:  # the last block, filled up; zeros change no sum, and its true length is known
            part = np.pad(part, ((0, 0), (0, short)))
            lengths[-1] = block - short
        cut = part.reshape(channels, last - first, block)
        out[0, :, first:last] = cut.sum(axis=2)
        out[1, :, first:last] = np.einsum("cbk,cbk->cb", cut, cut)
        out[2, :, first:last] = cut.max(axis=2)
        out[3, :, first:last] = cut.min(axis=2)
    return Envelope(block, rate_hz, frames, out[0] / lengths, out[1] / lengths, out[2], out[3])


def rms_db(sound: Envelope) -> float:
    """Return the RMS over all channels in dBFS (a full-scale sine reads −3.01)."""
    if sound.frames == 0:
        return float(decibels(0.0))
    return float(decibels(np.average(sound.power.mean(axis=0), weights=sound.lengths)))


def peak_db(sound: Envelope) -> float:
    """Return the largest absolute sample in dBFS."""
    return float(decibels(np.max(sound.peak, initial=0.0) ** 2))


def channel_offsets(sound: Envelope) -> Floats:
    """Return the mean sample value of each channel, shape (channels,)."""
    if sound.frames == 0:
        return np.zeros(sound.mean.shape[0])
    return np.asarray(np.average(sound.mean, axis=1, weights=sound.lengths))


def offset_drift_db(sound: Envelope, window_s: float = 5.0) -> float:
    """Return how far the offset wanders: spread of 5 s means against the overall mean, in dB.

    The largest distance of a mean over ``window_s`` from the whole channel's
    mean, over the absolute mean, of the channel with the larger offset. 0 dB
    says that the offset comes and goes by its whole size. A sound shorter than
    two windows has no drift.
    """
    per = max(1, round(window_s / BLOCK_S))
    whole = sound.mean.shape[1] // per
    if whole < 2:
        return float(decibels(0.0))
    means = sound.mean[:, : whole * per].reshape(-1, whole, per).mean(axis=2)
    overall = channel_offsets(sound)
    worst = int(np.argmax(np.abs(overall)))
    away = np.max(np.abs(means[worst] - overall[worst]))
    return float(decibels((away / max(abs(overall[worst]), np.sqrt(POWER_FLOOR))) ** 2))


def loudest_window(sound: Envelope, window_s: float = 8.0) -> LoudestWindow:
    """Return the stretch of ``window_s`` with the highest RMS over all channels.

    A shorter sound is one window. Windows start on block edges.
    """
    blocks = sound.power.shape[1]
    width = max(1, min(blocks, round(window_s / BLOCK_S)))
    if blocks == 0:
        return LoudestWindow(0.0, 0.0, float(decibels(0.0)), float(decibels(0.0)))
    sums = np.concatenate([[0.0], np.cumsum(sound.power.mean(axis=0))])
    windows = (sums[width:] - sums[:-width]) / width
    first = int(np.argmax(windows))
    peak = np.max(sound.peak[:, first : first + width])
    seconds = sound.block_frames / sound.rate_hz
    return LoudestWindow(
        start_s=first * seconds,
        length_s=width * seconds,
        rms_db=float(decibels(windows[first])),
        peak_db=float(decibels(peak**2)),
    )


def edges(sound: Envelope, silence_db: float = -60.0) -> Edges:
    """Return silence at both ends, and the level of the last 20 ms.

    Parameters
    ----------
    silence_db : float
        A block is silent when its largest sample is below this, against the
        RMS of the loudest 8 s; so the answer does not move with gain.

    Returns
    -------
    Edges
        A constant offset is no sound: each block is read with and without it,
        and the quieter counts. ``end_level_db`` is the power of the last two
        blocks, 10 to 20 ms, against the same loudest 8 s. A sound that is
        silent throughout is all start silence.
    """
    loudest = loudest_window(sound)
    duration_s = sound.frames / sound.rate_hz
    limit = 10.0 ** ((loudest.rms_db + silence_db) / 20.0)
    offset = channel_offsets(sound)[:, None]
    away = np.minimum(sound.peak, np.maximum(sound.top - offset, offset - sound.bottom))
    heard = np.flatnonzero(np.max(away, axis=0, initial=0.0) > limit)
    if heard.size == 0 or loudest.rms_db <= float(decibels(0.0)):
        return Edges(duration_s, 0.0, float(decibels(0.0)))
    seconds = sound.block_frames / sound.rate_hz
    tail = slice(-2, None)  # the very last block may be shorter
    moving = np.minimum(sound.power, sound.power - 2.0 * offset * sound.mean + offset**2)
    last = np.average(moving[:, tail].mean(axis=0), weights=sound.lengths[tail])
    return Edges(
        start_silence_s=float(heard[0]) * seconds,
        end_silence_s=max(0.0, duration_s - float(heard[-1] + 1) * seconds),
        end_level_db=float(decibels(last)) - loudest.rms_db,
    )
