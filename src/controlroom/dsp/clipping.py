"""Clipping: flat tops, and tops that are rounded off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.spectrum import decibels
from controlroom.model.audio import Samples

_CHUNK_FRAMES = 1 << 18
_BINS = 512
FLAT_SHARE = 2e-4
"""Samples this near to the extreme, as a share of it, are at it: 7 LSB of 16 bits, and dither."""


@dataclass(frozen=True, slots=True, eq=False)
class Tops:
    """How a sound's samples crowd at the extremes of each channel and side.

    Parameters
    ----------
    flat_runs : int
        Runs of at least three samples in a row at an extreme.
    flat_frames : int
        Samples in those runs.
    histogram : ndarray of int64, shape (512,)
        Absolute sample values over the peak, all channels, in even bins.
    """

    flat_runs: int
    flat_frames: int
    histogram: npt.NDArray[np.int64]


def tops(samples: Samples) -> Tops:
    """Measure how the samples crowd at the extremes, in one pass after the peaks are known."""
    counts = np.zeros(_BINS, dtype=np.int64)
    runs = np.zeros(2, dtype=np.int64)
    for channel in samples:
        high, low = float(channel.max(initial=0.0)), float(channel.min(initial=0.0))
        peak = max(high, -low)
        if peak <= 0.0:
            continue
        for first in range(0, channel.size, _CHUNK_FRAMES):
            part = channel[first : first + _CHUNK_FRAMES]
            scaled = np.abs(part) * np.float32(_BINS / peak)
            counts += np.bincount(np.minimum(scaled.astype(np.int32), _BINS - 1), minlength=_BINS)
            if high > 0.5 * peak:
                runs += _runs(part >= high * (1 - FLAT_SHARE))
            if -low > 0.5 * peak:
                runs += _runs(part <= low * (1 - FLAT_SHARE))
    return Tops(int(runs[1]), int(runs[0]), counts)


def roundness_db(tops: Tops) -> float:
    """Return how densely samples lie at 90–98 % of the peak against 40–50 %, in dB; −200 for none.

    Music thins out towards its peak (the density of a Gaussian falls by
    40 dB and more there); what is driven into a curve piles up under it.

    References
    ----------
    standards.md 5.7: soft clipping has no flat tops, it shows in the curvature of the histogram.
    """
    at = (np.array([0.4, 0.5, 0.9, 0.98]) * tops.histogram.size).astype(int)
    middle = tops.histogram[at[0] : at[1]].sum() / (at[1] - at[0])
    top = tops.histogram[at[2] : at[3]].sum() / (at[3] - at[2])
    return float(decibels(top / middle)) if middle > 0 else -200.0


def _runs(at: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the samples in runs of three and more, and the number of such runs."""
    where = np.flatnonzero(at)
    if where.size < 3:
        return np.zeros(2, dtype=np.int64)
    cuts = np.flatnonzero(np.diff(where) > 1)
    lengths = np.diff(np.concatenate([[-1], cuts, [where.size - 1]]))
    long = lengths[lengths >= 3]
    return np.array([long.sum(), long.size])
