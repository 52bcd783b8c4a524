"""The decider that is neither a terminal, a page, nor a policy: an answers file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controlroom.model.base import Record
from controlroom.model.decisions import Answer, Question, Reply, Who
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Knob, Proposal
from controlroom.studio.standards import read_toml


class FiledAnswer(Record):
    """One row of an answers file: which proposals it answers, and how."""

    proposal: str | None = None
    kind: str | None = None
    processor: str | None = None
    answer: Answer
    knobs: dict[str, Knob] = {}
    reason: str = ""

    def covers(self, proposal: Proposal) -> bool:
        """Return whether every condition that is given fits."""
        pairs = (
            (self.proposal, proposal.id),
            (self.kind, proposal.kind),
            (self.processor, proposal.step.processor),
        )
        given = [(want, have) for want, have in pairs if want is not None]
        return bool(given) and all(want == have for want, have in given)


class AnswersFile:
    """A person's answers, written down beforehand.

    The file is TOML with a list ``[[answers]]`` of rows: ``proposal``,
    ``kind`` or ``processor`` say which, ``answer`` how, ``knobs`` what an
    edit changes. The first row that fits counts.
    """

    who = Who.PERSON
    policy_digest: str | None = None

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        stored = read_toml(path)
        try:
            self._rows = [FiledAnswer.model_validate(row) for row in stored["answers"]]
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                "answers.bad", f"{path}: {error}", "see 'Answers from a file' in docs/concepts.md"
            ) from error

    def decide(self, question: Question) -> Mapping[str, Reply]:
        """Answer the proposals that a row covers."""
        replies = {}
        for proposal in question.proposals:
            row = next((row for row in self._rows if row.covers(proposal)), None)
            if row is not None:
                replies[proposal.id] = _reply(row, proposal)
        return replies


def _reply(row: FiledAnswer, proposal: Proposal) -> Reply:
    if row.answer is not Answer.EDIT:
        return Reply(answer=row.answer, reason=row.reason)
    step = proposal.step.model_copy(update={"knobs": {**proposal.step.knobs, **row.knobs}})
    return Reply(answer=Answer.EDIT, step=step, reason=row.reason)
