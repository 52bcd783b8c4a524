"""Decisions, who makes them, and the policies that a person may sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Protocol

from pydantic import Field

from controlroom.model.base import Document, Record, canonical_json, digest_text
from controlroom.model.findings import Finding
from controlroom.model.proposals import Knob, Proposal, Stage, Step


class Answer(StrEnum):
    """What may be answered to a proposal."""

    ACCEPT = "accept"
    EDIT = "edit"
    REJECT = "reject"
    DEFER = "defer"


class Who(StrEnum):
    """Who answered. A policy's answer never counts as human work."""

    PERSON = "person"
    POLICY = "policy"


class Decision(Record):
    """An answer to a proposal, with who gave it, when and why.

    ``step`` is the full copy of what was answered: the proposal's own step, or
    the edited one. ``carried_from`` names the decision that this one carries
    over after something upstream changed.
    """

    proposal_id: str
    answer: Answer
    step: Step
    who: Who
    name: str
    at: str
    reason: str = ""
    auditioned_s: float = Field(default=0.0, ge=0)
    policy_digest: str | None = None
    kept_despite: tuple[str, ...] = ()
    carried_from: str | None = None

    @property
    def id(self) -> str:
        """Digest of the content."""
        return self.content_id("d-")

    @property
    def sounds(self) -> bool:
        """Whether the step of this decision is part of the render."""
        return self.answer in (Answer.ACCEPT, Answer.EDIT)


class Elsewhere(Record):
    """A sounding decision that is about another take of the song, and the name of that take's file."""

    decision: Decision
    take: str


class Reply(Record):
    """What a decider says of one proposal; the studio makes the Decision of it."""

    answer: Answer
    step: Step | None = None
    reason: str = ""
    auditioned_s: float = Field(default=0.0, ge=0)
    keep_despite_guards: bool = False


class Question(Record):
    """What a decider is asked: proposals that belong together, with their findings."""

    stage: Stage
    proposals: tuple[Proposal, ...]
    findings: tuple[Finding, ...] = ()


class Decider(Protocol):
    """Who answers: the terminal, the page, a policy, or an answers file."""

    who: Who
    name: str
    policy_digest: str | None

    def decide(self, question: Question) -> Mapping[str, Reply]:
        """Return a reply by proposal id; a proposal left out is deferred."""
        ...


class Bound(Record):
    """Limits on one knob or claimed measurement that a policy accepts."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: Knob) -> bool:
        """Return whether a number lies inside; anything else never does."""
        if isinstance(value, str | bool):
            return False
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


class PolicyRule(Record):
    """What a policy may accept: a processor (``*`` for any) for some kinds, within bounds."""

    stage: Stage
    processor: str
    kinds: tuple[str, ...] = ()
    knobs: dict[str, Bound] = {}
    claims: dict[str, Bound] = {}


class Policy(Document):
    """Rules under which proposals may be accepted without a person.

    Arrangement, removal and "defines the identity" are for a person by type:
    a proposal that is ``person_only`` is never accepted by any policy.
    """

    schema_number: ClassVar[int] = 1
    schema_name: ClassVar[str] = "policy"

    name: str
    help: str = ""
    rules: tuple[PolicyRule, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the whole policy."""
        return digest_text(canonical_json(self.document()))

    def rule_for(self, proposal: Proposal) -> PolicyRule | None:
        """Return the rule that accepts ``proposal`` as it is, or None."""
        if proposal.person_only or proposal.step.stage is Stage.ARRANGEMENT:
            return None
        return next((rule for rule in self.rules if _covers(rule, proposal)), None)

    def bound(self, processor: str, claim: str) -> Bound | None:
        """Return the bound on a claimed measurement of a processor, if any."""
        bounds = (rule.claims.get(claim) for rule in self.rules if rule.processor == processor)
        return next((bound for bound in bounds if bound is not None), None)


def _covers(rule: PolicyRule, proposal: Proposal) -> bool:
    step = proposal.step
    if rule.stage is not step.stage or rule.processor not in ("*", step.processor):
        return False
    if rule.kinds and proposal.kind not in rule.kinds:
        return False
    if not all(name in step.knobs and b.holds(step.knobs[name]) for name, b in rule.knobs.items()):
        return False
    claimed = {claim.measurement: claim.expected for claim in proposal.claims}
    return all(name in claimed and b.holds(claimed[name]) for name, b in rule.claims.items())


class PolicyDecider:
    """Answers what a policy is allowed to answer and leaves the rest."""

    who = Who.POLICY

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.name = policy.name
        self.policy_digest: str | None = policy.digest

    def decide(self, question: Question) -> Mapping[str, Reply]:
        """Accept each proposal that a rule covers as it is; of several answers to one finding the gentlest."""
        covered = [p for p in question.proposals if self.policy.rule_for(p) is not None]
        chosen: list[Proposal] = []
        for proposal in sorted(covered, key=_moves):
            if not any(proposal.rivals(other) for other in chosen):
                chosen.append(proposal)
        return {proposal.id: Reply(answer=Answer.ACCEPT) for proposal in chosen}


def _moves(proposal: Proposal) -> float:
    """Return how far a proposal moves what it claims first."""
    claim = next(iter(proposal.claims), None)
    return abs(claim.expected - claim.before) if claim else 0.0


def waiting(proposals: Sequence[Proposal], answered: Mapping[str, Decision]) -> tuple[Proposal, ...]:
    """Return the proposals that no one answered, or that were deferred."""
    return tuple(p for p in proposals if p.id not in answered or answered[p.id].answer is Answer.DEFER)
