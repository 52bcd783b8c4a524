"""One walk through the stages: hear, propose, ask, render, check, and on.

The same walk serves every verb. ``propose`` walks without a decider, ``finish``
with one; ``render`` walks with the answers that the ledger holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controlroom.detectors.form import all_detectors
from controlroom.engine.claims import check_stage
from controlroom.engine.desk import Sources, Told, render_stage
from controlroom.engine.guards import guarded, read_all
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.decisions import Answer, Decider, Decision, Who, waiting
from controlroom.model.findings import Finding
from controlroom.model.proposals import GuardReading, Proposal, Stage, Step
from controlroom.model.render import Outcome
from controlroom.model.standards import Standards
from controlroom.processors.form import Offer, all_processors
from controlroom.studio.deciding import ask, sounding, withdraw
from controlroom.studio.memory import HAND_MADE
from controlroom.studio.song import Song


@dataclass
class Walk:
    """Where a walk stands: the sound so far, and all that was asked and answered on the way."""

    song: Song
    take: Listening
    source_digest: str
    now: Listening = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    decisions: dict[str, Decision] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    guards: list[GuardReading] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    inputs: dict[str, Listening] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.take

    @property
    def upstream(self) -> tuple[str, ...]:
        """Ids of the accepted steps so far."""
        return tuple(step.id for step in self.steps)

    @property
    def premaster_digest(self) -> str:
        """Digest of the sound so far."""
        return self.now.keep(("audio.digest",), self.now.audio.digest)

    def decisions_now(self) -> list[Decision]:
        """Return the standing answers to this walk's proposals and to the person's own steps."""
        known = self.song.memory.decisions
        asked = [known[p.id] for p in self.proposals if p.id in known]
        answered = [d for d in asked if d.answer is not Answer.DEFER]
        return [*answered, *self.song.memory.hand_made]

    @property
    def waiting(self) -> list[Proposal]:
        """Proposals that no one answered yet, or that were deferred."""
        return list(waiting(self.proposals, self.song.memory.decisions))


def hear(
    listening: Listening, standards: Standards, context: Context, kinds: frozenset[str] | None = None
) -> list[Finding]:
    """Run the detectors (of some kinds only, when given) and return their findings."""
    findings: list[Finding] = []
    detectors = [d for d in all_detectors().values() if kinds is None or kinds & set(d.kinds)]
    for index, detector in enumerate(detectors):
        context.tell(f"listen.{detector.name}", index / len(detectors))
        found = detector.detect(listening, standards)
        findings.extend(f for f in found if kinds is None or f.kind in kinds)
    return sorted(findings, key=lambda f: (f.information, -f.severity, f.kind))


def walk_to_premaster(
    song: Song, take: Listening, digest: str, deciders: Sequence[Decider], context: Context
) -> Walk:
    """Walk every stage before LOUDNESS."""
    walk = Walk(song, take, digest)
    with context.part("listen", 0.0, 0.4) as inner:
        walk.findings = hear(take, song.standards, inner)
    song.memory.add_findings("all", walk.findings, song.now())
    stages = [stage for stage in Stage if stage is not Stage.LOUDNESS]
    for stage in stages:
        start = 0.4 + 0.6 * stage.position / len(stages)
        with context.part(f"stage.{stage}", start, start + 0.6 / len(stages)) as inner:
            walk_stage(walk, stage, deciders, inner)
    return walk


def walk_stage(walk: Walk, stage: Stage, deciders: Sequence[Decider], context: Context) -> None:
    """Hear what this stage answers, propose, ask, render, and measure again."""
    kinds = _answered_at(stage)
    findings = [f for f in walk.findings if f.kind in kinds]
    if walk.now is not walk.take and kinds:
        findings = hear(walk.now, walk.song.standards, context, kinds)
    proposals = propose(walk, stage, findings)
    walk.song.memory.add_proposals(proposals, walk.song.now())
    walk.proposals.extend(proposals)
    walk.inputs.update({p.id: walk.now for p in proposals})
    ask(walk.song, stage, proposals, findings, deciders)
    render_decided(walk, stage, proposals, context)


def propose(walk: Walk, stage: Stage, findings: Sequence[Finding]) -> list[Proposal]:
    """Return what the hands of this stage would do, as far as guards allow."""
    proposals = []
    standards = walk.song.standards
    for finding in findings:
        for processor in all_processors().values():
            if processor.stage is stage and finding.kind in processor.answers:
                for offer in processor.propose(finding, walk.now, standards):
                    proposals.extend(_proposal(walk, finding, offer))
    return proposals


def _proposal(walk: Walk, finding: Finding, offer: Offer) -> list[Proposal]:
    """Return the proposal of an offer, or nothing when guards withhold it."""
    person_only = offer.processor.person_only
    amount = 1.0
    readings: tuple[GuardReading, ...] = ()
    if not person_only:
        tried = guarded(offer, walk.now, walk.song.standards)
        if tried.withheld:
            broken = [reading.guard for reading in tried.readings if reading.broken]
            step = offer.processor.step(offer.part, offer.span).model_dump(mode="json")
            walk.song.memory.add_withheld(finding.kind, step, broken, walk.song.now())
            return []
        offer, amount, readings = tried.offer, tried.amount, tried.readings
    return [as_proposal(walk, finding, offer, amount, readings)]


def as_proposal(
    walk: Walk,
    finding: Finding,
    offer: Offer,
    amount: float = 1.0,
    readings: tuple[GuardReading, ...] = (),
) -> Proposal:
    """Return the question that an offer is asked as."""
    return Proposal(
        source_digest=walk.source_digest,
        upstream=walk.upstream,
        step=offer.processor.step(offer.part, offer.span),
        kind=finding.kind,
        answers=(finding.id,),
        claims=offer.claims,
        guards=readings,
        amount=amount,
        confidence=min(offer.confidence, finding.confidence),
        person_only=offer.processor.person_only,
        provisional=bool(walk.waiting),
    )


def render_decided(walk: Walk, stage: Stage, proposals: Sequence[Proposal], context: Context) -> None:
    """Render the accepted steps of a stage; withdraw what a guard refuses to a policy."""
    decided = _decided(walk, stage, proposals)
    if not decided:
        return
    before = walk.now
    after, told = _render(before, decided, context)
    broken = _guards_broken(walk, before, after) if after is not before else []
    by_policy = {id_: d for id_, d in decided.items() if d.who is Who.POLICY}
    if broken and by_policy:
        for id_, decision in by_policy.items():
            withdraw(walk.song, decision, broken)
            walk.withdrawn.append(id_)
        decided = {id_: d for id_, d in decided.items() if id_ not in by_policy}
        after, told = _render(before, decided, context)
    walk.now = after
    walk.told = walk.told.joined(told)
    walk.decisions.update(decided)
    walk.steps.extend(decision.step for decision in decided.values())
    accepted = [p for p in proposals if p.id in decided]
    walk.outcomes.extend(check_stage(accepted, after, walk.song.standards, told.readings))


def _decided(walk: Walk, stage: Stage, proposals: Sequence[Proposal]) -> dict[str, Decision]:
    decided = sounding(walk.song, proposals)
    for decision in walk.song.memory.hand_made:
        if decision.step.stage is stage:
            decided[decision.proposal_id] = decision
    return decided


def _render(before: Listening, decided: Mapping[str, Decision], context: Context) -> tuple[Listening, Told]:
    stems = {role: stem.audio for role, stem in before.stems.items()}
    result = render_stage(Sources(before.audio, stems), [d.step for d in decided.values()], context)
    if result.sources.mix is before.audio and result.sources.stems == stems:
        return before, result.told
    after_stems = {
        role: before.stems[role] if audio is stems[role] else Listening(audio, before.clock)
        for role, audio in result.sources.stems.items()
    }
    return Listening(result.sources.mix, before.clock, after_stems), result.told


def _guards_broken(walk: Walk, before: Listening, after: Listening) -> list[str]:
    readings = read_all(before, after, walk.song.standards)
    walk.guards.extend(readings)
    return [reading.guard for reading in readings if reading.broken]


def _answered_at(stage: Stage) -> frozenset[str]:
    return frozenset(k for p in all_processors().values() if p.stage is stage for k in p.answers)


def hand_made_proposal(song: Song, digest: str, step: Step) -> Proposal:
    """Return the proposal under which a person's own step is recorded."""
    del song
    return Proposal(source_digest=digest, upstream=(), step=step, kind=HAND_MADE)


def listening_of(audio: Audio, take_id: str) -> Listening:
    """Return the listening of a take on its own clock."""
    return Listening(audio, clock=take_id)
