"""Changes of mind: an answer taken back, a whole desk as it was, a blind trial kept as evidence.

Nothing in the ledger is ever edited: each of these is a new entry.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from controlroom.model.decisions import Answer, Decision, Reply
from controlroom.model.errors import DecisionError, UsageError
from controlroom.model.proposals import Proposal
from controlroom.studio.console_desk import cards_of
from controlroom.studio.deciders import Person
from controlroom.studio.deciding import check_touch, decide
from controlroom.studio.entries import BlindTrial
from controlroom.studio.memory import Memory
from controlroom.studio.song import Song


def take_back(song: Song, proposal_id: str, name: str, reason: str = "") -> Decision:
    """Take the last answer to a proposal back: the question is open again.

    Raises
    ------
    DecisionError
        When there is no answer to take back.
    """
    memory = song.memory
    now = memory.decisions.get(proposal_id)
    if now is None or now.answer is Answer.DEFER:
        raise DecisionError(
            "decision.nothing-to-undo", f"{proposal_id} has no answer", "there is nothing to undo"
        )
    reply = Reply(answer=Answer.DEFER, reason=reason or f"took back: {now.answer}")
    return decide(song, memory.proposals[proposal_id], reply, Person(name))


def return_to(song: Song, seq: int, name: str) -> list[Decision]:
    """Answer every question again as it was answered at a ledger entry; what was open then is put off.

    Raises
    ------
    UsageError
        When the ledger has no such entry.
    DecisionError
        When an answer of then would touch a part that stays now; nothing is changed.
    """
    _check_entry(song, seq)
    then = Memory.of(song.memory.ledger, until=seq).answers
    changes: list[tuple[Proposal, Reply]] = []
    for proposal_id, current in list(song.memory.decisions.items()):
        old = then[proposal_id][-1] if proposal_id in then else None
        proposal = song.memory.proposals[proposal_id]
        if old and not song.memory.is_on(old, song.memory.clock_of(proposal)):
            old = None  # it was put on another take than it was asked of, and sounded on neither
        wanted = (old.answer, old.step) if old else (Answer.DEFER, current.step)
        if wanted == (current.answer, current.step) or (old is None and current.answer is Answer.DEFER):
            continue
        step = old.step if old and old.answer is Answer.EDIT else None
        reply = Reply(answer=wanted[0], step=step, reason=f"back to entry {seq}")
        check_touch(song, proposal, reply)
        changes.append((proposal, reply))
    return [decide(song, proposal, reply, Person(name)) for proposal, reply in changes]


def answer_kind(
    song: Song, kind: str, answer: Answer, reason: str, name: str, auditioned_s: Mapping[str, float]
) -> list[Decision]:
    """Answer every open question of one kind alike; each answer is a ledger entry of its own.

    Questions whose upstream changed since they were asked are left alone, and so
    are those that guards warn of: such a one is answered by itself.

    Raises
    ------
    DecisionError
        When no question of this kind is open, or the answer is no answer to many.
    """
    if answer is Answer.EDIT:
        raise DecisionError("decision.edit-many", "many questions can't be edited at once", "edit one by one")
    asked = [
        card.proposal
        for card in cards_of(song.memory, None)
        if card.proposal.kind == kind
        and not card.stale
        and (card.decision is None or card.decision.answer is Answer.DEFER)
        and not any(reading.broken for reading in card.proposal.guards)
    ]
    if not asked:
        raise DecisionError("decision.none-open", f"no open question is of kind {kind!r}", "see the desk")
    return [
        decide(
            song,
            proposal,
            Reply(answer=answer, reason=reason, auditioned_s=auditioned_s.get(proposal.id, 0.0)),
            Person(name),
        )
        for proposal in asked
    ]


@dataclass(frozen=True)
class Difference:
    """How one question stood at two entries of the ledger; None where it was not answered yet."""

    proposal: Proposal
    then: Decision | None
    now: Decision | None


def differences(song: Song, then: int, now: int) -> tuple[Difference, ...]:
    """Return the questions whose standing answer differs between two ledger entries.

    An answer that was put off counts as none.

    Raises
    ------
    UsageError
        When the ledger has no such entry.
    """
    for seq in (then, now):
        _check_entry(song, seq)
    before, after = (_standing_at(song, seq) for seq in (then, now))
    return tuple(
        Difference(song.memory.proposals[id_], before.get(id_), after.get(id_))
        for id_ in dict.fromkeys([*before, *after])
        if id_ in song.memory.proposals and _sounding(before.get(id_)) != _sounding(after.get(id_))
    )


def _standing_at(song: Song, seq: int) -> dict[str, Decision]:
    answers = {id_: made[-1] for id_, made in Memory.of(song.memory.ledger, until=seq).answers.items()}
    return {id_: decision for id_, decision in answers.items() if decision.answer is not Answer.DEFER}


def _sounding(decision: Decision | None) -> object:
    return (decision.answer, decision.step) if decision else None


def _check_entry(song: Song, seq: int) -> None:
    head = song.memory.ledger.head.seq
    if not 1 <= seq <= head:
        raise UsageError(
            "history.no-entry", f"there is no entry {seq}; the last is {head}", "see the history"
        )


def keep_trial(song: Song, sounds: tuple[str, str], correct: int, total: int, name: str) -> dict[str, object]:
    """Record a blind ABX trial: how often X was told right, and how likely that is by guessing.

    Raises
    ------
    UsageError
        When the counts make no trial.
    """
    if not 1 <= total <= 100 or not 0 <= correct <= total:
        raise UsageError("trial.counts", f"{correct} of {total} is no trial", "1 to 100 rounds")
    told = BlindTrial(
        a=sounds[0],
        b=sounds[1],
        correct=correct,
        total=total,
        chance=round(chance(correct, total), 6),
        by=name,
    )
    song.memory.add(told, song.now())
    return told.model_dump(mode="json")


def chance(correct: int, total: int) -> float:
    """Return the probability of at least ``correct`` of ``total`` by guessing (binomial, p = 1/2)."""
    ways = sum(math.comb(total, k) for k in range(correct, total + 1))
    return float(ways / 2**total)
