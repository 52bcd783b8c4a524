"""Readings of form, harmony and drift for the measurement table."""

from __future__ import annotations

from controlroom.listening.listening import Listening
from controlroom.listening.musical import (
    dynamic_arc_of,
    familiarity_of,
    late_highs_loss_of,
    likeness_of,
    tempo_drift_of,
    tuning_drift_of,
)
from controlroom.listening.surface import surface_arc_of
from controlroom.model.standards import Standards

NO_ARC_DB = 60.0
"""What the spread reads of a sound that is too short to have an arc: no standard is missed by it."""
LEAST_EVIDENCE = 1.02
"""Periodic energy along a drifting tempo over that along a constant one, from which a drift counts as heard:
constant tempi reach 1.005 on lab/songs, a drift of 3 % reaches 1.08."""


def arc_spread(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the level moves over the song."""
    del standards, argument
    arc = dynamic_arc_of(listening)
    return NO_ARC_DB if arc is None else arc.spread_db


def arc_peak(listening: Listening, standards: Standards, argument: float) -> float:
    """Return where the level is highest, as a share of the song."""
    del standards, argument
    arc = dynamic_arc_of(listening)
    return 0.0 if arc is None else arc.peak_at_share


def arc_stock(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how much of the arc the nearest stock arc explains."""
    del standards, argument
    arc = dynamic_arc_of(listening)
    return 0.0 if arc is None else arc.stock_share


def copied_bars(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the share of bars that are copies of another."""
    del argument
    return likeness_of(listening).copied_share(standards.number("form.copy_residual_db"))


def late_loss(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how much highs the late part has lost."""
    del standards, argument
    return late_highs_loss_of(listening)


def tempo_change(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how much the tempo changes from start to end, without its sign."""
    del standards, argument
    drift = tempo_drift_of(listening)
    return 0.0 if drift is None or drift.gain < LEAST_EVIDENCE else abs(drift.drift_percent)


def tuning_change(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how much the tuning glides from start to end, without its sign."""
    del standards, argument
    drift = tuning_drift_of(listening)
    return 0.0 if drift is None else abs(drift.cents)


def loop_cover(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the share of the chords' time that one loop covers."""
    del standards, argument
    heard = familiarity_of(listening)
    return 0.0 if heard is None or heard.loop is None else heard.loop.share


def next_chord(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the entropy of the next chord."""
    del standards, argument
    heard = familiarity_of(listening)
    return 0.0 if heard is None else heard.next_entropy_bits


def chord_surprise(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the surprise of the chords against published statistics."""
    del standards, argument
    heard = familiarity_of(listening)
    return 0.0 if heard is None else heard.surprise_bits


def triads(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how many different triads there are."""
    del standards, argument
    heard = familiarity_of(listening)
    return 0.0 if heard is None else float(heard.distinct)


def energy_range(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the sections' surface energy reaches, of all it could."""
    del standards, argument
    arc = surface_arc_of(listening)
    energies = [cue.energy for cue in arc.cues] if arc else [0.0]
    return max(energies) - min(energies)


def agreement(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the energies follow the brief's; 100 without any intended."""
    del standards, argument
    arc = surface_arc_of(listening)
    return 100.0 if arc is None or arc.agreement is None else 100.0 * arc.agreement


def chorus_lift(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how much louder the chorus is than the verse; 0 where they are not told apart."""
    del standards, argument
    arc = surface_arc_of(listening)
    return 0.0 if arc is None or arc.lift_db is None else arc.lift_db
