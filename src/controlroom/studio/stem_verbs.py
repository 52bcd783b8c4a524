"""The studio's verbs for stems and parts. They are part of ``Studio``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controlroom.model.context import Context
from controlroom.model.decisions import Answer, Reply
from controlroom.model.errors import UsageError
from controlroom.model.parts import PartMark
from controlroom.model.song import PartStatus, Reading
from controlroom.model.timeline import Span
from controlroom.processors.form import removing
from controlroom.separation.form import BackendChoice
from controlroom.studio.console_answers import take_back
from controlroom.studio.console_sounds import Sound
from controlroom.studio.deciders import Person
from controlroom.studio.deciding import decide
from controlroom.studio.marking import check_removable, marks_here, require_part
from controlroom.studio.part_marks import keep_mark
from controlroom.studio.song import Now, Song, found, opened
from controlroom.studio.stem_sounds import ensure_stem_sounds
from controlroom.studio.stem_view import StemsView, view_of
from controlroom.studio.stemming import import_stems, separate_stems
from controlroom.studio.walk import hand_made_proposal


class StemVerbs:
    """The part of ``Studio`` that knows stems."""

    _now: Now
    _name: str

    def stems(self, root: Path) -> StemsView:
        """Return the stems of the current take and how far each can be trusted; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return view_of(song)

    def separate_take(
        self, root: Path, context: Context = Context(), *, backend: str = "spleeter", model: str = ""
    ) -> StemsView:
        """Separate the current take; the stems replace those that it had.

        A backing in one piece is split into drums, bass and the rest, and drums
        into kick, snare and hats; the trust of each says how good that is.
        """
        with opened(found(root), now=self._now) as song:
            separate_stems(song, BackendChoice(backend, model), self._name, context)
            return view_of(song)

    def add_stems(
        self,
        root: Path,
        source: Path,
        context: Context = Context(),
        *,
        roles: Mapping[str, str] | None = None,
        reading: Reading = Reading(),
    ) -> StemsView:
        """Import stems of the current take from a folder, a zip or a STEMS file.

        ``roles`` gives file names the role that a person says they have; ``reading``
        says how the files are read, where they are not as their headers say.
        """
        with opened(found(root), now=self._now) as song:
            import_stems(song, source, roles or {}, self._name, context, reading)
            return view_of(song)

    def stem_sounds(self, root: Path, context: Context = Context()) -> dict[str, Sound]:
        """Make the stems playable and drawable, by role; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return ensure_stem_sounds(song, context)

    def mark(
        self,
        root: Path,
        part: str,
        status: PartStatus | None,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        reason: str = "",
    ) -> PartMark:
        """Say of a part that it stays, is removed, is reshaped, or defines the identity; None takes it back.

        ``removed`` is carried out as a step of the person's own, and taking it back
        takes that step back too.
        """
        with opened(found(root), now=self._now) as song:
            span = _span_of(song, start_s, end_s)
            if status is PartStatus.REMOVED:
                _remove(song, part, span, self._name, reason)
            else:
                _put_back(song, part, span, self._name)
            return keep_mark(song, part, status, span, by=self._name, reason=reason)

    def marks(self, root: Path) -> tuple[PartMark, ...]:
        """Return what stands of the current take's parts; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return marks_here(song)


def _span_of(song: Song, start_s: float | None, end_s: float | None) -> Span | None:
    if start_s is None and end_s is None:
        return None
    last_s = song.take.facts.duration_s
    first_s, end_s = start_s or 0.0, last_s if end_s is None else min(end_s, last_s)
    if not 0 <= first_s < end_s:
        raise UsageError(
            "part.span", f"{first_s:g} to {end_s:g} s is no stretch of {last_s:.1f} s", "give start and end"
        )
    return Span(clock=song.take.id, start_s=first_s, end_s=end_s)


def _remove(song: Song, part: str, span: Span | None, by: str, reason: str) -> None:
    require_part(song, part)
    check_removable(song, part)
    step = removing().model_validate({"amount": 1.0}).step(part, span)
    proposal = hand_made_proposal(song, song.take.audio_digest, step)
    song.memory.add_proposals([proposal], song.now())
    decide(song, proposal, Reply(answer=Answer.ACCEPT, reason=reason or "removed"), Person(by))


def _put_back(song: Song, part: str, span: Span | None, by: str) -> None:
    """Take back the removal of a part that is said to be something else now."""
    said = next((one for one in song.memory.marks if (one.part, one.span) == (part, span)), None)
    if said is None or said.status is not PartStatus.REMOVED:
        return
    for proposal_id, decision in list(song.memory.decisions.items()):
        step = decision.step
        if decision.sounds and (step.processor, step.part, step.span) == (removing().name, part, span):
            take_back(song, proposal_id, by, "no longer removed")
