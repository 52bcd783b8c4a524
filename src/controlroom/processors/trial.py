"""What a whole song would be after a step on one part: claims are tried, not guessed."""

from __future__ import annotations

from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio, Samples
from controlroom.model.parts import MIX, groups_of
from controlroom.model.proposals import Claim
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.processors.form import Processor
from controlroom.processors.trying import tried


def with_stems(listening: Listening, role: str) -> Listening:
    """Return a part of a song as a processor's ``prepare`` is handed it: with all the stems beside it."""
    part = listening.part(role)
    return part if role == MIX else part.derived(part.audio, stems=listening.stems)


def song_after(processor: Processor, listening: Listening, role: str, span: Span | None = None) -> Listening:
    """Return the song as it would be with a step on one part: its mix, that stem, and the groups it lies in.

    Parameters
    ----------
    processor : Processor
    listening : Listening
        The mix's, with its stems.
    role : str
        ``mix`` or a stem's role; KeyError if there is no such stem.
    span : Span, optional
        Where the step is (the desk's short fades at its ends are left out); the whole song by default.
    """
    before = listening.part(role).audio
    here = None if span is None else span.on(listening.clock)
    after = _inside(tried(processor, with_stems(listening, role)), before, here)
    if role == MIX:
        return listening.derived(after, stems=listening.stems)
    stems = dict(listening.stems)
    stems[role] = stems[role].derived(after)
    for group in groups_of(role, stems):
        moved = _moved(stems[group].audio, before, after)
        stems[group] = stems[group].derived(Audio(moved, after.rate_hz))
    mix = Audio(_moved(listening.audio, before, after), after.rate_hz)
    return listening.derived(mix, stems=stems)


def _inside(after: Audio, before: Audio, span: Span | None) -> Audio:
    """Return the changed sound inside a span, and the sound before elsewhere."""
    if span is None:
        return after
    first, last = round(span.start_s * before.rate_hz), round(span.end_s * before.rate_hz)
    out = before.samples.copy()
    out[:, first:last] = after.samples[:, first:last]
    return Audio(out, before.rate_hz)


def _moved(whole: Audio, before: Audio, after: Audio) -> Samples:
    """Return the sum with a part's change laid over it."""
    out = whole.samples.copy()
    frames = min(out.shape[1], before.frames)
    out[:, :frames] += after.samples[:, :frames] - before.samples[:, :frames]
    return out


def song_claim(measurement: str, sense: str, before: float, reached: float, standards: Standards) -> Claim:
    """Return the one-sided claim that a trial on the whole song reached; ``sense`` as in `Claim`."""
    return Claim(
        measurement=measurement,
        before=before,
        expected=reached,
        tolerance=standards.number("claim.tolerance_db"),
        sense=sense,
        on="song",
    )
