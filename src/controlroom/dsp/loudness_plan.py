"""How loud a take should become: the loudest level that the budgets allow, and the gain for a given level.

Everything that is asked of many levels is read once: the peak map, and the
K-weighted energy per 10 ms. A trial costs the gain curve and a few sums; only the
level that is chosen is carried out in full, verified and measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from controlroom.dsp.gain_curve import spline_gain
from controlroom.dsp.k_weighting import BlockEnergies, k_weighted_block_energies
from controlroom.dsp.levels import BLOCK_S, envelope, loudest_window
from controlroom.dsp.limiter import (
    MARGIN_DB,
    LimiterGain,
    LimiterSettings,
    PeakMap,
    apply_gain,
    limiter_gain,
    peak_map,
    planned_reduction,
    reduction_stats,
)
from controlroom.dsp.loudness import (
    ABSOLUTE_GATE_LUFS,
    SHORT_TERM_BLOCKS,
    SHORT_TERM_HOP_BLOCKS,
    integrated_from_energies,
    nearest_rank,
    window_loudness,
)
from controlroom.model.audio import Samples

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

ROOT_STEPS = 12
ROOT_WIDTH_DB = 0.01
ROOT_MISS = 0.01
"""A search ends when the gain is known to ROOT_WIDTH_DB, or what is sought is within ROOT_MISS (dB or LU)."""

MORE_LU = 0.3
"""The step beyond the announced level that breaks the budget it is held by."""

SETTLED_LU = 0.02
"""A level this near its target needs no further step; the promise is 0.1."""

RESERVE_DB = 0.03
"""Kept free of each budget: the verified gain is a little deeper than the planned one."""

PROMISED_LU = 0.1
REFINEMENTS = 5
PEAK_FLOOR = 1e-12
MOST_GAIN_DB = 40.0
"""Beyond this a limiter is a square wave: a target out of its reach is told as unreachable."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """What loudness may cost.

    Parameters
    ----------
    quietest_lufs, loudest_lufs : float
        The range in which a take's own level is respected.
    reduction_p95_db, reduction_max_db : float
        Limits of the limiter's reduction, as ``LimiterGain`` tells it.
    psr_p5_db : float
        Least 5th percentile of true peak to short-term loudness (3 s) of the result.
    crest_loss_db : float
        Most loss of sample peak over RMS in the take's loudest ``crest_window_s``.
    """

    quietest_lufs: float = -14.0
    loudest_lufs: float = -9.0
    reduction_p95_db: float = 3.0
    reduction_max_db: float = 6.0
    psr_p5_db: float = 6.0
    crest_loss_db: float = 2.0
    crest_window_s: float = 8.0

    def __post_init__(self) -> None:
        if not self.quietest_lufs <= self.loudest_lufs:
            raise ValueError(f"quietest_lufs {self.quietest_lufs} is above loudest_lufs {self.loudest_lufs}")


@dataclass(frozen=True, slots=True)
class Readings:
    """What a level costs; NaN where a reading needs a longer sound (PSR: 3 s)."""

    reduction_p95_db: float
    reduction_max_db: float
    psr_p5_db: float
    crest_loss_db: float

    def excess(self, budgets: Budgets) -> dict[str, float]:
        """Return by how much each budget is exceeded, in dB; negative where there is room, NaN unread."""
        return {
            "reduction_p95_db": self.reduction_p95_db - budgets.reduction_p95_db,
            "reduction_max_db": self.reduction_max_db - budgets.reduction_max_db,
            "psr_p5_db": budgets.psr_p5_db - self.psr_p5_db,
            "crest_loss_db": self.crest_loss_db - budgets.crest_loss_db,
        }

    def worst(self, budgets: Budgets) -> str:
        """Return the budget that is exceeded most, or has the least room."""
        excess = self.excess(budgets)
        return max(excess, key=lambda name: -math.inf if math.isnan(excess[name]) else excess[name])

    def worst_db(self, budgets: Budgets) -> float:
        """Return the greatest excess; at most 0 when every budget is kept."""
        return max(value for value in self.excess(budgets).values() if not math.isnan(value))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A gain before the limiter, and what comes of it.

    Parameters
    ----------
    gain_db : float
        Static gain before the limiter.
    target_lufs : float
        Integrated loudness of the result, measured on it; −inf for a sound
        that has none (silence, or shorter than 0.4 s).
    own_lufs : float
        Integrated loudness of the take as it is.
    held_by : str or None
        The budget that 0.3 LU more would break, or that the take's own level breaks; None if the
        range's end, or the target asked for, was reached.
    over_budget : bool
        Whether the level is kept although it breaks ``held_by``: the take's own
        level, which is not turned down, or a target that a person asked for.
    reached : bool
        Whether a target that was asked for is met within 0.1 LU.
    readings : Readings
        Every budget's reading at the level chosen.
    limiter : LimiterGain
        The verified gain, ready to be applied.
    """

    gain_db: float
    target_lufs: float
    own_lufs: float
    held_by: str | None
    over_budget: bool
    reached: bool
    readings: Readings
    limiter: LimiterGain


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """The reduction in dB at each node under a gain."""

    gain_db: float
    nodes: F64


