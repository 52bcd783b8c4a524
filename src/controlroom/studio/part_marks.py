"""A person's word on a part, entered together with the answers that it takes back."""

from __future__ import annotations

from controlroom.model.decisions import Answer, Decision, Who
from controlroom.model.errors import DecisionError
from controlroom.model.parts import PartMark
from controlroom.model.song import PartStatus
from controlroom.model.timeline import Span
from controlroom.studio.deciding import enter
from controlroom.studio.marking import forbids, require_part, roles_of, said
from controlroom.studio.song import Song


def keep_mark(
    song: Song, part: str, status: PartStatus | None, span: Span | None, *, by: str, reason: str
) -> PartMark:
    """Record what a person says of a part; what protects it takes back the answers that touch it.

    Raises
    ------
    DecisionError
        ``part.nothing-to-take-back``; for ``removed`` see ``check_removable``.
    UsageError, SongError
        A part that the song does not have.
    """
    if status is None and not any((one.part, one.span) == (part, span) for one in song.memory.marks):
        raise DecisionError(
            "part.nothing-to-take-back",
            f"nothing was said of {part}{'' if span is None else ' on that span'}",
            f"`controlroom stems {song.folder.root}` lists what was said",
        )
    if status is not None:
        require_part(song, part)
    at = song.now()
    mark = PartMark(part=part, status=status, span=span, by=by, at=at, reason=reason)
    enter(song, _taken_back(song, mark), mark)
    return mark


def _taken_back(song: Song, mark: PartMark) -> list[Decision]:
    """Return the answers that a new mark takes back: what sounds now and would touch the part."""
    if not mark.protects:
        return []
    sounding = [d for d in song.memory.decisions.values() if d.sounds]
    return [
        decision.model_copy(
            update={
                "answer": Answer.DEFER,
                "who": Who.PERSON,
                "name": mark.by,
                "at": mark.at,
                "reason": f"{mark.part} {said(mark.status)}",
                "auditioned_s": 0.0,
                "policy_digest": None,
                "carried_from": decision.id,
            }
        )
        for decision in sounding
        for clock in (song.memory.clock_of(song.memory.proposals[decision.proposal_id]),)
        if forbids(mark, decision.step, clock, roles_of(song, clock))
    ]
