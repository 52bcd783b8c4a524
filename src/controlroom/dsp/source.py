"""What a file went through before it arrived: its ceiling, its true bits, its sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from controlroom.dsp.spectrum import Floats, decibels
from controlroom.model.audio import Samples

CELL_HZ = 100.0
_GUARD_CELLS = 8
"""What falls within 800 Hz is an edge; arrangements and microphones fall more slowly."""

SOURCE_RATES_HZ = (16000, 22050, 24000, 32000, 36000, 44100, 48000)
CONTAINER_BITS = 24


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The sharpest edge at the top of a spectrum: where it is and how deep it falls."""

    edge_hz: float
    drop_db: float


def ceiling(power: Floats, bin_hz: float, from_hz: float = 4000.0) -> Ceiling:
    """Return the steepest lasting fall of a long-term spectrum above ``from_hz``.

    Parameters
    ----------
    power : ndarray of float64, shape (bins,)
        Power per bin, averaged over the song.

    Returns
    -------
    Ceiling
        The edge with the greatest difference between the median of the 1 kHz
        below it and the greatest of *all* that lies more than 800 Hz above it:
        a dip that comes back is no ceiling. 0 dB when there is none.

    References
    ----------
    standards.md 5.14: steepest slope of the long-term spectrum above 12 kHz.
    """
    per = max(1, round(CELL_HZ / bin_hz))
    cells = power.size // per
    levels = decibels(power[: cells * per].reshape(cells, per).mean(axis=1))
    first = int(from_hz / CELL_HZ)
    if cells < first + 2 * _GUARD_CELLS:
        return Ceiling(cells * per * bin_hz, 0.0)
    below = ndimage.median_filter(levels, 9, origin=4, mode="nearest")
    above = np.maximum.accumulate(levels[::-1])[::-1]
    drop = below[first : cells - _GUARD_CELLS] - above[first + _GUARD_CELLS :]
    at = int(np.argmax(drop))
    # the edge is where the level has come half way down
    inside = levels[first + at : first + at + _GUARD_CELLS + 1]
    half = below[first + at] - drop[at] / 2
    edge = first + at + int(np.argmax(inside < half))
    return Ceiling(edge * per * bin_hz, max(0.0, float(drop[at])))


def source_rate_hz(edge_hz: float, rate_hz: int) -> int:
    """Return the lower sampling rate whose Nyquist frequency an edge points to; 0 for none.

    Resamplers end their passband at 90 to 99 % of the Nyquist frequency.
    """
    for source in SOURCE_RATES_HZ:
        if source < rate_hz * 0.95 and 0.9 * source / 2 <= edge_hz <= 0.985 * source / 2:
            return source
    return 0


def true_bits(samples: Samples) -> int:
    """Return how many bits the samples use: 2 to 24, or 0 when they lie on no grid of 24 bits.

    Exact: the lowest bit that is ever set. Any gain or any filter ends it.
    """
    used = np.int64(0)
    for channel in samples:
        for first in range(0, channel.size, 1 << 18):
            scaled = channel[first : first + (1 << 18)] * np.float32(1 << (CONTAINER_BITS - 1))
            whole = np.rint(scaled)
            if not np.array_equal(whole, scaled):
                return 0
            used |= np.bitwise_or.reduce(whole.astype(np.int64), initial=0)
    if used == 0:
        return 0
    lowest = int(used & -used).bit_length() - 1
    return max(1, CONTAINER_BITS - lowest)