@dataclass(frozen=True, slots=True)
class Sought:
    """The gain that was found, before it is carried out; the fields are those of ``Plan``."""

    gain_db: float
    own_lufs: float
    held_by: str | None
    over_budget: bool
    readings: Readings


class _Take:
    """One sound with all that is read once, and trials on it."""

    def __init__(self, samples: Samples, rate_hz: int, settings: LimiterSettings, budgets: Budgets) -> None:
        self.samples, self.rate_hz, self.settings, self.budgets = samples, rate_hz, settings, budgets
        self.peaks: PeakMap = peak_map(samples, rate_hz, settings.oversampling)
        self.energies: BlockEnergies = k_weighted_block_energies(samples, rate_hz)
        self.own_lufs = integrated_from_energies(self.energies)
        self.envelope = envelope(samples, rate_hz)
        self.own_crest_db = loudest_window(self.envelope, budgets.crest_window_s).crest_db
        shared = settings.link == 1 or samples.shape[0] == 1
        peaks = self.peaks.peaks.max(axis=0, keepdims=True, initial=0.0) if shared else self.peaks.peaks
        self.peaks_db: F64 = 20 * np.log10(np.maximum(peaks, PEAK_FLOOR))
        # how much louder the limited sound was, when measured, than the gains of its 10 ms told
        self.correction_lu = 0.0
        self._kept: _Curve | None = None

    def _nodes(self, gain_db: float) -> F64:
        """Return the planned reduction; the last one is kept, since level and readings ask in turn."""
        if self._kept is None or self._kept.gain_db != gain_db:
            self._kept = _Curve(gain_db, planned_reduction(self.peaks, self.settings, gain_db))
        return self._kept.nodes

    def estimate(self, gain_db: float) -> float:
        """Return the loudness after a gain and the limiter, from the gain of each 10 ms."""
        return self._estimate(self._nodes(gain_db), gain_db)

    def _estimate(self, nodes: F64, gain_db: float) -> float:
        return integrated_from_energies(self.energies, self._block_gain(nodes, gain_db)) + self.correction_lu

    def measured(self, gain_db: float) -> float:
        """Return the loudness after a gain and the limiter, measured on the sound; keeps the correction."""
        nodes = self._nodes(gain_db)
        level = integrated_from_energies(
            k_weighted_block_energies(self.samples * self._frame_gain(nodes, gain_db), self.rate_hz)
        )
        if math.isfinite(level):
            self.correction_lu += level - self._estimate(nodes, gain_db)
        return level

    def overrun(self, gain_db: float, most_lufs: float) -> float:
        """Return how far a gain is beyond a level or a budget, whichever is further; ≤ 0 when allowed."""
        nodes = self._nodes(gain_db)
        beyond = self._estimate(nodes, gain_db) - most_lufs
        return max(beyond, self._readings(nodes, gain_db).worst_db(self.budgets) + RESERVE_DB)

    def readings(self, gain_db: float) -> Readings:
        """Return what a gain costs, from the planned curve."""
        return self._readings(self._nodes(gain_db), gain_db)

    def _readings(self, nodes: F64, gain_db: float) -> Readings:
        told = reduction_stats(nodes[0] if len(nodes) == 1 else nodes.max(axis=0), self.peaks, gain_db)
        return Readings(told.p95_db, told.max_db, self._psr_p5_db(nodes, gain_db), self._crest_loss_db(nodes))

    def _frame_gain(self, nodes: F64, gain_db: float) -> F32:
        width, frames = self.peaks.width, self.peaks.frames
        rows = [spline_gain(row, width, frames, 10 ** (gain_db / 20)) for row in nodes]
        return rows[0] if len(rows) == 1 else np.stack(rows)

    def _block_gain(self, nodes: F64, gain_db: float) -> F64:
        """Return the RMS gain of each 10 ms of the meter."""
        power = _mean_power_gain(nodes, self.energies.edges / self.peaks.width)
        return np.asarray(10 ** (gain_db / 20) * np.sqrt(power))

    def _psr_p5_db(self, nodes: F64, gain_db: float) -> float:
        """Return the 5th percentile of the result's PSR, as ``loudness.measure`` takes it; NaN under 3 s."""
        loudness = window_loudness(
            self.energies, SHORT_TERM_BLOCKS, SHORT_TERM_HOP_BLOCKS, self._block_gain(nodes, gain_db)
        )
        if not loudness.size:
            return math.nan
        peaks_db = self.peaks_db + gain_db - nodes
        starts = (self.energies.edges[::SHORT_TERM_HOP_BLOCKS] / self.peaks.width).astype(np.int64)
        highest = np.maximum.reduceat(
            peaks_db[0] if len(peaks_db) == 1 else peaks_db.max(axis=0),
            np.minimum(starts, nodes.shape[1] - 1),
        )
        window = SHORT_TERM_BLOCKS // SHORT_TERM_HOP_BLOCKS
        tops = np.lib.stride_tricks.sliding_window_view(highest, window).max(axis=1)[: loudness.size]
        heard = loudness > ABSOLUTE_GATE_LUFS
        return nearest_rank(tops[heard] - loudness[heard] - self.correction_lu, 5.0)

    def _crest_loss_db(self, nodes: F64) -> float:
        """Return the crest lost between the loudest seconds of the take and those of the result.

        Where those are is told by 10 ms gains; the crest in them is read sample by sample.
        """
        if not self.peaks.frames:
            return 0.0
        block, width, frames = self.envelope.block_frames, self.peaks.width, self.peaks.frames
        edges = np.minimum(np.arange(self.envelope.power.shape[1] + 1) * block, frames)
        power = self.envelope.power.mean(axis=0) * _mean_power_gain(nodes, edges / width)
        span = max(1, min(power.size, round(self.budgets.crest_window_s / BLOCK_S)))
        sums = np.concatenate([[0.0], np.cumsum(power)])
        loudest = int(np.argmax(sums[span:] - sums[:-span]))
        start, stop = int(edges[loudest]), int(edges[loudest + span])
        first, last = start // width, -(-stop // width)
        gain = np.stack([spline_gain(row[first:last], width, (last - first) * width) for row in nodes])
        here = gain[:, start - first * width : stop - first * width]
        return self.own_crest_db - _crest_db(self.samples[:, start:stop] * here)


