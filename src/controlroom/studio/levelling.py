"""The LOUDNESS stage: how loud, what held it back, and the two steps that do it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controlroom.dsp.loudness_plan import Budgets, Sought, seek, seek_target
from controlroom.engine.deliverable import as_delivered
from controlroom.engine.desk import Rendered
from controlroom.engine.score import Routed
from controlroom.listening.heard import loudness_of
from controlroom.listening.listening import Listening
from controlroom.model.base import Record
from controlroom.model.decisions import Answer, Decider, PolicyDecider, Question, Reply, Who
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Claim, Proposal, Stage
from controlroom.model.render import LoudnessPlan
from controlroom.model.route import Route
from controlroom.model.standards import Standards
from controlroom.processors.form import Offer
from controlroom.processors.gain import MOST_DB as GAIN_MOST_DB
from controlroom.processors.gain import Gain
from controlroom.processors.limiter import Limiter
from controlroom.studio.deciding import ask, sounding
from controlroom.studio.routing import route_of
from controlroom.studio.walk import Walk

BUDGET_KEYS = {
    "reduction_p95_db": "limiter.reduction_p95_db",
    "reduction_max_db": "limiter.reduction_max_db",
    "psr_p5_db": "loudness.psr_p5_db",
    "crest_loss_db": "dynamics.crest_loss_db",
}
POLICY_BOUND = "limiter.hygiene_p95_db"
GAIN_REACH = "gain.gain_db"
LOWEST_TARGET_LUFS, HIGHEST_TARGET_LUFS = -60.0, 0.0


def checked_target(target_lufs: float) -> float:
    """Return a level that a person named; UsageError where no master can be brought there.

    Near −70 LUFS the meter's gate opens: below it there is no loudness to speak of.
    """
    if not LOWEST_TARGET_LUFS <= target_lufs <= HIGHEST_TARGET_LUFS:
        raise UsageError(
            "usage.target",
            f"a target of {target_lufs:g} LUFS is out of reach",
            f"name one from {LOWEST_TARGET_LUFS:g} to {HIGHEST_TARGET_LUFS:g} LUFS",
        )
    return target_lufs


@dataclass(frozen=True)
class Levelled:
    """The plan of the masters' level, what was asked of it, and what goes out."""

    plan: LoudnessPlan
    proposals: tuple[Proposal, ...]
    master: Routed


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


class Planned(Record):
    """How loud the masters may be, and what gain and limiter claim; no claims where no level can be planned."""

    plan: LoudnessPlan
    claims: tuple[tuple[Claim, ...], ...]


def level(walk: Walk, deciders: Sequence[Decider]) -> Levelled:
    """Plan the level, ask, and take the accepted steps into the walk."""
    target, route = walk.song.memory.target, route_of(walk.song)
    planned = _planned(walk, route, None if target else _policy_bound(deciders))
    hands: tuple[Gain | Limiter, ...] = (
        Gain(gain_db=planned.plan.gain_db),
        Limiter(ceiling_dbtp=planned.plan.ceiling_dbtp),
    )
    asked = [_proposal(walk, *offered) for offered in zip(hands, planned.claims, strict=False)]
    walk.song.memory.add_proposals(asked, walk.song.now())
    walk.proposals.extend(asked)
    walk.inputs.update({p.id: walk.node for p in asked})
    who = (TargetDecider(target.by, target.lufs),) if target else deciders
    ask(walk.song, Stage.LOUDNESS, asked, walk.findings, who)
    decided = sounding(walk.song, asked)
    decided.update({d.proposal_id: d for d in walk.song.memory.hand_made if d.step.stage is Stage.LOUDNESS})
    walk.decisions.update(decided)
    walk.steps.extend(decision.step for decision in decided.values())
    steps = tuple(decision.step for decision in decided.values())
    walk.master = Routed(walk.node, route, _rate_hz(walk, route), steps)
    as_planned = steps == tuple(hand.step() for hand in hands)
    plan = planned.plan.model_copy(update={"as_planned": as_planned})
    return Levelled(plan, tuple(asked), walk.master)


def _rate_hz(walk: Walk, route: Route) -> int:
    return route.rate_of(walk.song.take.facts.rate_hz)


def _planned(walk: Walk, route: Route, bound_db: float | None) -> Planned:
    """Return the plan of a route's level on the sound so far: as it was made before, or made now."""
    of = [walk.node.key, _rate_hz(walk, route), route.ceiling_dbtp, route.level.model_dump(mode="json")]
    hands = [Gain.version, Limiter.version]
    return walk.keeping.notes.recall(
        "level",
        [*of, walk.song.standards.digest, bound_db, hands],
        Planned,
        lambda: _plan(walk, route, bound_db),
    )


