"""The deciders that are neither a terminal nor a policy: a person who said it already, and an answers file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator

from controlroom.model.base import Record, problems, shown
from controlroom.model.decisions import Answer, Question, Reply, Who
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Knob, Proposal
from controlroom.studio.standards import read_toml


class Person:
    """A person who already said what they answer."""

    who = Who.PERSON
    policy_digest: str | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def decide(self, question: Question) -> Mapping[str, Reply]:
        """Answer nothing further."""
        del question
        return {}


class FiledAnswer(Record):
    """One row of an answers file: which proposals it answers, and how."""

    proposal: str | None = None
    kind: str | None = None
    processor: str | None = None
    answer: Answer
    knobs: dict[str, Knob] = {}
    reason: str = ""

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if self.proposal is None and self.kind is None and self.processor is None:
            raise ValueError("proposal, kind or processor must say what it answers")
        return self

    def covers(self, proposal: Proposal) -> bool:
        """Return whether every condition that is given fits."""
        pairs = (
            (self.proposal, proposal.id),
            (self.kind, proposal.kind),
            (self.processor, proposal.step.processor),
        )
        given = [(want, have) for want, have in pairs if want is not None]
        return bool(given) and all(want == have for want, have in given)


def _rows_of(stored: Mapping[str, Any], path: Path) -> list[FiledAnswer]:
    rows = stored.get("answers")
    if not isinstance(rows, list) or len(stored) > 1:
        told = [key for key in stored if key != "answers"] if isinstance(rows, list) else rows
        raise _bad(path, f"a list of [[answers]] and nothing else was expected, found {shown(told)}")
    made = []
    for number, row in enumerate(rows, 1):
        try:
            made.append(FiledAnswer.model_validate(row))
        except ValidationError as error:
            raise _bad(path, f"answer {number}: {problems(error)}") from error
    return made


def _bad(path: Path, why: str) -> UsageError:
    return UsageError("answers.bad", f"{path}: {why}", "see 'Answers from a file' in docs/concepts.md")


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
        self._rows = _rows_of(read_toml(path), path)

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
