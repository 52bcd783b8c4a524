"""Changes of mind: an answer taken back, a whole desk as it was, a blind trial kept as evidence.

Nothing in the ledger is ever edited: each of these is a new entry.
"""

from __future__ import annotations

import math

from controlroom.model.decisions import Answer, Decision, Reply, Who
from controlroom.model.errors import DecisionError, UsageError
from controlroom.studio.deciding import decide
from controlroom.studio.song import Song


class Hand:
    """A person who answers one question at a time."""

    who = Who.PERSON
    policy_digest: str | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def decide(self, question: object) -> dict[str, Reply]:
        """Answer nothing further."""
        del question
        return {}


def answers_at(song: Song, seq: int | None = None) -> dict[str, list[Decision]]:
    """Return every answer up to a ledger entry, by proposal, oldest first."""
    answers: dict[str, list[Decision]] = {}
    for entry in song.memory.ledger.entries(["decision"]):
        if seq is None or entry.seq <= seq:
            decision = Decision.model_validate(entry.body)
            answers.setdefault(decision.proposal_id, []).append(decision)
    return answers


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
    return decide(song, memory.proposals[proposal_id], reply, Hand(name))


def return_to(song: Song, seq: int, name: str) -> list[Decision]:
    """Answer every question again as it was answered at a ledger entry; what was open then is put off.

    Raises
    ------
    UsageError
        When the ledger has no such entry.
    """
    head = song.memory.ledger.head.seq
    if not 1 <= seq <= head:
        raise UsageError(
            "history.no-entry", f"there is no entry {seq}; the last is {head}", "see the history"
        )
    then = answers_at(song, seq)
    made = []
    for proposal_id, current in list(song.memory.decisions.items()):
        old = then[proposal_id][-1] if proposal_id in then else None
        wanted = (old.answer, old.step) if old else (Answer.DEFER, current.step)
        if wanted == (current.answer, current.step) or (old is None and current.answer is Answer.DEFER):
            continue
        proposal = song.memory.proposals[proposal_id]
        step = old.step if old and old.answer is Answer.EDIT else None
        reply = Reply(answer=wanted[0], step=step, reason=f"back to entry {seq}")
        made.append(decide(song, proposal, reply, Hand(name)))
    return made


def keep_trial(song: Song, sounds: tuple[str, str], correct: int, total: int, name: str) -> dict[str, object]:
    """Record a blind ABX trial: how often X was told right, and how likely that is by guessing.

    Raises
    ------
    UsageError
        When the counts make no trial.
    """
    if not 1 <= total <= 100 or not 0 <= correct <= total:
        raise UsageError("trial.counts", f"{correct} of {total} is no trial", "1 to 100 rounds")
    body: dict[str, object] = {
        "a": sounds[0],
        "b": sounds[1],
        "correct": correct,
        "total": total,
        "chance": round(chance(correct, total), 6),
        "by": name,
    }
    song.memory.add_event("trial.abx", body, song.now())
    return body


def chance(correct: int, total: int) -> float:
    """Return the probability of at least ``correct`` of ``total`` by guessing (binomial, p = 1/2)."""
    ways = sum(math.comb(total, k) for k in range(correct, total + 1))
    return float(ways / 2**total)
