"""Repetition to the sample: bars that are copies, which no performance repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from controlroom.music.spectra import Doubles, Floats

REACH_S = 0.06
"""Bar lines are found to about this; a copy may lie so far from where the grid expects it."""
CANDIDATES = 3
FINGERPRINT_BANDS = 96
FINER = 4
"""Correlations are interpolated to a quarter of a sample."""
NOTHING_LIKE_DB = 0.0
SILENCE = 1e-6
"""Share of the loudest bar's energy below which a bar is silent, and like no other."""
LEAST_BAR_S = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """How like another bar each bar is.

    Attributes
    ----------
    residual_db : float64 array, shape (bars,)
        Energy of what is left when the most alike bar, shifted and scaled to
        fit, is subtracted, over the bar's own; 0 is nothing alike, −30 and
        below is a copy to the ear and to the eye.
    most_alike : int array, shape (bars,)
        That other bar's number; −1 where there is none.
    """

    residual_db: Doubles
    most_alike: np.ndarray

    def copied_share(self, below_db: float) -> float:
        """Return the share of bars that are copies: with a residual under ``below_db``."""
        return float(np.mean(self.residual_db < below_db)) if self.residual_db.size else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _BarSpectra:
    """Each bar cut wide and narrow, transformed once."""

    wide: np.ndarray
    narrow: np.ndarray
    wide_samples: Doubles
    energy: Doubles
    length: int
    reach: int
    size: int


def bar_likeness(mono: Floats, rate_hz: float, bar_lines_s: Doubles) -> Likeness:
    """Return how much each bar is a copy of another one.

    Bars whose spectra lie nearest are compared wave by wave: the best
    normalised correlation ρ within ±60 ms leaves 1 − ρ² of the energy.

    Parameters
    ----------
    mono : float32 array, shape (frames,)
        The sound at a few kilohertz; higher frequencies only cost time.
    rate_hz : float
        Its rate.
    bar_lines_s : float64 array, shape (bars + 1,)
        Start of each bar and end of the last, rising.

    Returns
    -------
    Likeness
        Empty with fewer than two bars, or with bars shorter than 0.6 s.
    """
    spectra = _cut(mono, rate_hz, bar_lines_s)
    if spectra is None:
        return Likeness(np.zeros(0), np.zeros(0, dtype=np.int64))
    near = _nearest(spectra)
    count = near.shape[0]
    residual = np.full(count, NOTHING_LIKE_DB)
    alike = np.full(count, -1, dtype=np.int64)
    floor = SILENCE * float(spectra.energy.max(initial=0.0))
    for bar in range(count):
        if spectra.energy[bar] <= floor or spectra.energy[bar] <= 0.0:
            continue
        left = 1.0 - _best_match(spectra, bar, near[bar]) ** 2
        pick = int(np.argmin(left))
        residual[bar] = 10.0 * np.log10(max(float(left[pick]), 1e-6))
        alike[bar] = near[bar, pick]
    return Likeness(residual, alike)


def _cut(mono: Floats, rate_hz: float, bar_lines_s: Doubles) -> _BarSpectra | None:
    if bar_lines_s.size < 3:
        return None
    bar_s = float(np.median(np.diff(bar_lines_s)))
    reach = round(REACH_S * rate_hz)
    length = round(bar_s * rate_hz) - 2 * reach
    if bar_s < LEAST_BAR_S:
        return None
    starts = np.round(bar_lines_s[:-1] * rate_hz).astype(np.int64)
    starts = starts[starts + length + 2 * reach <= mono.size]
    if starts.size < 2:
        return None
    wide = mono[starts[:, None] + np.arange(length + 2 * reach)].astype(np.float64)
    narrow = wide[:, reach : reach + length]
    size = fft.next_fast_len(length + 2 * reach, real=True)
    return _BarSpectra(
        fft.rfft(wide, size, axis=1),
        fft.rfft(narrow, size, axis=1),
        wide,
        np.einsum("bf,bf->b", narrow, narrow),
        length,
        reach,
        size,
    )


def _nearest(spectra: _BarSpectra) -> np.ndarray:
    """Return the bars with the most similar log band powers, shape (bars, candidates).

    A copy's power spectrum is the original's wherever the grid put the bar lines.
    """
    power = np.abs(spectra.wide) ** 2
    edges = np.unique(np.geomspace(4, power.shape[1] - 1, FINGERPRINT_BANDS).astype(np.int64))
    prints = np.log(np.add.reduceat(power, edges, axis=1) + 1e-12)
    squares = np.sum(prints**2, axis=1)
    distance = squares[:, None] + squares[None, :] - 2.0 * prints @ prints.T
    np.fill_diagonal(distance, np.inf)
    wanted = min(CANDIDATES, distance.shape[0] - 1)
    return np.argsort(distance, axis=1)[:, :wanted]


def _best_match(spectra: _BarSpectra, bar: int, others: np.ndarray) -> Doubles:
    """Return the greatest normalised correlation of a bar with each of some others, shape (others,)."""
    cross = spectra.wide[others] * np.conj(spectra.narrow[bar])
    fine = FINER * fft.irfft(cross, FINER * spectra.size, axis=1)[:, : FINER * 2 * spectra.reach + 1]
    squares = np.cumsum(np.pad(spectra.wide_samples[others] ** 2, ((0, 0), (1, 0))), axis=1)
    energy = squares[:, spectra.length :] - squares[:, : 2 * spectra.reach + 1]
    places = np.arange(fine.shape[1]) / FINER
    steps = np.arange(energy.shape[1])
    scale = np.stack([np.interp(places, steps, row) for row in energy])
    normal = fine / np.sqrt(np.maximum(scale * spectra.energy[bar], 1e-30))
    return np.asarray(np.clip(normal.max(axis=1), 0.0, 1.0))
