"""The wave between the samples: a polyphase windowed-sinc interpolator that only keeps peaks.

Between two samples the wave that a converter will draw may rise above both.
This file finds how high, at ``factor`` evenly spaced points of each interval.

One design serves meter and limiter. With ``H`` taps on either side, the values
at the fractions ``p/F`` and ``1 − p/F`` of an interval use mirrored taps; written
with the sums ``e_j = x[n−j] + x[n+1+j]`` and differences ``o_j = x[n−j] − x[n+1+j]``
they are ``E + O`` and ``E − O``, and the greater of their magnitudes is ``|E| + |O|``.
So half of the products suffice, and the interpolated signal is never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.core.types import Array, float32, int32, int64, void

from controlroom.model.audio import Samples

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

HALF_TAPS = 20
"""Taps on either side of an interval, 40 per phase; a multiple of four, as ``_weigh`` takes them."""

KAISER_BETA = 5.0
"""Window shape: with these taps every phase is flat within 0.04 dB up to 0.4535 of the rate (20 kHz at 44.1 kHz)."""

CHUNK_FRAMES = 128
"""Intervals worked on at once; their sums, differences and results stay in the L1 cache."""

_ROW = Array(float32, 1, "C", readonly=True)
_TABLE = Array(float32, 2, "C", readonly=True)
_BITS = Array(int32, 1, "C", readonly=True)
_EDGES = Array(int64, 1, "C", readonly=True)


@dataclass(frozen=True, slots=True, eq=False)
class PeakTable:
    """Coefficients of the interpolator, sorted for the sums and the differences.

    Parameters
    ----------
    even : ndarray of float32, shape (factor // 2, HALF_TAPS)
        Weights of ``e_j`` for the fractions 1/F … 1/2.
    odd : ndarray of float32, shape ((factor − 1) // 2, HALF_TAPS)
        Weights of ``o_j``; the fraction 1/2 of an even factor needs none.
    bound : float
        Greatest sum of magnitudes of one phase's taps (at least 1): no
        interpolated value exceeds ``bound`` times the greatest sample near it.
    """

    even: npt.NDArray[np.float32]
    odd: npt.NDArray[np.float32]
    bound: float


def windowed_sinc(position: npt.ArrayLike, half_width: float, beta: float) -> npt.NDArray[np.float64]:
    """Return ``sinc(position)`` under a Kaiser window that ends at ±``half_width`` samples.

    Parameters
    ----------
    position : array_like
        Distance from the tap in samples; 1 at 0, and 0 at every other integer.
    half_width : float
        Half the length of the window in samples.
    beta : float
        Kaiser's shape; stop band ≈ beta/0.1102 + 8.7 dB (Kaiser 1974).
    """
    x = np.asarray(position, dtype=np.float64)
    inside = np.sqrt(np.clip(1.0 - (x / half_width) ** 2, 0.0, 1.0))
    window: npt.NDArray[np.float64] = np.where(
        np.abs(x) < half_width, np.i0(beta * inside) / np.i0(beta), 0.0
    )
    return np.sinc(x) * window


@lru_cache(maxsize=8)
def peak_table(factor: int) -> PeakTable:
    """Return the interpolator's table for ``factor`` points per interval.

    Raises
    ------
    ValueError
        If ``factor`` is below 2.
    """
    if factor < 2:
        raise ValueError(f"factor must be at least 2, not {factor}")
    fraction = np.arange(1, factor // 2 + 1)[:, np.newaxis] / factor
    j = np.arange(HALF_TAPS)
    before = windowed_sinc(fraction + j, HALF_TAPS, KAISER_BETA)  # weight of x[n − j]
    after = windowed_sinc(1 + j - fraction, HALF_TAPS, KAISER_BETA)  # weight of x[n + 1 + j]
    total = (before + after).sum(axis=1, keepdims=True)  # a constant must come out as itself
    before, after = before / total, after / total
    even = np.ascontiguousarray((before + after) / 2, dtype=np.float32)
    odd = np.ascontiguousarray(((before - after) / 2)[: (factor - 1) // 2], dtype=np.float32)
    bound = max(1.0, float((np.abs(before) + np.abs(after)).sum(axis=1).max()))
    # the kernel rounds to float32: a bound that prunes must stay above that
    return PeakTable(even, odd, bound * (1 + 1e-5))


@njit(void(_ROW, int64, float32[::1]), cache=True)
def _fill(row: F32, first: int, local: F32) -> None:
    """Copy ``row[first : first + len(local)]``, with silence beyond either end."""
    start = min(max(first, 0), row.shape[0])
    stop = max(start, min(row.shape[0], first + local.shape[0]))
    source = row[start:stop]
    target = local[start - first : stop - first]
    local[:] = 0.0
    for i in range(stop - start):  # assigning slices would compile numba's error texts: 2 CPU s
        target[i] = source[i]


@njit(void(float32[:, ::1], _ROW, float32[::1]), cache=True)
def _weigh(rows: F32, weights: F32, total: F32) -> None:
    """Write the weighted sum of rows, four at a time to save trips to the cache."""
    width = total.shape[0]
    total[:] = 0.0
    for j in range(0, rows.shape[0], 4):
        a, b, c, d = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
        wa, wb, wc, wd = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        for i in range(width):
            total[i] += (wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i])


@njit(void(float32[::1], _TABLE, _TABLE, float32[:, ::1], float32[::1]), cache=True)
def _chunk_peaks(local: F32, even: F32, odd: F32, work: F32, peaks: F32) -> None:
    """Write the greatest interpolated magnitude inside each of CHUNK_FRAMES intervals.

    ``local`` starts HALF_TAPS − 1 samples before the first interval's left
    sample. ``work`` has 2·HALF_TAPS + 2 rows: sums, differences, E and O.
    Inner loops run over intervals, so they vectorise without reassociation.
    """
    width = peaks.shape[0]
    half = even.shape[1]
    for j in range(half):
        left = local[half - 1 - j : half - 1 - j + width]
        right = local[half + j : half + j + width]
        sums = work[j]
        differences = work[half + j]
        for i in range(width):
            sums[i] = left[i] + right[i]
            differences[i] = left[i] - right[i]
    peaks[:] = 0.0
    e = work[2 * half]
    o = work[2 * half + 1]
    for p in range(even.shape[0]):
        _weigh(work[:half], even[p], e)
        if p < odd.shape[0]:
            _weigh(work[half : 2 * half], odd[p], o)
        else:
            o[:] = 0.0
        for i in range(width):
            height = abs(e[i]) + abs(o[i])
            peaks[i] = max(peaks[i], height)


@njit(void(_ROW, _TABLE, _TABLE, float32[::1]), cache=True)
def _merge_interval_peaks(row: F32, even: F32, odd: F32, out: F32) -> None:
    """Raise ``out[n]`` to the greatest magnitude on [n − 1, n + 1], tails at the ends included."""
    frames = row.shape[0]
    half = even.shape[1]
    local = np.empty(CHUNK_FRAMES + 2 * half, np.float32)
    work = np.empty((2 * half + 2, CHUNK_FRAMES), np.float32)
    peaks = np.empty(CHUNK_FRAMES, np.float32)
    for n in range(frames):
        out[n] = max(out[n], abs(row[n]))
    # interval n lies between samples n and n + 1; those outside belong to the end frames
    for first in range(-half, frames + half - 1, CHUNK_FRAMES):
        _fill(row, first - half + 1, local)
        _chunk_peaks(local, even, odd, work, peaks)
        if first >= 0 and first + CHUNK_FRAMES < frames:
            for shift in range(2):
                here = out[first + shift : first + shift + CHUNK_FRAMES]
                for i in range(CHUNK_FRAMES):
                    here[i] = max(here[i], peaks[i])
        else:
            for n in range(first, first + CHUNK_FRAMES + 1):
                inside = min(max(n, 0), frames - 1)
                left = peaks[max(n - 1 - first, 0)]
                right = peaks[min(n - first, CHUNK_FRAMES - 1)]
                out[inside] = max(out[inside], left, right)


@njit(int32(_BITS), cache=True)
def _greatest(bits: I32) -> np.int32:
    """Return the bits of the greatest magnitude: those of floats ascend with it, and integers vectorise."""
    top = np.int32(0)
    for i in range(bits.shape[0]):
        magnitude = bits[i] & np.int32(0x7FFFFFFF)
        top = max(top, magnitude)
    return top


@njit(void(_ROW, _EDGES, _TABLE, _TABLE, float32, float32[::1]), cache=True)
def _merge_block_peaks(row: F32, edges: I64, even: F32, odd: F32, bound: float, out: F32) -> None:
    """Raise ``out[b]`` to the greatest magnitude of the block ``edges[b] : edges[b + 1]``.

    A chunk whose greatest sample times ``bound`` can't beat what is known of
    its block is skipped: the result is the same, to the bit.
    """
    frames = row.shape[0]
    half = even.shape[1]
    local = np.empty(CHUNK_FRAMES + 2 * half, np.float32)
    work = np.empty((2 * half + 2, CHUNK_FRAMES), np.float32)
    peaks = np.empty(CHUNK_FRAMES, np.float32)
    height = np.empty(1, np.float32)
    height_bits = height.view(np.int32)
    row_bits, local_bits, peak_bits = row.view(np.int32), local.view(np.int32), peaks.view(np.int32)
    for b in range(out.shape[0]):
        height_bits[0] = _greatest(row_bits[edges[b] : edges[b + 1]])
        top = max(out[b], height[0])
        start = edges[b] - (half if edges[b] == 0 else 0)
        stop = edges[b + 1] + (half if edges[b + 1] == frames else 0)
        for first in range(start, stop, CHUNK_FRAMES):
            _fill(row, first - half + 1, local)
            height_bits[0] = _greatest(local_bits)
            if height[0] * bound > top:
                _chunk_peaks(local, even, odd, work, peaks)
                height_bits[0] = _greatest(peak_bits[: min(CHUNK_FRAMES, stop - first)])
                top = max(top, height[0])
        out[b] = top


def interval_peaks(samples: Samples, factor: int = 8) -> npt.NDArray[np.float32]:
    """Return, for each frame, how high the wave rises around it.

    Frame ``n`` gets the greatest magnitude over channels of the sample itself
    and of the interpolated wave on both neighbouring intervals, [n − 1, n] and
    [n, n + 1]: a limiter that brings each frame's value under its ceiling
    leaves no interval that it has not seen from both ends. The signal is silent
    beyond its ends, and the wave's tails there are charged to the end frames.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples; for a value per channel pass ``samples[c : c + 1]``.
    factor : int
        Points per interval, ≥ 2.

    Returns
    -------
    ndarray of float32, shape (frames,)
        Linear magnitudes, 1.0 at full scale.

    Raises
    ------
    ValueError
        If samples are not two-dimensional, or factor is below 2.
    """
    table = peak_table(factor)
    out = np.zeros(_checked(samples).shape[1], dtype=np.float32)
    if out.size:
        for row in samples:
            _merge_interval_peaks(_row(row), table.even, table.odd, out)
    return out


def block_peaks(samples: Samples, edges: npt.NDArray[np.int64], factor: int = 8) -> npt.NDArray[np.float32]:
    """Return the true peak of each block of frames, over all channels.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples.
    edges : ndarray of int64, shape (blocks + 1,)
        Ascending frame numbers from 0 to ``frames``; block ``b`` is
        ``edges[b] : edges[b + 1]`` and each interval belongs to the block of its left sample.
    factor : int
        Points per interval, ≥ 2.

    Returns
    -------
    ndarray of float32, shape (blocks,)
        Linear magnitudes, 1.0 at full scale; at least the sample peak.

    Raises
    ------
    ValueError
        If samples are not two-dimensional, factor is below 2, or the edges
        descend or leave the samples.
    """
    table = peak_table(factor)
    frames = _checked(samples).shape[1]
    cuts = np.ascontiguousarray(edges, dtype=np.int64)
    if cuts.ndim != 1 or cuts.size < 1 or cuts[0] < 0 or cuts[-1] > frames or np.any(np.diff(cuts) < 0):
        raise ValueError(f"edges must ascend within 0 … {frames}")
    out = np.zeros(cuts.size - 1, dtype=np.float32)
    for row in samples:
        _merge_block_peaks(_row(row), cuts, table.even, table.odd, table.bound, out)
    return out


def _checked(samples: Samples) -> Samples:
    """Refuse what is not shaped (channels, frames)."""
    if samples.ndim != 2:
        raise ValueError(f"samples must be shaped (channels, frames), not {samples.shape}")
    return samples


def _row(row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return a channel as the kernels take it; a copy only if it is strided or of another type."""
    return np.ascontiguousarray(row, dtype=np.float32)
