"""The arc of a song: how its level moves, and whether its end decays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from controlroom.music.spectra import Doubles
from controlroom.music.spectra import Floats as Singles

ARC_POINTS = 64
LEVEL_WINDOW_S = 3.0
"""The short-term window of EBU Tech 3341."""
MUSIC_WITHIN_DB = 14.0
"""The arc starts and ends where the level comes and stays this near to its 90th percentile."""
EDGE_SHARE = 0.03
END_SHARE = 0.1
"""An intro's first chord and the ring-out say nothing of the arc."""
LEAST_ARC_S = 24.0
"""Three phrases of eight bars at a high tempo; shorter sounds have no arc to speak of."""
SOUNDING_DB = 25.0
EARLY = (0.02, 0.6)
LATE = (0.74, 0.93)
ALIKE_FRAMES = 10
LEAST_FRAMES = 12
CRESTS = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class DynamicArc:
    """How the level of a song moves.

    Attributes
    ----------
    times_s, level_db : float64 arrays, shape (ARC_POINTS,)
        Level of three seconds around each time, over the mean of all.
    spread_db : float
        95th less 10th percentile of the level.
    peak_at_share : float
        Where the highest point falls, 0 (start) to 1 (end).
    stock : str
        The stock arc that it follows most, see `STOCK_ARCS`.
    stock_share : float
        How much of the arc's variance that one explains, 0 to 1.
    """

    times_s: Doubles
    level_db: Doubles
    spread_db: float
    peak_at_share: float
    stock: str
    stock_share: float


def _stock_arcs() -> dict[str, Doubles]:
    at = np.linspace(0.0, 1.0, ARC_POINTS)
    shapes = {
        "rising": at,
        "falling": 1.0 - at,
        "arch": np.sin(np.pi * at),
        "build-and-drop": np.where(at < 0.75, at / 0.75, 0.2),
        "early-peak": np.where(at < 0.25, at / 0.25, 1.0 - (at - 0.25) / 0.75),
        "two-waves": np.sin(2 * np.pi * at - np.pi / 2),
    }
    return {name: _unit(shape) for name, shape in shapes.items()}


def _unit(shape: Doubles) -> Doubles:
    centred = shape - shape.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-12))


STOCK_ARCS: Mapping[str, Doubles] = _stock_arcs()
"""Textbook shapes of a song's energy, zero mean and unit length; made here, not measured of any corpus."""


def dynamic_arc(power: Doubles, block_s: float) -> DynamicArc | None:
    """Return the arc of a sound's level, or None when it is too short to have one.

    Parameters
    ----------
    power : float64 array, shape (blocks,)
        Mean square per block, at most 0.1 s each.
    block_s : float
        Length of a block.
    """
    width = max(1, round(LEVEL_WINDOW_S / block_s))
    if power.size * block_s < LEAST_ARC_S or float(power.max(initial=0.0)) <= 0.0:
        return None
    sums = np.cumsum(np.pad(power, (1, 0)))
    mean = (sums[width:] - sums[:-width]) / width
    level = 10.0 * np.log10(np.maximum(mean, 1e-12))
    loud = np.nonzero(level > np.quantile(level, 0.9) - MUSIC_WITHIN_DB)[0]
    count = int(loud[-1]) + 1 - int(loud[0])
    first, last = int(loud[0] + EDGE_SHARE * count), int(loud[0] + (1.0 - END_SHARE) * count)
    if (last - first) * block_s < LEAST_ARC_S / 2:
        return None
    level = level[first:last]
    places = np.linspace(0, level.size - 1, ARC_POINTS)
    curve = np.interp(places, np.arange(level.size), level)
    curve -= curve.mean()
    length = float(np.linalg.norm(curve))
    fits = {name: float(curve @ shape) / max(length, 1e-12) for name, shape in STOCK_ARCS.items()}
    stock = max(fits, key=lambda name: fits[name])
    low, high = np.quantile(level, [0.1, 0.95])
    return DynamicArc(
        times_s=(first + places + width / 2) * block_s,
        level_db=curve,
        spread_db=float(high - low),
        peak_at_share=float(np.argmax(curve) / (ARC_POINTS - 1)),
        stock=stock,
        stock_share=max(0.0, fits[stock]) ** 2,
    )


def late_highs_loss_db(bands: Singles, hz: Doubles, times_s: Doubles, duration_s: float) -> float:
    """Return how much highs the late part of a song has lost, in decibels; negative when it has more.

    Like is compared with like: each frame from 74 to 93 % of the song is
    matched with the ten frames of the first 60 % whose bands from 50 Hz to
    2.5 kHz are nearest. The 90th percentile of 8 to 16 kHz of those less that
    of the late frames is the loss: what hats and consonants reach where the
    same is played. The last 7 % (ring-out) is left out.

    Parameters
    ----------
    bands : array, shape (frames, bands)
        Power in third-octave bands.
    hz : float64 array, shape (bands,)
    times_s : float64 array, shape (frames,)
    duration_s : float
        Of the whole sound; below `LEAST_ARC_S` the result is 0.
    """
    if duration_s < LEAST_ARC_S:
        return 0.0
    total = bands.sum(axis=1)
    sounding = total > np.quantile(total, 0.9) * 10 ** (-SOUNDING_DB / 10)
    early = sounding & (times_s > EARLY[0] * duration_s) & (times_s < EARLY[1] * duration_s)
    late = sounding & (times_s > LATE[0] * duration_s) & (times_s < LATE[1] * duration_s)
    highs = bands[:, (hz >= 8000.0) & (hz <= 16000.0)].sum(axis=1, dtype=np.float64)
    if min(np.count_nonzero(early), np.count_nonzero(late)) < LEAST_FRAMES or highs.max(initial=0.0) <= 0.0:
        return 0.0
    body = bands[:, (hz >= 50.0) & (hz <= 2500.0)].astype(np.float64)
    levels = 10.0 * np.log10(body + 1e-9 * float(total.max()))
    near = _nearest(levels[late], levels[early], ALIKE_FRAMES)
    before, after = np.log10(highs[early] + 1e-14), np.log10(highs[late] + 1e-14)
    return 10.0 * float(np.quantile(before[near], CRESTS) - np.quantile(after, CRESTS))


def _nearest(rows: Doubles, among: Doubles, count: int) -> np.ndarray:
    """Return the nearest ``count`` of some rows to each row, shape (rows, count)."""
    distance = np.sum(among**2, axis=1)[None, :] - 2.0 * rows @ among.T
    return np.argpartition(distance, count, axis=1)[:, :count]