def seek(
    samples: Samples,
    rate_hz: int,
    budgets: Budgets | None = None,
    settings: LimiterSettings | None = None,
) -> Sought:
    """Return the gain of a take's default loudness, without carrying it out; see ``plan``."""
    take = _Take(samples, rate_hz, settings or LimiterSettings(), budgets or Budgets())
    return _sought(take)


def seek_target(
    samples: Samples,
    rate_hz: int,
    target_lufs: float,
    settings: LimiterSettings | None = None,
    budgets: Budgets | None = None,
) -> Sought:
    """Return the gain for a given loudness, without carrying it out; see ``gain_for_target``."""
    take = _Take(samples, rate_hz, settings or LimiterSettings(), budgets or Budgets())
    return _sought_target(take, target_lufs)


def plan(
    samples: Samples,
    rate_hz: int,
    budgets: Budgets | None = None,
    settings: LimiterSettings | None = None,
) -> Plan:
    """Return the default loudness of a take.

    The loudest integrated level inside the range that every budget allows. A
    take inside the range is never turned down; one above it comes down to its
    loud end; where budgets do not allow the quiet end, the loudest level they do
    allow, below it. A budget that the take breaks before any limiting can't be
    met by turning it down: then its own level stays, and the plan says so.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples.
    rate_hz : int
        Sampling rate, at least 8000.
    budgets : Budgets, optional
        The range and what a level may cost.
    settings : LimiterSettings, optional
        Knobs of the limiter, with the ceiling.

    Raises
    ------
    ValueError
        If the shape or the rate is off.
    """
    take = _Take(samples, rate_hz, settings or LimiterSettings(), budgets or Budgets())
    return _concluded(take, _sought(take))


