"""From peaks to a gain reduction that is deep enough, early enough and smooth.

Everything here runs on *nodes*: one value per block of a quarter of a
millisecond, so that a whole song is under a million numbers and a plan may try
ten levels in the time of one. Reductions are positive dB.

Two stages share the work. What lasts (after gaps shorter than a bass period are
bridged, and what is shorter than ``sustain_ms`` is left out) is followed slowly
on both sides. What then still stands out is taken by short symmetric bells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.core.types import Array, float32, float64, int64, void

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

NODE_S = 0.00025
"""Length of a block: the quadratic spline through the nodes puts its images, 4 kHz apart, 100 dB down."""

BOXES = 3
"""Moving averages in a cascade: a bell of finite length whose second derivative is continuous but for steps."""

COARSE = 4
"""Nodes of the slow stage are this many nodes apart: 1 ms."""

ZERO_DB = 1e-7
"""Reductions under this are rounding of the running sums, and are none."""

_IN = Array(float64, 1, "C", readonly=True)


@dataclass(frozen=True, slots=True)
class CurveTimes:
    """Times of the two stages, in milliseconds; see ``LimiterSettings`` for their meaning."""

    look_ahead_ms: float
    release_ms: float
    bridge_ms: float
    sustain_ms: float
    sustain_bridge_ms: float
    sustain_attack_ms: float
    sustain_release_ms: float


def node_frames(rate_hz: int) -> int:
    """Return how many frames a node stands for at ``rate_hz``."""
    return max(1, round(rate_hz * NODE_S))


@njit(void(_IN, int64, int64, float64[::1]), cache=True)
def _slide(values: F64, before: int, after: int, out: F64) -> None:
    """Write the greatest of ``values[i − before : i + after + 1]``; a queue of falling candidates, O(1) each."""
    n = values.shape[0]
    queue = np.empty(n, np.int64)
    head = tail = 0
    for i in range(n + after):
        if i < n:
            while tail > head and values[queue[tail - 1]] <= values[i]:
                tail -= 1
            queue[tail] = i
            tail += 1
        at = i - after
        if 0 <= at < n:
            while queue[head] < at - before:
                head += 1
            out[at] = values[queue[head]]


@njit(void(_IN, float64, float64[::1]), cache=True)
def _let_go(values: F64, coefficient: float, out: F64) -> None:
    """Write an envelope that rises at once and falls by ``coefficient`` per node."""
    held = 0.0
    for i in range(values.shape[0]):
        held = max(values[i], held * coefficient)
        out[i] = held


@njit(void(_IN, int64, float32[::1]), cache=True)
def _spline(nodes: F64, width: int, out: F32) -> None:
    """Write a quadratic B-spline through linear gains at the blocks' centres.

    Each value is a convex mixture of three nodes, so it is nowhere above the
    greatest of them; where all three are the same it is that, exactly.
    """
    count = nodes.shape[0]
    for k in range(count):
        a, b, c = nodes[max(k - 1, 0)], nodes[k], nodes[min(k + 1, count - 1)]
        start, stop = k * width, min((k + 1) * width, out.shape[0])
        if a == b == c:
            for i in range(start, stop):
                out[i] = b
        else:
            for i in range(start, stop):
                t = (i - start + 0.5) / width
                wa, wc = 0.5 * (1 - t) * (1 - t), 0.5 * t * t
                out[i] = wa * a + (1 - wa - wc) * b + wc * c


def sliding_max(values: F64, before: int, after: int) -> F64:
    """Return the greatest of ``values[i − before : i + after + 1]`` for each ``i``."""
    out = np.empty_like(values)
    _slide(values, before, after, out)
    return out


def bridged(values: F64, width: int) -> F64:
    """Return the closing by a flat element of ``width`` nodes: narrower gaps are filled to their lower side."""
    padded = np.pad(values, width)
    half = width // 2
    widened = sliding_max(padded, half, width - half)
    return -sliding_max(-widened, width - half, half)[width : width + values.size]


def lasting(values: F64, width: int) -> F64:
    """Return the opening by a flat element of ``width`` nodes: what is shorter is left out."""
    padded = np.pad(values, width)
    half = width // 2
    narrowed = -sliding_max(-padded, half, width - half)
    return sliding_max(narrowed, width - half, half)[width : width + values.size]


def bell_reach(width: int) -> int:
    """Return how many nodes the bell of ``smoothed`` reaches to either side."""
    return BOXES * _box_half(width)


def smoothed(values: F64, width: int) -> F64:
    """Return the values under a cascade of moving averages, ``width`` nodes long in all, centred."""
    half = _box_half(width)
    if half == 0:
        return values
    box = 2 * half + 1
    out = np.pad(values, BOXES * half, mode="edge")
    for _ in range(BOXES):
        total = np.empty(out.size + 1)
        total[0] = 0.0
        np.cumsum(out, out=total[1:])
        out = total[box:] - total[:-box]
        out /= box
    return out


def _box_half(width: int) -> int:
    return max(0, round((width / BOXES - 1) / 2))


def reduction_nodes(need_db: F64, node_ms: float, times: CurveTimes) -> F64:
    """Return the reduction at each node that covers every block's need.

    Parameters
    ----------
    need_db : ndarray of float64, shape (nodes,)
        Reduction without which the block's peak passes the ceiling; ≥ 0.
    node_ms : float
        Distance of nodes in milliseconds.
    times : CurveTimes
        Times of both stages.

    Returns
    -------
    ndarray of float64, shape (nodes,)
        At least ``need_db`` at the block's own node and at both neighbours
        (to the rounding of float64), 0 where nothing near needs any.
    """
    if not need_db.any():
        return np.zeros_like(need_db)
    slow = sustained(need_db, node_ms, times)
    need = bridged(need_db, _count(times.bridge_ms, node_ms)) if times.bridge_ms > 0 else need_db
    # the spline mixes three nodes: the peaks' stage must make up for the least of them
    least = slow.copy()
    np.minimum(least[1:], slow[:-1], out=least[1:])
    np.minimum(least[:-1], slow[1:], out=least[:-1])
    peaks = np.maximum(need - least, 0.0)
    width = _count(times.look_ahead_ms, node_ms)
    reach = bell_reach(width) + 1
    peaks = sliding_max(peaks, reach, reach)
    peaks = released(peaks, node_ms, times.release_ms)
    total = slow + smoothed(peaks, width)
    total[total < ZERO_DB] = 0.0
    return total


def sustained(need_db: F64, node_ms: float, times: CurveTimes) -> F64:
    """Return the slow stage's reduction: what is needed for longer than ``sustain_ms``, gaps bridged.

    Worked out on every fourth node, since nothing in it is quicker than milliseconds.
    """
    if times.sustain_ms <= 0:
        return np.zeros_like(need_db)
    coarse_ms = COARSE * node_ms
    padded = np.pad(need_db, (0, -need_db.size % COARSE))
    coarse = padded.reshape(-1, COARSE).max(axis=1)
    level = lasting(
        bridged(coarse, _count(times.sustain_bridge_ms, coarse_ms)), _count(times.sustain_ms, coarse_ms)
    )
    if not level.any():
        return np.zeros_like(need_db)
    level = released(level, coarse_ms, times.sustain_release_ms)
    level = smoothed(level, _count(times.sustain_attack_ms, coarse_ms))
    return np.interp(np.arange(need_db.size), COARSE * np.arange(level.size) + (COARSE - 1) / 2, level)


def _count(ms: float, node_ms: float) -> int:
    return max(1, round(ms / node_ms))


def released(values: F64, node_ms: float, time_ms: float) -> F64:
    """Return the values let go exponentially; at once for a time of 0."""
    if time_ms <= 0:
        return values
    out = np.empty_like(values)
    _let_go(values, math.exp(-node_ms / time_ms), out)
    return out


def spline_gain(nodes_db: F64, width: int, frames: int, gain: float = 1.0) -> F32:
    """Return the linear gain of each frame from reductions at nodes ``width`` frames apart, times ``gain``."""
    out = np.empty(frames, dtype=np.float32)
    _spline(gain * 10 ** (-nodes_db / 20), width, out)
    return out
