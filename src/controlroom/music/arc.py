"""The arc of a song: how its level moves, whether its end decays, how its sections differ on the surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

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
LEVEL_RANGE_DB = 12.0
BRIGHTNESS_RANGE_DB = 12.0
CUE_WEIGHTS = (0.5, 0.25, 0.25)
"""Ranges that stand for all of a surface cue: sections rarely differ by more."""
ONSET_FLOOR_DB = 8.0
"""Under the 90th percentile of the level: hits that are lost below it do not count, so a quiet part is not busy."""
ONSET_RISE_DB = 3.0
ONSET_GAP_BLOCKS = 7


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


def _decibels(power: float | np.floating) -> float:
    return float(10.0 * np.log10(max(float(power), 1e-14)))


def onset_times_s(power: Doubles, block_s: float) -> Doubles:
    """Return when the sound rises at once by 3 dB and more: drum hits, chords, syllables.

    Parameters
    ----------
    power : float64 array, shape (blocks,)
        Mean square per block of about 10 ms.
    block_s : float
    """
    if power.size < 4:
        return np.zeros(0)
    floor = max(float(np.quantile(power, 0.9)) * 10 ** (-ONSET_FLOOR_DB / 10), 1e-14)
    level = 10.0 * np.log10(power + floor)
    rise = np.zeros(power.size)
    rise[2:] = level[2:] - np.minimum(level[1:-1], level[:-2])
    peak = rise >= ONSET_RISE_DB
    for shift in range(1, ONSET_GAP_BLOCKS + 1):
        peak[shift:] &= rise[shift:] >= rise[:-shift]
        peak[:-shift] &= rise[:-shift] > rise[shift:]
    return np.asarray(np.nonzero(peak)[0] * block_s, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SurfaceCues:
    """What can be measured on the surface of one section; what it makes anyone feel is not in it.

    Attributes
    ----------
    level_db : float
        Over the loudest section, ≤ 0.
    onsets_per_s : float
    brightness_db : float
        Level of 2.5 to 16 kHz over the brightest section's, ≤ 0.
    energy : float
        0 to 1: the level's half, the others' quarter each; see `section_cues`.
    """

    level_db: float
    onsets_per_s: float
    brightness_db: float
    energy: float


def section_cues(
    edges_s: Doubles, onsets_s: Doubles, bands: Singles, hz: Doubles, times_s: Doubles
) -> list[SurfaceCues]:
    """Return the surface cues of each section.

    Energy is half the level (over 12 dB below the loudest section), a quarter
    the onset rate (over the busiest section's), a quarter the brightness (over
    12 dB below the brightest section). The weights are a choice: they follow
    the arranger's energies of lab/songs best among round ones.

    Parameters
    ----------
    edges_s : float64 array, shape (sections + 1,)
    onsets_s : float64 array
        From `onset_times_s`.
    bands, hz, times_s
        As for `late_highs_loss_db`.
    """
    high = (hz >= 2500.0) & (hz <= 16000.0)
    level, rate, bright = [], [], []
    for start, end in pairwise(edges_s):
        inside = bands[(times_s >= start) & (times_s < end)]
        power = inside.mean(axis=0, dtype=np.float64) if inside.shape[0] else np.zeros(bands.shape[1])
        level.append(_decibels(power.sum()))
        bright.append(_decibels(power[high].sum()))
        hits = np.count_nonzero((onsets_s >= start) & (onsets_s < end))
        rate.append(hits / max(float(end - start), 1e-3))
    loudest, busiest, brightest = max(level), max([*rate, 1e-9]), max(bright)
    cues = []
    for own, hits_per_s, highs in zip(level, rate, bright, strict=True):
        parts = (
            1.0 + (own - loudest) / LEVEL_RANGE_DB,
            hits_per_s / busiest,
            1.0 + (highs - brightest) / BRIGHTNESS_RANGE_DB,
        )
        energy = float(np.dot(np.clip(parts, 0.0, 1.0), CUE_WEIGHTS))
        cues.append(SurfaceCues(own - loudest, hits_per_s, highs - brightest, energy))
    return cues


def curve_agreement(measured: Doubles, at_share: Doubles, intended: Doubles, ends_share: Doubles) -> float:
    """Return the Pearson correlation of two energy curves, −1 to 1; 0 where one of them is constant.

    Both are read at 64 places of the song as steps, so that the number of
    sections need not be the same.

    Parameters
    ----------
    measured, intended : float64 arrays
        Energy per section.
    at_share, ends_share : float64 arrays
        Where each of their sections ends, as a share of the song, rising to 1.
    """
    places = (np.arange(ARC_POINTS) + 0.5) / ARC_POINTS
    one = measured[np.minimum(np.searchsorted(at_share, places), measured.size - 1)]
    two = intended[np.minimum(np.searchsorted(ends_share, places), intended.size - 1)]
    one, two = one - one.mean(), two - two.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length > 1e-9 else 0.0
