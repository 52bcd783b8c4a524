"""The LOUDNESS stage: how loud, what held it back, and the two steps that do it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controlroom.dsp.loudness_plan import Budgets, Plan, gain_for_target, plan
from controlroom.listening.heard import loudness_of
from controlroom.listening.listening import Listening
from controlroom.model.decisions import Answer, Decider, PolicyDecider, Question, Reply, Who
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Proposal, Stage
from controlroom.model.render import LoudnessPlan
from controlroom.model.standards import Standards
from controlroom.processors.form import Offer
from controlroom.processors.gain import Gain
from controlroom.processors.limiter import Limiter
from controlroom.studio.deciding import ask, sounding
from controlroom.studio.walk import Walk

BUDGET_KEYS = {
    "reduction_p95_db": "limiter.reduction_p95_db",
    "reduction_max_db": "limiter.reduction_max_db",
    "psr_p5_db": "loudness.psr_p5_db",
    "crest_loss_db": "dynamics.crest_loss_db",
}
POLICY_BOUND = "limiter.hygiene_p95_db"


@dataclass(frozen=True)
class Levelled:
    """The plan of the masters' level, and what was asked of it."""

    plan: LoudnessPlan
    proposals: tuple[Proposal, ...]


class TargetDecider:
    """A person who named a target: that is their answer to the two steps that reach it."""

    who = Who.PERSON
    policy_digest: str | None = None

    def __init__(self, name: str, target_lufs: float) -> None:
        self.name = name
        self.target_lufs = target_lufs

    def decide(self, question: Question) -> Mapping[str, Reply]:
        """Accept what reaches the target."""
        reply = Reply(answer=Answer.ACCEPT, reason=f"target {self.target_lufs:g} LUFS")
        return {proposal.id: reply for proposal in question.proposals}


def level(walk: Walk, deciders: Sequence[Decider]) -> Levelled:
    """Plan the level, ask, and take the accepted steps into the walk."""
    target = walk.song.memory.target
    standards = walk.song.standards
    limiter = Limiter(ceiling_dbtp=standards.number("loudness.ceiling_dbtp"))
    bound_db = None if target else _policy_bound(deciders)
    budgets = _budgets(standards, bound_db)
    audio = walk.now.audio
    if target:
        planned = gain_for_target(audio.samples, audio.rate_hz, target.lufs, limiter.settings(), budgets)
    else:
        planned = plan(audio.samples, audio.rate_hz, budgets, limiter.settings())
    proposals = tuple(
        _proposal(walk, kind, offer) for kind, offer in _offers(walk.now, planned, limiter, standards)
    )
    walk.song.memory.add_proposals(proposals, walk.song.now())
    walk.proposals.extend(proposals)
    asked = (TargetDecider(target.by, target.lufs),) if target else deciders
    ask(walk.song, Stage.LOUDNESS, proposals, walk.findings, asked)
    decided = sounding(walk.song, proposals)
    decided.update({d.proposal_id: d for d in walk.song.memory.hand_made if d.step.stage is Stage.LOUDNESS})
    walk.decisions.update(decided)
    walk.steps.extend(decision.step for decision in decided.values())
    as_planned = len(decided) == len(proposals) and all(d.answer is Answer.ACCEPT for d in decided.values())
    return Levelled(
        _told(planned, budgets, limiter, target.lufs if target else None, bound_db, as_planned), proposals
    )


def _policy_bound(deciders: Sequence[Decider]) -> float | None:
    """Return the limiting that answers without a person may accept at most."""
    if not deciders or any(decider.who is Who.PERSON for decider in deciders):
        return None
    bounds = [
        decider.policy.bound("limiter", "limiter.reduction_p95_db")
        for decider in deciders
        if isinstance(decider, PolicyDecider)
    ]
    limits = [bound.at_most for bound in bounds if bound is not None and bound.at_most is not None]
    return min(limits, default=None)


def _budgets(standards: Standards, bound_db: float | None) -> Budgets:
    p95_db = standards.number("limiter.reduction_p95_db")
    return Budgets(
        quietest_lufs=standards.number("loudness.target_low_lufs"),
        loudest_lufs=standards.number("loudness.target_high_lufs"),
        reduction_p95_db=p95_db if bound_db is None else min(p95_db, bound_db),
        reduction_max_db=standards.number("limiter.reduction_max_db"),
        psr_p5_db=standards.number("loudness.psr_p5_db"),
        crest_loss_db=standards.number("dynamics.crest_loss_db"),
    )


def _offers(
    sound: Listening, planned: Plan, limiter: Limiter, standards: Standards
) -> list[tuple[str, Offer]]:
    """Return the gain and the limiter as offers; nothing for a sound that has no loudness."""
    if not math.isfinite(planned.own_lufs) or not math.isfinite(planned.target_lufs):
        return []
    claim = Claim(
        measurement="loudness.integrated_lufs",
        before=planned.own_lufs,
        expected=planned.target_lufs,
        tolerance=standards.number("loudness.tolerance_lu"),
    )
    gain = Offer(Gain(gain_db=planned.gain_db), (claim,))
    peak_dbtp = loudness_of(sound).true_peak_dbtp
    return [("level", gain), ("true-peak", limiter.offer(peak_dbtp, planned.limiter, "mix", standards))]


def _proposal(walk: Walk, kind: str, offer: Offer) -> Proposal:
    about: list[Finding] = [finding for finding in walk.findings if finding.kind == kind]
    return Proposal(
        source_digest=walk.source_digest,
        upstream=walk.upstream,
        step=offer.processor.step(),
        kind=kind,
        answers=tuple(finding.id for finding in about),
        claims=offer.claims,
        provisional=bool(walk.waiting),
    )


def _told(
    planned: Plan,
    budgets: Budgets,
    limiter: Limiter,
    target_lufs: float | None,
    bound_db: float | None,
    as_planned: bool,
) -> LoudnessPlan:
    held = BUDGET_KEYS.get(planned.held_by or "")
    by_policy = bound_db is not None and budgets.reduction_p95_db == bound_db
    if held == "limiter.reduction_p95_db" and by_policy:
        held = POLICY_BOUND
    readings = {key: getattr(planned.readings, name) for name, key in BUDGET_KEYS.items()}
    limits = {key: getattr(budgets, name) for name, key in BUDGET_KEYS.items()}
    readings[POLICY_BOUND] = readings["limiter.reduction_p95_db"]
    limits[POLICY_BOUND] = limits["limiter.reduction_p95_db"]
    return LoudnessPlan(
        target_lufs=target_lufs if target_lufs is not None else budgets.loudest_lufs,
        announced_lufs=planned.target_lufs,
        gain_db=planned.gain_db,
        ceiling_dbtp=limiter.ceiling_dbtp,
        held_back_by=held,
        as_planned=as_planned,
        readings={key: value for key, value in readings.items() if math.isfinite(value)},
        limits=limits,
    )
