"""The claim check: what was promised, against what is measured of the outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.proposals import Claim, Proposal
from controlroom.model.render import Outcome
from controlroom.model.standards import Standards


def outcome_of(claim: Claim, after: Listening, standards: Standards, readings: Mapping[str, float]) -> float:
    """Return what a claim's measurement came to: a step's own reading, or measured."""
    if claim.measurement in readings:
        return readings[claim.measurement]
    return measure(after, claim.measurement, standards)


def improves(claims: Sequence[Claim]) -> bool:
    """Return whether any claim moves its measurement the way that it promises, or there is none."""
    moves = {
        "at_most": lambda c: c.expected < c.before,
        "at_least": lambda c: c.expected > c.before,
        "near": lambda c: c.expected != c.before,
    }
    return not claims or any(moves[claim.sense](claim) for claim in claims)


def check_stage(
    proposals: Sequence[Proposal],
    after: Listening,
    standards: Standards,
    readings: Mapping[str, float],
) -> tuple[Outcome, ...]:
    """Measure every claim of the accepted proposals again, after their stage."""
    outcomes = []
    for proposal in proposals:
        part = after.part(proposal.step.part)
        for claim in proposal.claims:
            value = outcome_of(claim, part if claim.on == "part" else after, standards, readings)
            outcomes.append(
                Outcome(proposal_id=proposal.id, claim=claim, after_stage=value, kept=claim.holds(value))
            )
    return tuple(outcomes)


def check_master(
    outcomes: Sequence[Outcome],
    master: Listening,
    standards: Standards,
    parts: Mapping[str, str],
    readings: Mapping[str, float],
) -> tuple[Outcome, ...]:
    """Measure the same claims in the final master.

    Every claimed measurement but the level itself is free of level, so the
    master needs no gain to be compared; claims on a stem are not measured in
    the mix. ``parts`` maps a proposal's id to the part its step is on.
    """
    checked = []
    for outcome in outcomes:
        if parts.get(outcome.proposal_id, "mix") != "mix":
            checked.append(outcome)
            continue
        value = outcome_of(outcome.claim, master, standards, readings)
        checked.append(
            outcome.model_copy(update={"in_master": value, "kept_in_master": outcome.claim.holds(value)})
        )
    return tuple(checked)