def _sought(take: _Take) -> Sought:
    costs = take.budgets
    if not math.isfinite(take.own_lufs):
        return _found(take, 0.0, None, over_budget=False)
    if take.own_lufs >= costs.loudest_lufs:
        return _found(take, _gain_for(take, costs.loudest_lufs), None, over_budget=False)
    own_db = 0.0 if _gain_without_limiting(take) >= 0 else _gain_for(take, take.own_lufs)
    own = take.readings(own_db)
    if own.worst_db(costs) > 0:
        free_db = min(own_db, _gain_without_limiting(take))
        if take.own_lufs >= costs.quietest_lufs or take.readings(free_db).worst_db(costs) > 0:
            return _found(take, own_db, own.worst(costs), over_budget=True)
        own_db, top_db = free_db, own_db
    else:
        top_db = own_db + costs.loudest_lufs - take.own_lufs
    gain_db = _loudest_allowed(take, own_db, top_db)
    held = costs.loudest_lufs - take.estimate(gain_db) > MORE_LU / 10
    worst = take.readings(gain_db + MORE_LU).worst(costs)
    return _found(take, gain_db, worst if held else None, over_budget=False)


def gain_for_target(
    samples: Samples,
    rate_hz: int,
    target_lufs: float,
    settings: LimiterSettings | None = None,
    budgets: Budgets | None = None,
) -> Plan:
    """Return the gain after which the limited sound has a given loudness, whatever it costs.

    Same parameters as ``plan``. ``reached`` is False if even MOST_GAIN_DB does
    not bring the level within 0.1 LU, or the sound has no loudness; ``held_by``
    and ``over_budget`` tell the budget that the target breaks most.
    """
    take = _Take(samples, rate_hz, settings or LimiterSettings(), budgets or Budgets())
    made = _concluded(take, _sought_target(take, target_lufs))
    return replace(made, reached=abs(made.target_lufs - target_lufs) <= PROMISED_LU)


def _sought_target(take: _Take, target_lufs: float) -> Sought:
    if not math.isfinite(take.own_lufs) or not math.isfinite(target_lufs):
        return _found(take, 0.0, None, over_budget=False)
    gain_db = _gain_for(take, target_lufs)
    readings = take.readings(gain_db)
    over = readings.worst_db(take.budgets) > 0
    return _found(take, gain_db, readings.worst(take.budgets) if over else None, over_budget=over)


def _gain_for(take: _Take, target_lufs: float) -> float:
    """Return the gain whose limited result measures at the target: searched on estimates, corrected by measuring."""
    gain_db = target_lufs - take.own_lufs
    for _ in range(REFINEMENTS):
        miss = take.estimate(gain_db) - target_lufs
        if abs(miss) > SETTLED_LU / 2:
            low, high = (gain_db, gain_db + 1.5 * abs(miss)) if miss < 0 else (gain_db - 1.5 * miss, gain_db)
            while take.estimate(high) < target_lufs and high - target_lufs + take.own_lufs < MOST_GAIN_DB:
                low, high = high, high + 2 * (high - low)
            gain_db = _root(lambda g: take.estimate(g) - target_lufs, low, high)
        if abs(take.measured(gain_db) - target_lufs) <= SETTLED_LU:
            break
    return gain_db


