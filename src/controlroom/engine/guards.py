"""Do no harm: what a change may cost, measured before anyone is asked.

A guard reads one measurement before and after a change and compares what it
moved by with a standard. A proposal is tried at falling strength until no
guard breaks; one that breaks at every strength is withheld.
"""

from __future__ import annotations

from dataclasses import dataclass

from controlroom.engine.desk import Handling, excerpt_with
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.proposals import GuardReading
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.processors.form import Offer

WEAKER = (0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: what it measures, and which way harm lies.

    ``sense`` is ``drop`` when a fall does harm, ``rise`` when a rise does, and
    ``move`` when either does; ``limit_key`` names the standard. ``fine_above_key``
    names the value above which no fall does harm: a crest of 20 dB is one stray
    peak, and may be lost.
    """

    name: str
    measurement: str
    sense: str
    limit_key: str
    fine_above_key: str = ""

    def read(self, before: Listening, after: Listening, standards: Standards) -> GuardReading:
        """Return the reading of a change."""
        was = measure(before, self.measurement, standards)
        now = measure(after, self.measurement, standards)
        harm = {"drop": was - now, "rise": now - was, "move": abs(now - was)}[self.sense]
        limit = standards.number(self.limit_key)
        fine = bool(self.fine_above_key) and now >= standards.number(self.fine_above_key)
        broken = harm > limit and not fine
        return GuardReading(guard=self.name, before=was, after=now, limit=limit, broken=broken)


GUARDS = (
    Guard("voice-presence", "voice.presence_db", "drop", "guard.voice_presence_loss_db"),
    Guard(
        "crest", "dynamics.crest_loudest_8s_db", "drop", "guard.crest_loss_db", "guard.crest_fine_above_db"
    ),
    Guard("mono-fold", "stereo.mono_fold_loss_db", "rise", "guard.mono_fold_loss_db"),
    Guard("correlation", "stereo.correlation", "drop", "guard.correlation_drop"),
    Guard("low-end", "lowend.level_db", "move", "guard.low_end_change_db"),
)


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


def read_all(before: Listening, after: Listening, standards: Standards) -> tuple[GuardReading, ...]:
    """Return every guard's reading of a change."""
    return tuple(guard.read(before, after, standards) for guard in GUARDS)


def guarded(
    offer: Offer, listening: Listening, standards: Standards, handling: Handling = Handling()
) -> Guarded:
    """Return ``offer`` at the greatest strength that no guard refuses.

    The change is tried on the loudest stretch of the song, where harm is
    heard; the whole render is read again after the decision. A step on a stem is
    judged by what it does to the mix.
    """
    trial = _Trial(listening, _trial_span(offer, listening, standards), standards, handling)
    tried = Guarded(offer, 1.0, trial.readings(offer))
    for amount in WEAKER:
        if not tried.withheld:
            break
        weaker = offer.weakened(amount)
        tried = Guarded(weaker, amount, trial.readings(weaker))
    return tried


def _trial_span(offer: Offer, listening: Listening, standards: Standards) -> Span:
    """Return where an offer is tried: its span when that is short, else the loudest stretch."""
    length_s = standards.number("guard.excerpt_s")
    if offer.span is not None and offer.span.length_s <= length_s:
        return offer.span
    start_s = measure(listening, "dynamics.loudest_window_start_s", standards)
    start_s = max(0.0, min(start_s, listening.audio.duration_s - length_s))
    return listening.span(start_s, start_s + length_s)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Where an offer is tried, and by which numbers."""

    sound: Listening
    span: Span
    standards: Standards
    handling: Handling

    def readings(self, offer: Offer) -> tuple[GuardReading, ...]:
        """Return what the guards read of the mix with and without an offer, on the trial's stretch."""
        step = offer.processor.step(offer.part, offer.span)
        pair = excerpt_with(self.sound, step, self.span, self.handling)
        known = self.sound.known.within(self.span)
        before = self.sound.keep(
            ("guard.excerpt", self.span), lambda: self.sound.derived(pair.before, known=known)
        )
        return read_all(before, before.derived(pair.after), self.standards)
