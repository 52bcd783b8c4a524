"""Peaks read at 32 points per interval, only where they may matter: what a limiter's promise is checked with.

Three interpolators read each interval, since a ceiling must hold on any meter:
the house's own (``dsp.oversampling``), the short one that
``scipy.signal.resample_poly`` designs by default, and the long one of
``true_peak_reference``. The long one is asked only where the others, and what
lies so close to half the rate that they can't see it, leave a doubt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.core.types import Array, boolean, float32, float64, int64, void

from controlroom.dsp.oversampling import HALF_TAPS, KAISER_BETA, windowed_sinc
from controlroom.dsp.true_peak import REFERENCE_BETA, REFERENCE_HALF_TAPS

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

FACTOR = 32
"""Points per interval: what lies between them is at most 0.01 dB higher (BS.1770-5, Annex 2, attachment 1)."""

COMMON_HALF_TAPS = 10
COMMON_BETA = 5.0
"""The filter of ``scipy.signal.resample_poly`` has 10 taps on either side under this window."""

DIFFERENCES = 8
"""Order of the difference that tells how much lies near half the rate: |sin(π·f)|⁸, 0.9 at 0.45 of the rate."""

BRIGHT_BLOCKS = 64
"""Blocks whose differences are taken at once, so that the inner loops are long."""

BRIGHT_WEIGHT = 2.5
"""How far two interpolators may differ, in units of what lies near half the rate."""

BEND = np.float32(0.35)
"""A sine's rise above two samples that straddle its top is 1/(8·c·(1 + c)) of the sum of their second
differences, c = cos(π·f/rate): 0.06 far below half the rate, 0.31 at 0.4 of it. The rest is ``brightness``."""

RUN_BLOCKS = 16
"""Blocks side by side that are read in one go."""

MANY = 4
"""Where more than one interval in this many is in doubt, most are cleared by a coarse look first."""

SHORT_RISE, LONG_RISE = (0.42, 0.11), (0.34, 0.09)
"""How far a wave may rise above its values 1/2 and 1/4 of an interval apart, as a share of its greatest: by
Bernstein's inequality at most (π·b·d)²/2, d half the distance, b the band's edge over half the rate. That of the
shortest interpolator is 1.15, of the long one 1.01; the rest is for what leaks beyond it."""

MOST_OVER = 1.1
"""The greatest value is first taken to be this much above what is asked for."""

LANES = 32

_ROW = Array(float32, 1, "C", readonly=True)
_TABLE = Array(float32, 2, "C", readonly=True)
_BLOCKS = Array(int64, 1, "C", readonly=True)
_LEVELS = Array(float64, 1, "C", readonly=True)


@dataclass(frozen=True, slots=True, eq=False)
class CheckTables:
    """Taps by phases: ``near`` (40, 62) holds the two short interpolators, ``far`` (512, 31) the long one.

    ``near_quarters`` (4, 40) and ``far_quarters`` (2, 512) hold those of the fractions 1/4 and 3/4 by rows,
    ``halves`` (3, 256) one side of those of the fraction 1/2: of the long one, and of the short ones.
    """

    near: F32
    far: F32
    near_quarters: F32
    far_quarters: F32
    halves: F32


@lru_cache(maxsize=1)
def check_tables() -> CheckTables:
    """Return the three interpolators at FACTOR points per interval."""
    common = np.pad(_phases(COMMON_HALF_TAPS, COMMON_BETA), ((HALF_TAPS - COMMON_HALF_TAPS,) * 2, (0, 0)))
    near = np.concatenate([_phases(HALF_TAPS, KAISER_BETA), common], axis=1)
    far = _phases(REFERENCE_HALF_TAPS, REFERENCE_BETA)
    one, two, three = (FACTOR * quarter // 4 - 1 for quarter in (1, 2, 3))
    other = FACTOR - 1  # where the second short interpolator's phases begin
    halves = np.zeros((3, REFERENCE_HALF_TAPS))
    halves[0] = far[REFERENCE_HALF_TAPS - 1 :: -1, two]
    halves[1:, :HALF_TAPS] = near[HALF_TAPS - 1 :: -1, [two, other + two]].T
    near, far = (np.pad(table, ((0, 0), (0, -table.shape[1] % LANES))) for table in (near, far))
    tables = (near, far, near[:, [one, three, other + one, other + three]].T, far[:, [one, three]].T, halves)
    return CheckTables(*(np.ascontiguousarray(table, np.float32) for table in tables))


def _phases(half: int, beta: float) -> F64:
    """Return the taps of each fraction, shape (2·half, FACTOR − 1); a constant comes out as itself."""
    fractions = np.arange(1, FACTOR) / FACTOR
    taps = np.arange(1 - half, half + 1)[:, np.newaxis]
    weights = windowed_sinc(taps - fractions, float(half), beta)
    return np.asarray(weights / weights.sum(axis=0))


@njit(float32(float32[::1], int64, _TABLE, float32[::1]), cache=True)
def _interval(local: F32, first: int, table: F32, sums: F32) -> np.float32:
    """Return the greatest magnitude between ``local[first + half − 1]`` and the next sample."""
    phases = table.shape[1]
    sums[:] = 0.0
    for j in range(0, table.shape[0], 4):  # four at a time save trips to the cache, one after the other
        at = first + j
        x, y, z, u = local[at], local[at + 1], local[at + 2], local[at + 3]
        a, b, c, d = table[j], table[j + 1], table[j + 2], table[j + 3]
        for p in range(phases):
            sums[p] = sums[p] + x * a[p] + y * b[p] + z * c[p] + u * d[p]
    top = np.float32(0.0)
    for p in range(phases):
        top = max(top, abs(sums[p]))
    return top


@njit(float32(float32[::1], int64, _TABLE, float32[::1]), cache=True)
def _at_quarters(local: F32, first: int, table: F32, lanes: F32) -> np.float32:
    """Return the greatest magnitude of a few phases, a row of taps each, in the interval of ``_interval``."""
    top = np.float32(0.0)
    for p in range(table.shape[0]):
        weights = table[p]
        lanes[:] = 0.0
        for j in range(0, weights.shape[0], lanes.shape[0]):
            left, right = local[first + j : first + j + lanes.shape[0]], weights[j : j + lanes.shape[0]]
            for lane in range(lanes.shape[0]):  # running sums side by side: one alone would wait for itself
                lanes[lane] += left[lane] * right[lane]
        total = np.float32(0.0)
        for lane in range(lanes.shape[0]):
            total += lanes[lane]
        top = max(top, abs(total))
    return top


@njit(void(float32[::1], int64, _TABLE, float32[::1], float32[:, ::1]), cache=True)
def _middles(local: F32, first: int, halves: F32, total: F32, heights: F32) -> None:
    """Write the magnitudes half-way between ``local[first + i]`` and the next sample: of the short and the long.

    Taps are symmetrical there: ``halves`` holds one side of each interpolator's, the long one's first.
    """
    count = total.shape[0]
    heights[:] = 0.0
    for row in range(halves.shape[0]):
        w = halves[row]
        total[:] = 0.0
        for j in range(0, w.shape[0] if row == 0 else HALF_TAPS, 2):
            wa, wb = w[j], w[j + 1]
            a, b = local[first - j : first - j + count], local[first + 1 + j : first + 1 + j + count]
            c, d = local[first - j - 1 : first - j - 1 + count], local[first + 2 + j : first + 2 + j + count]
            for i in range(count):
                total[i] += wa * (a[i] + b[i]) + wb * (c[i] + d[i])
        found = heights[1 if row == 0 else 0]
        for i in range(count):
            found[i] = max(found[i], abs(total[i]))


@njit(boolean(float32[::1], int64, float64), cache=True)
def _doubtful(local: F32, at: int, doubt: float) -> bool:
    """Return whether the wave may pass ``doubt`` between two samples: their second differences tell how it bends."""
    a, b = local[at], local[at + 1]
    bend = abs(local[at - 1] - 2 * a + b) + abs(a - 2 * b + local[at + 2])
    return not max(abs(a), abs(b)) + BEND * bend < doubt


@njit(int64(_BLOCKS, int64), cache=True)
def _run_length(blocks: I64, index: int) -> int:
    """Return how many of the blocks from ``index`` on lie side by side, RUN_BLOCKS at most."""
    last = min(index + RUN_BLOCKS, blocks.shape[0]) - 1
    stop = index
    while stop < last and blocks[stop + 1] == blocks[stop] + 1:
        stop += 1
    return stop + 1 - index


@njit(void(_ROW, _ROW, int64, float32[::1]), cache=True)
def _product(row: F32, gain: F32, origin: int, local: F32) -> None:
    """Write ``row · gain`` from frame ``origin`` on, with silence beyond either end."""
    for i in range(local.shape[0]):
        n = origin + i
        local[i] = row[n] * gain[n] if 0 <= n < row.shape[0] else 0.0


@njit(int64(float32[::1], int64, int64, int64, _LEVELS), cache=True)
def _doubts(local: F32, first: int, count: int, width: int, doubt: F64) -> int:
    """Return how many of ``count`` intervals may pass the doubt of their block of ``width``."""
    doubts = 0
    for i in range(count):
        doubts += _doubtful(local, first + i, doubt[min(i // width, doubt.shape[0] - 1)])
    return doubts


@njit(
    float64(
        _ROW, _ROW, _BLOCKS, int64, _LEVELS, float64, float64,
        _TABLE, _TABLE, _TABLE, _TABLE, _TABLE, float64[::1],
    ),
    cache=True,
)  # fmt: skip
def _read(
    row: F32,
    gain: F32,
    blocks: I64,
    width: int,
    doubt: F64,
    floor: float,
    most: float,
    near: F32,
    far: F32,
    near_quarters: F32,
    far_quarters: F32,
    halves: F32,
    out: F64,
) -> float:
    """Write to ``out[k]`` the greatest magnitude of ``row · gain`` about each listed block; return the greatest of all.

    That of its samples and its intervals with both neighbours; the tails beyond
    the sound's ends belong to the end blocks. Above ``doubt[k]`` the long table is asked too.
    As long as nothing passes ``most``, intervals that can't pass ``floor``, nor be the greatest, are left out.
    """
    frames = row.shape[0]
    half, reach = near.shape[0] // 2, far.shape[0] // 2
    longest = RUN_BLOCKS * width + 2 * half
    local = np.empty(longest + 2 * reach, np.float32)
    short_sums, long_sums = np.empty(near.shape[1], np.float32), np.empty(far.shape[1], np.float32)
    totals, middles = np.empty(longest, np.float32), np.empty((2, longest), np.float32)
    lanes = np.empty(2 * half, np.float32)
    greatest = 0.0
    index = 0
    while index < blocks.shape[0]:
        first, count = blocks[index], _run_length(blocks, index)
        index += count
        start = first * width - (half if first == 0 else 1)
        end = min((first + count) * width, frames)
        end += half - 1 if end == frames else 0
        origin = start - reach + 1
        _product(row, gain, origin, local[: end - start + 2 * reach - 1])
        greatest = max(greatest, np.abs(local[reach - 1 : reach + end - start]).max())
        doubts = _doubts(local, reach - 1, end - start, width, doubt[first : first + count])
        screened = MANY * doubts > end - start
        if screened:
            _middles(local, reach - 1, halves, totals[: end - start], middles)
        for k in range(first, first + count):
            low = k * width - (half if k == 0 else 1)
            high = min((k + 1) * width, frames)
            high += half - 1 if high == frames else 0
            top = np.float32(0.0)
            for n in range(low, high):
                at = n - origin
                ends = max(abs(local[at]), abs(local[at + 1]))
                top = max(top, ends)
                if not _doubtful(local, at, doubt[k]):
                    continue
                if screened:
                    asked = min(floor, greatest)
                    short, long = max(ends, middles[0, n - start]), max(ends, middles[1, n - start])
                    if max(short + SHORT_RISE[0] * most, long + LONG_RISE[0] * most) < asked:
                        top = max(top, short, long)
                        continue
                    short = max(short, _at_quarters(local, at - half + 1, near_quarters, lanes[: 2 * half]))
                    long = max(long, _at_quarters(local, at - reach + 1, far_quarters, lanes[:LANES]))
                    if max(short + SHORT_RISE[1] * most, long + LONG_RISE[1] * most) < asked:
                        top = max(top, short, long)
                        continue
                height = _interval(local, at - half + 1, near, short_sums)
                if height > doubt[k]:
                    height = max(height, _interval(local, at - reach + 1, far, long_sums))
                top = max(top, height)
            out[k] = top
            greatest = max(greatest, top)
    return greatest


@njit(void(_ROW, int64, float64[::1]), cache=True)
def _brightness(row: F32, width: int, out: F64) -> None:
    """Write to ``out[k]`` the greatest eighth difference in block ``k``, scaled to 1 for full scale at half the rate."""
    frames = row.shape[0]
    chunk = BRIGHT_BLOCKS * width
    d = np.empty(chunk + DIFFERENCES, np.float32)
    for first in range(0, out.shape[0], BRIGHT_BLOCKS):
        start = first * width - DIFFERENCES // 2
        low, high = max(0, start), min(frames, start + d.shape[0])
        d[:] = 0.0
        for n in range(low, high):
            d[n - start] = row[n]
        for order in range(DIFFERENCES):
            for i in range(d.shape[0] - 1 - order):
                d[i] = np.float32(0.5) * (d[i + 1] - d[i])
        for k in range(first, min(first + BRIGHT_BLOCKS, out.shape[0])):
            top = np.float32(0.0)
            for i in range((k - first) * width, (k - first + 1) * width):
                top = max(top, abs(d[i]))
            out[k] = top


def brightness(row: F32, width: int) -> F64:
    """Return, per block of ``width`` frames, how much of a channel lies near half its rate (linear peak)."""
    out = np.zeros(-(-row.size // width))
    _brightness(row, width, out)
    return out


def read_blocks(row: F32, gain: F32, blocks: I64, width: int, doubt: F64, floor: float = math.inf) -> F64:
    """Return the greatest magnitude of ``row · gain`` about some blocks, at FACTOR points per interval.

    Parameters
    ----------
    row, gain : ndarray of float32, shape (frames,)
        A channel and its linear gain; their product is rounded to float32 as the output will be.
    blocks : ndarray of int64
        Ascending numbers of the blocks to read.
    width : int
        Frames per block.
    doubt : ndarray of float64, shape (all blocks,)
        Height above which the long interpolator is asked as well.
    floor : float
        Readings above it, and the greatest of all, are exact. One below both may be told too low.

    Returns
    -------
    ndarray of float64, shape (all blocks,)
        Linear; 0 for blocks that were not asked for.
    """
    tables = check_tables()
    out = np.zeros(doubt.size)
    most = 0.0
    greatest = floor if math.isfinite(floor) else float(np.abs(row * gain).max(initial=0.0))
    while greatest > most:  # what was left out by too low a guess is read again
        most = MOST_OVER * greatest
        greatest = _read(
            row, gain, blocks, width, doubt, floor, most,
            tables.near, tables.far, tables.near_quarters, tables.far_quarters, tables.halves, out,
        )  # fmt: skip
    return out