def _loudest_allowed(take: _Take, low_db: float, high_db: float) -> float:
    """Return the greatest gain whose result keeps the range's loud end and every budget."""
    most = take.budgets.loudest_lufs
    gain_db = low_db
    for _ in range(REFINEMENTS):
        step = 1.0
        while take.overrun(high_db, most) <= 0 and step < MOST_GAIN_DB:
            low_db, high_db, step = high_db, high_db + step, 2 * step
        gain_db = _root(lambda g: take.overrun(g, most), low_db, high_db)
        take.measured(gain_db)
        if -SETTLED_LU <= take.overrun(gain_db, most) <= ROOT_MISS:
            break
        low_db, high_db = gain_db - 0.2, gain_db + 0.2
    return gain_db


def _root(beyond: Callable[[float], float], low: float, high: float) -> float:
    """Return the greatest known gain at which a rising function is not above 0 (Illinois' false position)."""
    f_low, f_high = beyond(low), beyond(high)
    if f_high <= 0:
        return high
    side = 0
    for _ in range(ROOT_STEPS):
        if high - low <= ROOT_WIDTH_DB or -ROOT_MISS <= f_low <= 0:
            break
        middle = low - f_low * (high - low) / (f_high - f_low) if f_high > f_low else (low + high) / 2
        middle = min(max(middle - ROOT_WIDTH_DB / 4, low + ROOT_WIDTH_DB / 4), high - ROOT_WIDTH_DB / 4)
        f = beyond(middle)
        if f <= 0:
            low, f_low = middle, f
            f_high = f_high / 2 if side == 1 else f_high
            side = 1
        else:
            high, f_high = middle, f
            f_low = f_low / 2 if side == -1 else f_low
            side = -1
    return low


def _gain_without_limiting(take: _Take) -> float:
    """Return the greatest gain at which nothing is reduced."""
    top = float(take.peaks.peaks.max(initial=0.0))
    return take.settings.ceiling_dbtp - 20 * math.log10(max(top, PEAK_FLOOR)) - 2 * MARGIN_DB


def _found(take: _Take, gain_db: float, held_by: str | None, *, over_budget: bool) -> Sought:
    return Sought(gain_db, take.own_lufs, held_by, over_budget, take.readings(gain_db))


def _concluded(take: _Take, sought: Sought) -> Plan:
    """Return the plan at a gain: limited in full, verified, and measured."""
    limiter = limiter_gain(take.samples, take.rate_hz, take.settings, sought.gain_db, take.peaks)
    made = apply_gain(take.samples, limiter.gain)
    return Plan(
        gain_db=sought.gain_db,
        target_lufs=integrated_from_energies(k_weighted_block_energies(made, take.rate_hz)),
        own_lufs=sought.own_lufs,
        held_by=sought.held_by,
        over_budget=sought.over_budget,
        reached=True,
        readings=replace(
            sought.readings,
            reduction_p95_db=limiter.reduction.p95_db,
            reduction_max_db=limiter.reduction.max_db,
        ),
        limiter=limiter,
    )


def _mean_power_gain(nodes: F64, edges: F64) -> F64:
    """Return the mean over channels of the squared gain between edges, which are given in nodes."""
    power = np.exp(nodes * (-math.log(10) / 10))
    power = power[0] if len(power) == 1 else power.mean(axis=0)
    total = np.concatenate([[0.0], np.cumsum(power)])
    whole = edges.astype(np.int64)
    at = total[whole] + (edges - whole) * np.append(power, 0.0)[whole]
    return np.asarray(np.diff(at) / np.diff(edges))


def _crest_db(samples: Samples) -> float:
    """Return the largest sample over the RMS of all channels, in dB; 0 for silence."""
    power = float(np.mean(np.square(samples), dtype=np.float64)) if samples.size else 0.0
    return 20 * math.log10(float(np.abs(samples).max())) - 10 * math.log10(power) if power > 0 else 0.0