def _plan(walk: Walk, route: Route, bound_db: float | None) -> Planned:
    standards, target_lufs, rate_hz = walk.song.standards, route.level.target_lufs, _rate_hz(walk, route)
    limiter = Limiter(ceiling_dbtp=route.ceiling_dbtp)
    budgets = _budgets(route, standards, bound_db)
    source = as_delivered(walk.now, rate_hz)
    audio, settings = source.audio, limiter.settings()
    if target_lufs is not None:
        sought = seek_target(audio.samples, audio.rate_hz, target_lufs, settings, budgets)
    else:
        sought = seek(audio.samples, audio.rate_hz, budgets, settings)
    wanted_db = sought.gain_db if math.isfinite(sought.own_lufs) else 0.0
    gain = Gain(gain_db=min(max(wanted_db, -GAIN_MOST_DB), GAIN_MOST_DB))
    reached = abs(wanted_db) <= GAIN_MOST_DB
    tried = walk.player.rendered(Routed(walk.node, route, rate_hz, (gain.step(), limiter.step())))
    announced = loudness_of(tried.sound).integrated_lufs
    offers = _offers(source, sought, gain, limiter, tried, standards) if math.isfinite(announced) else ()
    readings = _readings(sought if reached else None, tried)
    plan = LoudnessPlan(
        target_lufs=route.level.loudest_lufs if target_lufs is None else target_lufs,
        announced_lufs=announced if math.isfinite(announced) else None,
        gain_db=gain.gain_db,
        ceiling_dbtp=limiter.ceiling_dbtp,
        held_back_by=_held(sought, budgets, bound_db) if reached else GAIN_REACH,
        readings={key: value for key, value in readings.items() if math.isfinite(value)},
        limits=_limits(budgets),
    )
    return Planned(plan=plan, claims=tuple(offer.claims for offer in offers))


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


def _budgets(route: Route, standards: Standards, bound_db: float | None) -> Budgets:
    p95_db = standards.number("limiter.reduction_p95_db")
    return Budgets(
        quietest_lufs=route.level.quietest_lufs,
        loudest_lufs=route.level.loudest_lufs,
        reduction_p95_db=p95_db if bound_db is None else min(p95_db, bound_db),
        reduction_max_db=standards.number("limiter.reduction_max_db"),
        psr_p5_db=standards.number("loudness.psr_p5_db"),
        crest_loss_db=standards.number("dynamics.crest_loss_db"),
    )


def _offers(
    sound: Listening, sought: Sought, gain: Gain, limiter: Limiter, tried: Rendered, standards: Standards
) -> tuple[Offer, ...]:
    """Return the gain and the limiter as offers, with what the trial came to as their claims."""
    claim = Claim(
        measurement="loudness.integrated_lufs",
        before=sought.own_lufs,
        expected=loudness_of(tried.sound).integrated_lufs,
        tolerance=standards.number("loudness.tolerance_lu"),
    )
    peak_dbtp = loudness_of(sound).true_peak_dbtp
    return (Offer(gain, (claim,)), limiter.offer(peak_dbtp, tried.told.readings, "mix", standards))


def _proposal(walk: Walk, hand: Gain | Limiter, claims: tuple[Claim, ...]) -> Proposal:
    kind = hand.answers[0]
    return Proposal(
        source_digest=walk.source_digest,
        upstream=walk.upstream,
        step=hand.step(),
        kind=kind,
        answers=tuple(finding.id for finding in walk.findings if finding.kind == kind),
        claims=claims,
        provisional=bool(walk.waiting),
        node=walk.node.key,
    )


def _held(sought: Sought, budgets: Budgets, bound_db: float | None) -> str | None:
    held = BUDGET_KEYS.get(sought.held_by or "")
    by_policy = bound_db is not None and budgets.reduction_p95_db == bound_db
    return POLICY_BOUND if held == "limiter.reduction_p95_db" and by_policy else held


def _readings(sought: Sought | None, tried: Rendered) -> dict[str, float]:
    """Return what the level costs: as planned, where it is carried out as planned, and as the limiter told."""
    planned = {key: getattr(sought.readings, name) for name, key in BUDGET_KEYS.items()} if sought else {}
    readings = {**planned, **tried.told.readings}
    return {**readings, POLICY_BOUND: readings.get("limiter.reduction_p95_db", math.nan)}


def _limits(budgets: Budgets) -> dict[str, float]:
    limits = {key: getattr(budgets, name) for name, key in BUDGET_KEYS.items()}
    return {**limits, POLICY_BOUND: limits["limiter.reduction_p95_db"]}
