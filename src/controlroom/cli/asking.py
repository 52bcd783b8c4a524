"""The terminal as a decider: at most seven questions, each answered whole or one by one."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from controlroom.cli.parse import knobs, text
from controlroom.cli.present import say, say_page
from controlroom.model.decisions import Answer, Question, Reply, Who
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Proposal

_GROUP = {"a": "all as listed", "o": "one by one", "n": "none", "l": "later"}
_ONE = {"a": Answer.ACCEPT, "e": Answer.EDIT, "r": Answer.REJECT, "d": Answer.DEFER}


class TerminalDecider:
    """Asks the person stage by stage: the stages are fewer than seven."""

    who = Who.PERSON
    policy_digest: str | None = None

    def __init__(self) -> None:
        from controlroom.studio.song import person

        self.name = person()

    def decide(self, question: Question) -> Mapping[str, Reply]:
        """Ask about the proposals of one stage."""
        from controlroom.report.text import question_text

        say_page(question_text(question))
        choice = _choose("[a]ll as listed, [o]ne by one, [n]one, [l]ater", _GROUP, "l")
        if choice == "a":
            return {p.id: Reply(answer=Answer.ACCEPT) for p in question.proposals}
        if choice == "n":
            reason = _reason("why not")
            return {p.id: Reply(answer=Answer.REJECT, reason=reason) for p in question.proposals}
        if choice == "o":
            return {p.id: _one(p) for p in question.proposals}
        return {}


def _one(proposal: Proposal) -> Reply:
    from controlroom.report.sentences import proposal_sentence

    say()
    say(f"  {proposal_sentence(proposal)}")
    answer = _ONE[_choose("  [a]ccept, [e]dit, [r]eject, [d]efer", _ONE, "d")]
    if answer is Answer.EDIT:
        return _edited(proposal)
    reason = _reason("  why") if answer is Answer.REJECT else ""
    return Reply(answer=answer, reason=reason)


def _edited(proposal: Proposal) -> Reply:
    say("  " + ", ".join(f"{name}={value}" for name, value in proposal.step.knobs.items()))
    while True:
        given = typer.prompt("  knobs, as name=value and blanks between")
        try:
            changed = knobs(given.split())
        except UsageError as error:
            say(f"  {error.message}; {error.hint}")
            continue
        unknown = [name for name in changed if name not in proposal.step.knobs]
        if not unknown:
            step = proposal.step.model_copy(update={"knobs": {**proposal.step.knobs, **changed}})
            return Reply(answer=Answer.EDIT, step=step)
        say(f"  no such knob: {', '.join(unknown)}")


def _reason(prompt: str) -> str:
    return text(str(typer.prompt(prompt, default="", show_default=False)))


def _choose(prompt: str, choices: Mapping[str, object], default: str) -> str:
    while True:
        given = str(typer.prompt(prompt, default=default)).strip().lower()[:1]
        if given in choices:
            return given
