"""Waveform overviews: the lowest and highest sample of every stretch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """One level of a waveform overview.

    Attributes
    ----------
    low, high : ndarray of float32, shape (channels, buckets)
        Extremes of each bucket; the buckets tile the sound.
    frames : int
        Frames of the sound.
    rate_hz : int
        Its rate.
    """

    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    frames: int
    rate_hz: int

    @property
    def buckets(self) -> int:
        """Number of stretches."""
        return int(self.low.shape[1])


def peaks(audio: Audio, buckets: int) -> Peaks:
    """Return the extremes of a sound in equal stretches.

    Parameters
    ----------
    audio : Audio
        Any sound.
    buckets : int
        ≥ 1; no more than the sound has frames are made. Bucket k covers
        frames ``⌊k·F/B⌋`` to ``⌊(k+1)·F/B⌋``.

    Returns
    -------
    Peaks
        Every sample lies within its bucket's extremes, and both are samples.

    Raises
    ------
    ValueError
        If `buckets` is less than 1.
    """
    if buckets < 1:
        raise ValueError(f"buckets must be at least 1, not {buckets}")
    count = min(buckets, audio.frames)
    starts = np.arange(count, dtype=np.int64) * audio.frames // max(1, count)
    return _reduced(audio.samples, audio.samples, starts, audio)


def peak_pyramid(audio: Audio, base_frames: int = 256, factor: int = 4) -> tuple[Peaks, ...]:
    """Return overviews at falling resolution, for zooming.

    Parameters
    ----------
    audio : Audio
        Any sound.
    base_frames : int
        Frames per bucket of the finest level, ≥ 1 (the last bucket may be shorter).
    factor : int
        Buckets that become one on the next level, ≥ 2.

    Returns
    -------
    tuple of Peaks
        Finest first, down to at most `factor` buckets; each level is exactly
        the extremes of the one below it.

    Raises
    ------
    ValueError
        If `base_frames` < 1 or `factor` < 2.
    """
    if base_frames < 1 or factor < 2:
        raise ValueError(f"base_frames must be ≥ 1 and factor ≥ 2, not {base_frames} and {factor}")
    levels = [_reduced(audio.samples, audio.samples, np.arange(0, audio.frames, base_frames), audio)]
    while levels[-1].buckets > factor:
        finer = levels[-1]
        levels.append(_reduced(finer.low, finer.high, np.arange(0, finer.buckets, factor), audio))
    return tuple(levels)


def _reduced(
    low: npt.NDArray[np.float32], high: npt.NDArray[np.float32], starts: npt.NDArray[np.int64], audio: Audio
) -> Peaks:
    if starts.size == 0:
        empty = np.empty((audio.channels, 0), np.float32)
        return Peaks(empty, empty, audio.frames, audio.rate_hz)
    return Peaks(
        np.minimum.reduceat(low, starts, axis=1),
        np.maximum.reduceat(high, starts, axis=1),
        audio.frames,
        audio.rate_hz,
    )
