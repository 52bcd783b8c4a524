"""A few broad bands: their summed curve, and the fit of such bands to a corridor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from controlroom.dsp.filters import bell_db, shelf_db
from controlroom.dsp.spectrum import Floats

BandType = Literal["bell", "low-shelf", "high-shelf"]

SUM_GRID_HZ: Floats = np.geomspace(20.0, 20000.0, 121)
"""Where the summed curve is held within its limit: every twelfth of an octave."""

_GAIN_STEP_DB = 0.5
_BELL_Q = (0.5, 0.7, 1.0, 1.4)
_SHELF_Q = 0.7
_LOW_SHELF_HZ = (63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0)
_HIGH_SHELF_HZ = (1600.0, 2000.0, 2500.0, 3150.0, 4000.0, 5000.0, 6300.0, 8000.0, 10000.0)
_HARM_WEIGHT = 10.0
_HARM_DB = 0.25
_MOVE_WEIGHT = 0.02
_BEND_WEIGHT = 0.1
_WORTH = 0.1
_SWEEPS = 2
_ROUNDING_DB = 1e-9


@dataclass(frozen=True, slots=True)
class EqBand:
    """One band of an equaliser: type, frequency in hertz, gain in dB, and Q."""

    kind: BandType
    freq_hz: float
    gain_db: float
    q: float

    def curve_db(self, freq_hz: Floats) -> Floats:
        """Return the gain of this band at ``freq_hz``, in dB."""
        if self.kind == "bell":
            return bell_db(freq_hz, self.freq_hz, self.gain_db, self.q)
        return shelf_db(freq_hz, self.freq_hz, self.gain_db, self.q, high=self.kind == "high-shelf")


@dataclass(frozen=True, slots=True)
class EqLimits:
    """What a fitted equaliser may do: number of bands, narrowest Q, summed and least gain in dB."""

    max_bands: int
    max_q: float
    max_sum_db: float
    min_gain_db: float


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What bands are fitted to, all shaped (bands,): residuals, and the corridor around zero."""

    freq_hz: Floats
    residual_db: Floats
    low_db: Floats
    high_db: Floats

    @property
    def outside_db(self) -> Floats:
        """How far each residual lies outside the corridor."""
        return self._outside(self.residual_db)

    def cost(self, curves_db: Floats) -> Floats:
        """Return what curves are worth, smaller is better: shape (..., bands) to (...).

        The squares of what stays outside; ten times the squares of what a curve
        pushes outside or further out; a little for every decibel moved, so that
        what lies inside is left alone unless it must move along; and something
        for every step between neighbouring bands, so that a broad stroke is
        taken where it does, and bands do not pull against each other. The level
        is fitted anew for each curve, as the measurement will. A curve that
        pushes any band outside by more than a quarter of a decibel costs infinitely much.
        """
        moved = self.residual_db + curves_db
        moved -= np.median(moved, axis=-1, keepdims=True)
        after = np.abs(self._outside(moved))
        worse = np.maximum(0.0, after - np.abs(self.outside_db))
        total = after**2 + _HARM_WEIGHT * worse**2 + _MOVE_WEIGHT * curves_db**2
        bend = np.sum(np.diff(curves_db, axis=-1) ** 2, axis=-1)
        cost = total.sum(axis=-1) + _BEND_WEIGHT * bend
        return np.asarray(np.where(worse.max(axis=-1) > _HARM_DB, np.inf, cost))

    def _outside(self, residual_db: Floats) -> Floats:
        return np.asarray(residual_db - np.clip(residual_db, self.low_db, self.high_db))


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    bands: tuple[EqBand, ...]
    at_target: Floats
    at_grid: Floats


def summed_curve_db(bands: Sequence[EqBand], freq_hz: Floats) -> Floats:
    """Return the sum of the bands' curves at ``freq_hz``, in dB."""
    return np.sum([band.curve_db(freq_hz) for band in bands], axis=0) if bands else np.zeros(freq_hz.shape)


def fit_bands(target: Target, limits: EqLimits) -> tuple[EqBand, ...]:
    """Return the few broad bands that bring a balance nearest to its corridor.

    Greedy choice over bells on the target's frequencies and shelves, gains in
    steps of half a decibel, then each band chosen again beside the others. Each
    band must take more than a tenth of the flat cost away.

    Parameters
    ----------
    target : Target
        Judged bands only; at least one.
    limits : EqLimits
        Every candidate sum keeps to them on the 1/12-octave grid.

    Returns
    -------
    tuple of EqBand
        In order of frequency; empty when nothing helps.
    """
    pool = _candidates(target.freq_hz, limits)
    chosen: list[int] = []
    flat = cost = float(target.cost(np.zeros(target.freq_hz.size)))
    while len(chosen) < limits.max_bands and pool.bands:
        trial = [*chosen, _best(target, pool, chosen, limits)]
        for _ in range(_SWEEPS):
            for place in range(len(trial)):
                others = trial[:place] + trial[place + 1 :]
                trial[place] = _best(target, pool, others, limits)
        now = float(target.cost(pool.at_target[trial].sum(axis=0)))
        if np.max(np.abs(pool.at_grid[trial].sum(axis=0))) > limits.max_sum_db + _ROUNDING_DB:
            break
        if cost - now <= _WORTH * flat:
            break
        chosen, cost = trial, now
    return tuple(sorted((pool.bands[index] for index in chosen), key=lambda band: band.freq_hz))


def _best(target: Target, pool: _Candidates, others: Sequence[int], limits: EqLimits) -> int:
    """Return the candidate that is best beside ``others``, within the summed limit."""
    beside = pool.at_target[list(others)].sum(axis=0)
    grid = pool.at_grid[list(others)].sum(axis=0)
    costs = target.cost(beside + pool.at_target)
    over = np.max(np.abs(grid + pool.at_grid), axis=1) > limits.max_sum_db + _ROUNDING_DB
    return int(np.argmin(np.where(over, np.inf, costs)))


def _candidates(freq_hz: Floats, limits: EqLimits) -> _Candidates:
    steps = int(np.floor(limits.max_sum_db / _GAIN_STEP_DB + 1e-9))
    gains = [
        sign * step * _GAIN_STEP_DB
        for step in range(1, steps + 1)
        for sign in (1.0, -1.0)
        if step * _GAIN_STEP_DB >= limits.min_gain_db
    ]
    shapes: list[tuple[BandType, tuple[float, float]]] = [
        ("bell", (float(freq), q)) for freq in freq_hz for q in _BELL_Q if q <= limits.max_q
    ]
    shapes += [("low-shelf", (freq, _SHELF_Q)) for freq in _LOW_SHELF_HZ]
    shapes += [("high-shelf", (freq, _SHELF_Q)) for freq in _HIGH_SHELF_HZ]
    bands = tuple(EqBand(kind, freq, gain, q) for kind, (freq, q) in shapes for gain in gains)
    return _Candidates(
        bands=bands,
        at_target=np.array([band.curve_db(freq_hz) for band in bands]),
        at_grid=np.array([band.curve_db(SUM_GRID_HZ) for band in bands]),
    )
