"""Do no harm: what a change costs, measured before anyone is asked.

A guard (``engine.guards``) reads one measurement before and after a change and
compares what it moved by with a standard. A proposal is tried at falling
strength until no guard breaks; one that breaks at every strength is withheld.
"""

from __future__ import annotations

from dataclasses import dataclass

from controlroom.engine.guards.form import Guard, all_guards
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.proposals import GuardReading
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.processors.form import Offer

WEAKER = (0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Guarded:
    """An offer as it may be asked: weakened or not, with what the guards read."""

    offer: Offer
    amount: float
    readings: tuple[GuardReading, ...]

    @property
    def withheld(self) -> bool:
        """Whether a guard breaks even at the least strength."""
        return any(reading.broken for reading in self.readings)


def read(guard: Guard, before: Listening, after: Listening, standards: Standards) -> GuardReading:
    """Return one guard's reading of a change."""
    was = measure(before, guard.measurement, standards)
    now = measure(after, guard.measurement, standards)
    harm = {"drop": was - now, "rise": now - was, "move": abs(now - was)}[guard.sense]
    limit = standards.number(guard.limit_key)
    fine = bool(guard.fine_above_key) and now >= standards.number(guard.fine_above_key)
    broken = harm > limit and not fine
    return GuardReading(guard=guard.name, before=was, after=now, limit=limit, broken=broken)


def read_all(before: Listening, after: Listening, standards: Standards) -> tuple[GuardReading, ...]:
    """Return every guard's reading of a change."""
    return tuple(read(guard, before, after, standards) for guard in all_guards())


def guarded(offer: Offer, trial: Trial) -> Guarded:
    """Return ``offer`` at the greatest strength that no guard refuses.

    The change is read on the loudest stretch of the song, where harm is
    heard; the whole render is read again after the decision. A step on a stem is
    judged by what it does to the mix.
    """
    span = tried_span(offer, trial.sound, trial.standards)
    tried = Guarded(offer, 1.0, readings_of(offer, span, trial))
    for amount in WEAKER:
        if not tried.withheld:
            break
        weaker = offer.weakened(amount)
        tried = Guarded(weaker, amount, readings_of(weaker, span, trial))
    return tried


def tried_span(offer: Offer, listening: Listening, standards: Standards) -> Span:
    """Return where an offer is tried: its span when that is short, else the loudest stretch."""
    length_s = standards.number("guard.excerpt_s")
    if offer.span is not None and offer.span.length_s <= length_s:
        return offer.span
    start_s = measure(listening, "dynamics.loudest_window_start_s", standards)
    start_s = max(0.0, min(start_s, listening.audio.duration_s - length_s))
    return listening.span(start_s, start_s + length_s)


def readings_of(offer: Offer, span: Span, trial: Trial) -> tuple[GuardReading, ...]:
    """Return what the guards read of the mix with and without an offer, on a stretch."""
    sound, pair = trial.sound, trial.stretch(offer, span)
    known = sound.known.within(span)
    before = sound.keep(("guard.excerpt", span), lambda: sound.derived(pair.before, known=known))
    return read_all(before, before.derived(pair.after), trial.standards)
