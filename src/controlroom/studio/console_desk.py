"""What lies on the console's desk: the questions that stand now, each with all that belongs to it.

The ledger keeps every proposal ever asked. A question stands when it was asked
after exactly those steps that are accepted upstream of it today; one that was
asked after others is *stale* until the song is listened to again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlroom.model.decisions import Decision, Elsewhere
from controlroom.model.errors import ControlRoomError, UsageError
from controlroom.model.findings import Finding, Note
from controlroom.model.one_shots import OneShot
from controlroom.model.parts import MIX, PartMark
from controlroom.model.proposals import Proposal, Stage
from controlroom.model.render import Outcome, Render
from controlroom.model.song import SongState, Take
from controlroom.processors.form import Processor, all_processors, knob_info
from controlroom.studio.marking import marks_here
from controlroom.studio.memory import HAND_MADE, Memory
from controlroom.studio.song import Song
from controlroom.studio.verifying import last_render


@dataclass(frozen=True)
class Card:
    """One question with its findings, its answer, and what was measured of its claims.

    ``stale`` says that what lies upstream of it changed since it was asked;
    ``remembered`` that its findings are those of the take, because what was heard
    after the steps before it is not kept in the ledger.
    """

    proposal: Proposal
    findings: tuple[Finding, ...]
    decision: Decision | None
    outcomes: tuple[Outcome, ...]
    stale: bool
    remembered: bool = False


@dataclass(frozen=True)
class Desk:
    """All that the page of one song shows.

    ``parts`` are what a step may be on: the mix, and the stems of the current take.
    ``elsewhere`` are the person's own steps for other takes, which do not sound on this one.
    """

    song_id: str
    title: str
    state: SongState
    takes: tuple[Take, ...]
    take: Take | None
    cards: tuple[Card, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    parts: tuple[str, ...]
    marks: tuple[PartMark, ...]
    samples: tuple[OneShot, ...]
    render: Render | None
    render_fault: str
    render_stale: bool
    entries: int
    elsewhere: tuple[Elsewhere, ...] = ()

    def card(self, proposal_id: str) -> Card | None:
        """Return the card of a proposal, if it lies on the desk."""
        return next((card for card in self.cards if card.proposal.id == proposal_id), None)


def lay_out(song: Song) -> Desk:
    """Return what lies on the desk of an open song; only reads."""
    memory = song.memory
    render, fault = _render_of(song)
    cards = cards_of(memory, render)
    sounding = {c.decision.id for c in cards if c.decision and c.decision.sounds and not c.stale}
    card = song.folder.read_card()
    return Desk(
        song_id=card.id,
        title=card.title,
        state=memory.state,
        takes=tuple(memory.takes.values()),
        take=memory.current_take,
        cards=cards,
        findings=tuple(memory.findings),
        notes=tuple(note for note in memory.notes if note.span.clock == memory.clock),
        parts=_parts(memory),
        marks=marks_here(song),
        samples=tuple(memory.one_shots.values()),
        render=render,
        render_fault=fault,
        render_stale=render is not None
        and (render.take_id != memory.clock or sounding != set(render.decisions)),
        elsewhere=tuple(memory.elsewhere),
        entries=memory.ledger.head.seq,
    )


def _parts(memory: Memory) -> tuple[str, ...]:
    standing = memory.stems.get(memory.current_take.id) if memory.current_take else None
    return (MIX, *(standing.roles if standing else ()))


def cards_of(memory: Memory, render: Render | None) -> tuple[Card, ...]:
    """Return the standing questions in the order in which their steps sound."""
    asked, answered = memory.asked, memory.answered
    findings = {finding.id: finding for finding in memory.findings}
    upstream: list[str] = []
    cards: list[Card] = []
    for stage in Stage:
        here = [p for p in asked if p.step.stage is stage]
        for proposal in _standing(here, tuple(upstream)):
            stale = proposal.kind != HAND_MADE and proposal.upstream != tuple(upstream)
            about = tuple(findings[id_] for id_ in proposal.answers if id_ in findings)
            alike = tuple(
                f for f in memory.findings if f.kind == proposal.kind and f.part == proposal.step.part
            )
            decision = answered.get(proposal.id)
            outcomes = _outcomes(render, proposal)
            cards.append(Card(proposal, about or alike, decision, outcomes, stale, bool(alike and not about)))
        now = [c.decision for c in cards if c.proposal.step.stage is stage and not c.stale]
        upstream += [d.step.id for d in now if d is not None and d.sounds]
    return tuple(cards)


def _standing(asked: list[Proposal], upstream: tuple[str, ...]) -> list[Proposal]:
    """Return the questions asked after exactly ``upstream``; of a stage that has none, its last ones."""
    by_hand = [p for p in asked if p.kind == HAND_MADE]
    found = [p for p in asked if p.kind != HAND_MADE]
    current = [p for p in found if p.upstream == upstream]
    if not current and found:
        current = [p for p in found if p.upstream == found[-1].upstream]
    return [*current, *by_hand]


def _outcomes(render: Render | None, proposal: Proposal) -> tuple[Outcome, ...]:
    if render is None:
        return ()
    return tuple(outcome for outcome in render.outcomes if outcome.proposal_id == proposal.id)


def _render_of(song: Song) -> tuple[Render | None, str]:
    """Return the last render, or why it can't be shown: a page must open on a broken song too."""
    try:
        return last_render(song), ""
    except ControlRoomError as error:
        return None, error.message


@dataclass(frozen=True)
class KnobInfo:
    """One knob as a window draws it."""

    name: str
    type: str
    default: float | bool | str
    low: float | None
    high: float | None
    step: float | None
    unit: str
    help: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProcessorInfo:
    """One processor as a window offers it; ``parts`` are the roles that it works on, empty for any.

    ``order`` is its place among the steps of its stage on one part.
    """

    name: str
    stage: Stage
    order: int
    parts: tuple[str, ...]
    knobs: tuple[KnobInfo, ...]

    def works_on(self, parts: Sequence[str]) -> tuple[str, ...]:
        """Return which of a song's parts this processor may work on."""
        return tuple(part for part in parts if not self.parts or part in self.parts)


def processor_infos() -> Mapping[str, ProcessorInfo]:
    """Return every processor with its knobs, by name, in the order in which they sound."""
    infos = [_info_of(processor) for processor in all_processors().values()]
    return {one.name: one for one in sorted(infos, key=lambda one: (one.stage.position, one.order))}


def _info_of(processor: type[Processor]) -> ProcessorInfo:
    knobs = tuple(KnobInfo(**_described(processor, knob)) for knob in processor.model_fields)
    return ProcessorInfo(processor.name, processor.stage, processor.order, processor.parts, knobs)


def _described(processor: type[Processor], name: str) -> dict[str, Any]:
    """Return what is known of a knob; a choice's words come from its type, a sample's from the song."""
    info = knob_info(processor, name)
    if name in processor.sample_knobs:
        info["type"] = "sample"
    choices = getattr(processor.model_fields[name].annotation, "__args__", ())
    info["choices"] = tuple(str(choice) for choice in choices if isinstance(choice, str))
    return info


def known_processor(name: str) -> ProcessorInfo:
    """Return a processor by name; UsageError when there is none."""
    known = all_processors()
    if name not in known:
        raise UsageError(
            "processor.unknown", f"there is no processor called {name!r}", f"one of: {', '.join(known)}"
        )
    return _info_of(known[name])
