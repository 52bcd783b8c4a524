"""What a render was made from, as the ledger holds it: read as it stood then, and as it stands now."""

from __future__ import annotations

from dataclasses import dataclass

from controlroom.model.base import Record
from controlroom.model.decisions import Answer, Decision
from controlroom.model.errors import DecisionError
from controlroom.model.proposals import Step
from controlroom.model.render import Render
from controlroom.music.correction import together
from controlroom.studio.memory import HAND_MADE, Memory
from controlroom.studio.song import Song


@dataclass(frozen=True)
class Grounds:
    """All in the ledger that a render follows from: the same grounds give the same masters.

    ``answers`` are those that stand, by proposal: the step that sounds, or None
    for what was left alone. A mark on a part works through the answers that it
    takes back.
    """

    take: tuple[str, str]
    answers: dict[str, Step | None]
    target_lufs: float | None
    stems: dict[str, str]
    standards: str
    music: Record | None


def check_current(song: Song, render: Render) -> None:
    """Refuse masters that were made from other grounds than the ledger holds now.

    Raises
    ------
    DecisionError
        ``release.other-take``, ``release.decisions``, ``release.target``,
        ``release.stems``, ``release.standards``, ``release.music``.
    """
    then = grounds_at(song, render.ledger_seq)
    now = grounds_at(song, song.memory.ledger.head.seq)
    masters = f"the masters of {render.id} are not what the ledger says now"
    hint = f"`controlroom render {song.folder.root}` makes them anew; then release"
    if then.take != now.take:
        told = f"they are of {render.take_id}, and {now.take[0]} is worked on"
        raise DecisionError("release.other-take", f"{masters}: {told}", hint)
    if then.answers != now.answers:
        raise DecisionError("release.decisions", f"{masters}: {_answers_changed(song, then, now)}", hint)
    if then.target_lufs != now.target_lufs:
        raise DecisionError("release.target", f"{masters}: another loudness was named", hint)
    if then.stems != now.stems:
        raise DecisionError("release.stems", f"{masters}: the take has other stems", hint)
    if then.standards != now.standards:
        raise DecisionError("release.standards", f"{masters}: the standards were changed", hint)
    if then.music != now.music:
        raise DecisionError("release.music", f"{masters}: the music was corrected", hint)


def grounds_at(song: Song, seq: int) -> Grounds:
    """Return what a render would have been made from at a ledger entry."""
    memory = Memory.of(song.memory.ledger, until=seq)
    take = memory.current_take
    id_, digest = (take.id, take.audio_digest) if take else ("", "")
    standing = memory.stems.get(id_)
    said = together(memory.corrections, id_)
    return Grounds(
        take=(id_, digest),
        answers=_answers(memory),
        target_lufs=memory.target.lufs if memory.target else None,
        stems={stem.role: stem.audio_digest for stem in standing.stems} if standing else {},
        standards=memory.standards_digest,
        music=said.model_copy(update={"by": "", "at": "", "reason": ""}) if said else None,
    )


def _answers(memory: Memory) -> dict[str, Step | None]:
    """Return the answers that stand to questions about the current take, and to steps of a person's own."""
    sources = memory.sources
    return {
        id_: decision.step if decision.sounds else None
        for id_, decision in memory.decisions.items()
        if decision.answer is not Answer.DEFER and _is_about(memory, decision, sources)
    }


def _is_about(memory: Memory, decision: Decision, sources: frozenset[str]) -> bool:
    asked = memory.proposals[decision.proposal_id]
    return asked.kind == HAND_MADE or asked.source_digest in sources


def _answers_changed(song: Song, then: Grounds, now: Grounds) -> str:
    """Return which answers differ, in the words that a person finds them by."""
    asked = song.memory.proposals
    ids = [id_ for id_ in {**then.answers, **now.answers} if not _alike(id_, then, now)]
    named = [f"{asked[id_].step.processor} ({id_})" for id_ in ids]
    return f"other answers stand to {', '.join(named[:3])}{' and others' if len(named) > 3 else ''}"


def _alike(id_: str, then: Grounds, now: Grounds) -> bool:
    return id_ in then.answers and id_ in now.answers and then.answers[id_] == now.answers[id_]
