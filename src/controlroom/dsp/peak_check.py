"""Peaks read at 32 points per interval, only where they may matter: what a limiter's promise is checked with.

Three interpolators read each interval, since a ceiling must hold on any meter:
the house's own (``dsp.oversampling``), the short one that
``scipy.signal.resample_poly`` designs by default, and the long one of
``true_peak_reference``. The long one is asked only where the others, and what
lies so close to half the rate that they can't see it, leave a doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.core.types import Array, float32, float64, int64, void

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

_ROW = Array(float32, 1, "C", readonly=True)
_TABLE = Array(float32, 2, "C", readonly=True)
_BLOCKS = Array(int64, 1, "C", readonly=True)
_LEVELS = Array(float64, 1, "C", readonly=True)


@dataclass(frozen=True, slots=True, eq=False)
class CheckTables:
    """Taps by phases: ``near`` (40, 62) holds the two short interpolators, ``far`` (512, 31) the long one."""

    near: F32
    far: F32


@lru_cache(maxsize=1)
def check_tables() -> CheckTables:
    """Return the three interpolators at FACTOR points per interval."""
    common = np.pad(_phases(COMMON_HALF_TAPS, COMMON_BETA), ((HALF_TAPS - COMMON_HALF_TAPS,) * 2, (0, 0)))
    near = np.concatenate([_phases(HALF_TAPS, KAISER_BETA), common], axis=1)
    far = _phases(REFERENCE_HALF_TAPS, REFERENCE_BETA)
    return CheckTables(np.ascontiguousarray(near, np.float32), np.ascontiguousarray(far, np.float32))


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
    for j in range(table.shape[0]):
        sample = local[first + j]
        weights = table[j]
        for p in range(phases):
            sums[p] += sample * weights[p]
    top = np.float32(0.0)
    for p in range(phases):
        top = max(top, abs(sums[p]))
    return top


@njit(
    void(_ROW, _ROW, _BLOCKS, int64, _LEVELS, _TABLE, _TABLE, float64[::1]),
    cache=True,
)
def _read(row: F32, gain: F32, blocks: I64, width: int, doubt: F64, near: F32, far: F32, out: F64) -> None:
    """Write to ``out[k]`` the greatest magnitude of ``row · gain`` about each listed block.

    That of its samples and its intervals with both neighbours; the tails beyond
    the sound's ends belong to the end blocks. Above ``doubt[k]`` the long table is asked too.
    """
    frames = row.shape[0]
    half, reach = near.shape[0] // 2, far.shape[0] // 2
    local = np.empty(width + 2 * reach + 2 * half + 1, np.float32)
    short_sums, long_sums = np.empty(near.shape[1], np.float32), np.empty(far.shape[1], np.float32)
    for k in blocks:
        start = k * width - (half if k == 0 else 1)
        stop = min((k + 1) * width, frames)
        stop += half - 1 if stop == frames else 0
        origin = start - reach + 1
        for i in range(stop - start + 2 * reach - 1):
            n = origin + i
            local[i] = row[n] * gain[n] if 0 <= n < frames else 0.0
        top = np.float32(0.0)
        for n in range(start, stop):
            at = n - origin
            a, b = local[at], local[at + 1]
            ends = max(abs(a), abs(b))
            top = max(top, ends)
            # how far the wave can bend between the two: its second differences tell
            bend = abs(local[at - 1] - 2 * a + b) + abs(a - 2 * b + local[at + 2])
            if ends + BEND * bend < doubt[k]:
                continue
            height = _interval(local, at - half + 1, near, short_sums)
            if height > doubt[k]:
                height = max(height, _interval(local, at - reach + 1, far, long_sums))
            top = max(top, height)
        out[k] = top


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


def read_blocks(row: F32, gain: F32, blocks: I64, width: int, doubt: F64) -> F64:
    """Return the greatest magnitude of ``row · gain`` about some blocks, at FACTOR points per interval.

    Parameters
    ----------
    row, gain : ndarray of float32, shape (frames,)
        A channel and its linear gain; their product is rounded to float32 as the output will be.
    blocks : ndarray of int64
        Numbers of the blocks to read.
    width : int
        Frames per block.
    doubt : ndarray of float64, shape (all blocks,)
        Height above which the long interpolator is asked as well.

    Returns
    -------
    ndarray of float64, shape (all blocks,)
        Linear; 0 for blocks that were not asked for.
    """
    tables = check_tables()
    out = np.zeros(doubt.size)
    _read(row, gain, blocks, width, doubt, tables.near, tables.far, out)
    return out
