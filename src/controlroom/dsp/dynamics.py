"""Dynamics over a song: how dense it is, and whether the same passage keeps its level.

All figures are differences of levels, so gain does not move them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.levels import Envelope
from controlroom.dsp.spectrum import BandSpectra, decibels

Places = npt.NDArray[np.int64]

DENSITY_WINDOW_S = 3.0
LOUD_WITHIN_DB = 8.0
PASSAGE_S = 2.5
PASSAGE_STEP_FRAMES = 4
ALIKE_DB = 1.8
ALIKE_BANDS = 0.8
"""Two passages are the same music when one gain explains four fifths of their bands to within this."""
FADED_DB = 3.0
SHARE = 0.92
DOUBTED_ERRORS = 0.5
"""Of the pairs: a section that is louder than its like is in few of them, where much else repeats."""
LEAST_PAIRS = 8


@dataclass(frozen=True, slots=True)
class LevelChange:
    """How far the level of the same music differs between its places in a song.

    ``step_db`` is the 92nd percentile over all pairs of like passages, less half
    a standard error of that share, 0 or more: few pairs prove less. The span is
    the shorter side of the song's most typical such pair.
    """

    step_db: float
    start_s: float
    end_s: float
    pairs: int


def density_db(sound: Envelope) -> float:
    """Return the crest of the loud passages: median over 3 s windows of peak over RMS, in dB.

    Windows within 8 dB of the loudest count; peaks are samples of the louder
    channel, powers the mean over channels. A square wave reads 0, a sine 3,
    Gaussian noise about 13. Silence reads 0.
    """
    per = max(1, round(DENSITY_WINDOW_S * sound.rate_hz / sound.block_frames))
    power, peak = sound.power.mean(axis=0), sound.peak.max(axis=0, initial=0.0)
    whole = max(1, power.size // per)
    if power.size == 0:
        return 0.0
    per = min(per, power.size)
    mean = power[: whole * per].reshape(whole, per).mean(axis=1)
    top = peak[: whole * per].reshape(whole, per).max(axis=1)
    loud = (decibels(mean) > decibels(mean).max() - LOUD_WITHIN_DB) & (mean > 1e-12)
    return float(np.median(decibels(top[loud] ** 2) - decibels(mean[loud]))) if np.any(loud) else 0.0


def level_change(spectra: BandSpectra) -> LevelChange:
    """Return how far the same music differs in level from one place to another.

    Passages of 2.5 s, 0.75 s apart and at their best to a quarter of that, are
    compared pair by pair in bands of two thirds of an octave, 80 Hz to 10 kHz, wide enough that another chord moves
    little: where one gain explains the difference (four fifths of the bands lie
    within 1.8 dB of it), they are the same music.
    A change of arrangement moves some bands and not others and does not count.

    Returns
    -------
    LevelChange
        Of no pairs and 0 dB where nothing repeats. The ends are left out from
        where the level stays 3 dB under its median: songs fade.
    """
    nothing = LevelChange(0.0, 0.0, 0.0, 0)
    bands = spectra.between(80.0, 10000.0)
    thirds = (spectra.mid[:, bands] + spectra.side[:, bands]).astype(np.float64)
    even = thirds.shape[1] // 2 * 2
    power = thirds[:, 0:even:2] + thirds[:, 1:even:2]
    hop_s = spectra.hop_frames / spectra.rate_hz
    width = max(1, round(PASSAGE_S / hop_s))
    sums = np.concatenate([np.zeros((1, power.shape[1])), power.cumsum(axis=0)])
    starts = np.arange(0, power.shape[0] - width + 1)
    if starts.size <= PASSAGE_STEP_FRAMES or not power.any():
        return nothing
    levels = decibels(np.maximum(sums[starts + width] - sums[starts], 0.0) / width).astype(np.float32)
    middle = np.median(levels[::PASSAGE_STEP_FRAMES], axis=1)
    inside = np.flatnonzero(middle >= np.median(middle) - FADED_DB)
    begin, end = inside[0] * PASSAGE_STEP_FRAMES, inside[-1] * PASSAGE_STEP_FRAMES
    like = _like_pairs(levels[begin : end + 1], -(-width // PASSAGE_STEP_FRAMES))
    if like.gain_db.size < LEAST_PAIRS:
        return nothing
    sizes = np.abs(like.gain_db)
    doubt = DOUBTED_ERRORS * np.sqrt(SHARE * (1.0 - SHARE) / sizes.size)
    count = (end - begin) // PASSAGE_STEP_FRAMES + 1
    span = begin + PASSAGE_STEP_FRAMES * _odd_one_out(like, count)
    return LevelChange(
        float(np.quantile(sizes, SHARE - doubt)),
        float(span[0]) * hop_s,
        float(span[1] + width) * hop_s,
        int(sizes.size),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of like passages, by their places in steps, and how much louder the second is; shapes (pairs,)."""

    first: Places
    second: Places
    gain_db: npt.NDArray[np.float32]


def _like_pairs(levels: npt.NDArray[np.float32], least_apart: int) -> _Pairs:
    """Return the pairs that one gain explains.

    The first passages lie a step apart. Each second one is looked for in the
    frames of its step: music that repeats does so by its bars, not by our steps.
    """
    count = (levels.shape[0] - 1) // PASSAGE_STEP_FRAMES + 1
    first, second = np.triu_indices(count, max(1, least_apart))
    gain = np.zeros(first.size, dtype=np.float32)
    spread = np.full(first.size, np.inf, dtype=np.float32)
    for shift in range(-(PASSAGE_STEP_FRAMES // 2), PASSAGE_STEP_FRAMES // 2):
        at = np.minimum(second * PASSAGE_STEP_FRAMES + shift, levels.shape[0] - 1)
        moved = levels[at] - levels[first * PASSAGE_STEP_FRAMES]
        own = np.median(moved, axis=1)
        away = np.quantile(np.abs(moved - own[:, None]), ALIKE_BANDS, axis=1)
        nearer = away < spread
        gain[nearer], spread[nearer] = own[nearer], away[nearer]
    alike = spread < ALIKE_DB
    return _Pairs(first[alike], second[alike], gain[alike])


def _odd_one_out(like: _Pairs, count: int) -> Places:
    """Return first and last passage of the longest run whose level is furthest from its like elsewhere."""
    sums = np.bincount(like.second, like.gain_db, count) - np.bincount(like.first, like.gain_db, count)
    pairs = np.bincount(like.second, minlength=count) + np.bincount(like.first, minlength=count)
    away = np.abs(sums / np.maximum(pairs, 1))
    over = away >= 0.7 * away.max()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], over, [False]]).astype(np.int8)))
    runs = edges.reshape(-1, 2)
    longest = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))]
    return np.asarray([longest[0], longest[1] - 1], dtype=np.int64)
