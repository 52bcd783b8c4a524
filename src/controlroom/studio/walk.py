"""One walk through the stages: hear, propose, ask, render, check, and on.

A walk makes the song's score as it goes: each stage adds the node of its accepted
steps, and what a node sounds like is asked of the player. ``propose`` walks without
a decider, ``finish`` with one; ``render`` walks with the answers that the ledger holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from controlroom.detectors.form import all_detectors
from controlroom.engine.cache import FolderCache
from controlroom.engine.claims import check_stage, improves
from controlroom.engine.desk import Handling, Told
from controlroom.engine.guarding import guarded, read_all
from controlroom.engine.notebook import Notebook
from controlroom.engine.overlay import refused_bands
from controlroom.engine.player import Player
from controlroom.engine.score import Node, Routed, Take, staged
from controlroom.engine.trial import Trial
from controlroom.listening.listening import LazyListening, Listening
from controlroom.model.audio import Audio
from controlroom.model.base import Record
from controlroom.model.context import Context
from controlroom.model.decisions import Answer, Decider, Decision, Who, waiting
from controlroom.model.errors import DecisionError
from controlroom.model.findings import Finding
from controlroom.model.parts import MIX
from controlroom.model.proposals import GuardReading, Proposal, Stage, Step
from controlroom.model.render import Outcome
from controlroom.model.standards import Standards
from controlroom.processors.form import Offer, all_processors
from controlroom.studio.correcting import known_of
from controlroom.studio.deciding import ask, sounding, withdraw
from controlroom.studio.keeping import Keeping
from controlroom.studio.marking import is_rebuilt, protecting
from controlroom.studio.memory import HAND_MADE, source_digest
from controlroom.studio.one_shots import one_shot_listenings
from controlroom.studio.song import Song
from controlroom.studio.stemming import stem_listenings
from controlroom.studio.trusting import confidence_of, may_be_boosted

Sounding: TypeAlias = Audio | Callable[[], Audio]
"""A sound, or what reads it when it is needed."""


class Heard(Record):
    """What was found in a sound."""

    findings: tuple[Finding, ...]


class Asked(Record):
    """What was asked of a node."""

    proposals: tuple[Proposal, ...]


class Read(Record):
    """What the guards read of a change."""

    readings: tuple[GuardReading, ...]


class Checked(Record):
    """What claims came to."""

    outcomes: tuple[Outcome, ...]


@dataclass
class Walk:
    """Where a walk stands: the score so far, and all that was asked and answered on the way.

    ``inputs`` are the nodes that proposals were asked of; ``master`` is what goes out,
    once the level was decided.
    """

    song: Song
    take: Listening
    source_digest: str
    start: Take = field(init=False)
    node: Node = field(init=False)
    master: Routed | None = field(default=None, init=False)
    player: Player = field(init=False)
    cache: FolderCache = field(init=False)
    findings: list[Finding] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    decisions: dict[str, Decision] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    guards: list[GuardReading] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    inputs: dict[str, Node] = field(default_factory=dict)
    keeping: Keeping = field(default_factory=Keeping)

    def __post_init__(self) -> None:
        self.node = self.start = Take.of(self.take)
        self.player = Player({self.start: self.take}, lambda: self.handling)
        # one for the whole walk: what it handed out it does not throw away, and the walk's stems read from it
        self.cache = FolderCache(self.song.folder.cache / "desk")

    @property
    def now(self) -> Listening:
        """The sound so far."""
        return self.player.listening(self.node)

    @property
    def told(self) -> Told:
        """What the processors told so far."""
        return self.player.told(self.master or self.node)

    @property
    def handling(self) -> Handling:
        """How the desk handles the stems, by the answers that stand now."""
        return handling(self.song, self.cache)

    @property
    def upstream(self) -> tuple[str, ...]:
        """Ids of the accepted steps so far."""
        return tuple(step.id for step in self.steps)

    def source_of(self, part: str) -> str:
        """Digest of what a question about a part rests on: the take, and the stem where it is one."""
        if part == MIX:
            return self.source_digest
        return source_digest(self.source_digest, self.take.stems[part].key)

    @property
    def premaster_digest(self) -> str:
        """Digest of the sound so far."""
        return self.now.keep(("audio.digest",), self.now.audio.digest)

    def decisions_now(self) -> list[Decision]:
        """Return the standing answers to this walk's proposals and to the person's own steps."""
        known = self.song.memory.answered
        asked = [known[p.id] for p in self.proposals if p.id in known]
        answered = [d for d in asked if d.answer is not Answer.DEFER]
        return [*answered, *self.song.memory.hand_made]

    @property
    def waiting(self) -> list[Proposal]:
        """Proposals that no one answered yet, or that were deferred."""
        return list(waiting(self.proposals, self.song.memory.answered))


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
    song: Song,
    take: Listening,
    digest: str,
    deciders: Sequence[Decider],
    context: Context,
    keeping: Keeping | None = None,
) -> Walk:
    """Walk every stage before LOUDNESS; what was heard, asked and measured before is found again where it is kept."""
    walk = Walk(song, take, digest, keeping=keeping or Keeping())
    with context.part("listen", 0.0, 0.4) as inner:
        walk.findings = heard(walk.keeping.notes, song.standards, take, inner)
    song.memory.add_findings("all", walk.findings, song.now())
    stages = [stage for stage in Stage if stage is not Stage.LOUDNESS]
    for stage in stages:
        start = 0.4 + 0.6 * stage.position / len(stages)
        with context.part(f"stage.{stage}", start, start + 0.6 / len(stages)) as inner:
            walk_stage(walk, stage, deciders, inner)
    return walk


def heard(
    notes: Notebook,
    standards: Standards,
    sound: Listening,
    context: Context,
) -> list[Finding]:
    """Return what all detectors find in a sound that follows from no other."""
    of = [Take.of(sound).key, standards.digest, _versions(all_detectors())]
    return list(
        notes.recall("heard", of, Heard, lambda: Heard(findings=hear(sound, standards, context))).findings
    )


def walk_stage(walk: Walk, stage: Stage, deciders: Sequence[Decider], context: Context) -> None:
    """Hear what this stage answers, propose, ask, render, and measure again."""
    kinds = _answered_at(stage)
    findings = [f for f in walk.findings if f.kind in kinds]
    if walk.node is not walk.start and kinds:
        findings = _heard_now(walk, kinds, findings, context)
    with context.part(f"propose.{stage}", 0.0, 0.7) as inner:
        proposals = _asked(walk, stage, findings, inner)
    walk.song.memory.add_proposals(proposals, walk.song.now())
    walk.proposals.extend(proposals)
    walk.inputs.update({p.id: walk.node for p in proposals})
    ask(walk.song, stage, proposals, findings, deciders)
    with context.part(f"render.{stage}", 0.7, 1.0) as inner:
        render_decided(walk, stage, proposals, inner)


def _heard_now(
    walk: Walk, kinds: frozenset[str], before: Sequence[Finding], context: Context
) -> list[Finding]:
    """Return what a stage's own detectors find after the steps before it; what no step changed is not heard again."""

    def hear_it() -> Heard:
        same = walk.now is walk.take
        return Heard(findings=before if same else hear(walk.now, walk.song.standards, context, kinds))

    of = [walk.node.key, walk.song.standards.digest, sorted(kinds), _versions(all_detectors())]
    return list(walk.keeping.notes.recall("heard", of, Heard, hear_it).findings)


def _asked(walk: Walk, stage: Stage, findings: Sequence[Finding], context: Context) -> list[Proposal]:
    """Return what a stage asks of a node: what it asked before, where all that it rests on is the same."""
    memory = walk.song.memory
    of = [
        [walk.source_digest, walk.node.key, walk.upstream, bool(walk.waiting)],
        [walk.song.standards.digest, walk.handling.min_coherence, sorted(memory.one_shots)],
        [mark.model_dump(mode="json", exclude={"by", "at", "reason"}) for mark in memory.marks],
        [finding.model_dump(mode="json") for finding in findings],
        [stage, _versions(all_processors())],
    ]

    def ask_it() -> Asked:
        return Asked(proposals=propose(walk, stage, findings, context))

    return list(walk.keeping.notes.recall("asked", of, Asked, ask_it).proposals)


def _guards_read(walk: Walk, node: Node, context: Context) -> tuple[GuardReading, ...]:
    def read() -> Read:
        before, after = walk.now, walk.player.listening(node, context)
        return Read(readings=() if after is before else read_all(before, after, walk.song.standards))

    of = [walk.node.key, node.key, walk.song.standards.digest]
    return walk.keeping.notes.recall("guards", of, Read, read).readings


def _outcomes(walk: Walk, accepted: Sequence[Proposal], context: Context) -> tuple[Outcome, ...]:
    """Return what the accepted steps of the last stage came to."""

    def check() -> Checked:
        made = walk.player.rendered(walk.node, context)
        return Checked(outcomes=check_stage(accepted, made.sound, walk.song.standards, made.told.readings))

    claims = [[p.id, p.step.part, [claim.model_dump(mode="json") for claim in p.claims]] for p in accepted]
    of = [walk.node.key, walk.song.standards.digest, claims]
    return walk.keeping.notes.recall("outcomes", of, Checked, check).outcomes if accepted else ()


def _versions(folder: Mapping[str, Any]) -> list[list[object]]:
    return [[name, one.version] for name, one in folder.items()]


def propose(walk: Walk, stage: Stage, findings: Sequence[Finding], context: Context) -> list[Proposal]:
    """Return what the hands of this stage would do, as far as guards allow."""
    proposals = []
    trial = Trial(walk.now, walk.song.standards, context, walk.handling)
    for index, finding in enumerate(findings):
        with context.part(
            f"propose.{finding.kind}", index / len(findings), (index + 1) / len(findings)
        ) as inner:
            trial.context = inner
            for processor in all_processors().values():
                if processor.stage is stage and finding.kind in processor.answers:
                    for offer in processor.propose(finding, trial):
                        inner.check()
                        proposals.extend(_proposal(walk, finding, offer, trial))
    return proposals


def _bounded(walk: Walk, offer: Offer) -> tuple[Offer, float] | None:
    """Return an offer with its boosts as far as its stem is trusted, and the share of it that is left."""
    standards = walk.song.standards
    most_db = standards.number("stems.max_boost_db")
    trusted = offer.part == MIX or may_be_boosted(walk.now.part(offer.part).trust, standards)
    if trusted or offer.processor.max_boost_db() <= most_db:
        return offer, 1.0
    shares = (share / 20 for share in range(19, 0, -1))
    weaker = ((offer.weakened(share), share) for share in shares)
    return next((one for one in weaker if one[0].processor.max_boost_db() <= most_db), None)


def _proposal(walk: Walk, finding: Finding, offer: Offer, trial: Trial) -> list[Proposal]:
    """Return the proposal of an offer, or nothing when a mark forbids it or guards withhold it."""
    if protecting(walk.song, offer.processor.step(offer.part, offer.span)):
        return []
    bounded = _bounded(walk, offer)
    if bounded is None:
        return []
    offer, bound = bounded
    person_only = offer.processor.person_only
    amount = 1.0
    readings: tuple[GuardReading, ...] = ()
    if not person_only:
        tried = guarded(offer, trial)
        if tried.withheld:
            broken = [reading.guard for reading in tried.readings if reading.broken]
            step = offer.processor.step(offer.part, offer.span).model_dump(mode="json")
            walk.song.memory.add_withheld(finding.kind, step, broken, walk.song.now())
            return []
        offer, amount, readings = tried.offer, tried.amount, tried.readings
    offer = replace(offer, claims=trial.claims_of(offer))
    if not improves(offer.claims):  # stem and mix are not coherent enough for it to be heard
        return []
    return [as_proposal(walk, finding, offer, bound * amount, readings)]


def as_proposal(
    walk: Walk,
    finding: Finding,
    offer: Offer,
    amount: float = 1.0,
    readings: tuple[GuardReading, ...] = (),
) -> Proposal:
    """Return the question that an offer is asked as; on a stem, no surer than the stem can be trusted."""
    return Proposal(
        source_digest=walk.source_of(offer.part),
        upstream=walk.upstream,
        step=offer.processor.step(offer.part, offer.span),
        kind=finding.kind,
        answers=(finding.id,),
        claims=offer.claims,
        guards=readings,
        amount=amount,
        confidence=min(offer.confidence, finding.confidence) * confidence_of(walk.now.part(offer.part).trust),
        person_only=offer.processor.person_only,
        provisional=bool(walk.waiting),
        refused=refused_bands(walk.now.part(offer.part).trust, walk.handling.min_coherence),
        node=walk.node.key,
    )


def render_decided(walk: Walk, stage: Stage, proposals: Sequence[Proposal], context: Context) -> None:
    """Render the accepted steps of a stage; withdraw what a guard refuses to a policy."""
    decided = _decided(walk, stage, proposals)
    if not decided:
        return
    node = _after(walk, stage, decided)
    readings = _guards_read(walk, node, context)
    walk.guards.extend(readings)
    broken = [reading.guard for reading in readings if reading.broken]
    by_policy = {id_: d for id_, d in decided.items() if d.who is Who.POLICY}
    if broken and by_policy:
        for id_, decision in by_policy.items():
            withdraw(walk.song, decision, broken)
            walk.withdrawn.append(id_)
        decided = {id_: d for id_, d in decided.items() if id_ not in by_policy}
        node = _after(walk, stage, decided)
    walk.node = node
    walk.decisions.update(decided)
    walk.steps.extend(decision.step for decision in decided.values())
    # what was claimed of one part says nothing of another that a person moved the step to
    accepted = [p for p in proposals if p.id in decided and decided[p.id].step.part == p.step.part]
    walk.outcomes.extend(_outcomes(walk, accepted, context))


def _after(walk: Walk, stage: Stage, decided: Mapping[str, Decision]) -> Node:
    return staged(walk.node, stage, (d.step for d in decided.values()), walk.handling.min_coherence)


def _decided(walk: Walk, stage: Stage, proposals: Sequence[Proposal]) -> dict[str, Decision]:
    decided = sounding(walk.song, proposals)
    for decision in walk.song.memory.hand_made:
        if decision.step.stage is stage:
            decided[decision.proposal_id] = decision
    gone = [d for d in decided.values() if d.step.part != MIX and d.step.part not in walk.now.stems]
    if gone:
        step = gone[0].step
        raise DecisionError(
            "stems.gone",
            f"{step.processor} was decided for {step.part}, which the stems of this take no longer have",
            f"`controlroom undo {walk.song.folder.root} {gone[0].proposal_id}`, or bring such a stem again",
        )
    return decided


def handling(song: Song, cache: FolderCache | None = None) -> Handling:
    """Return how the desk handles a song's stems: what is kept of them, and how coherent a band must be.

    Where the mix is made anew from its stems no band is refused: there the stems are the mix.
    """
    least = 0.0 if is_rebuilt(song) else song.standards.number("stems.overlay_min_coherence")
    return Handling(cache, least, one_shot_listenings(song))


def _answered_at(stage: Stage) -> frozenset[str]:
    return frozenset(k for p in all_processors().values() if p.stage is stage for k in p.answers)


def hand_made_proposal(song: Song, digest: str, step: Step) -> Proposal:
    """Return the proposal under which a person's own step is recorded."""
    del song
    return Proposal(source_digest=digest, upstream=(), step=step, kind=HAND_MADE)


def take_listening(song: Song, audio: Sounding) -> Listening:
    """Return the listening of the song's current take, on its own clock, with its stems and all that is known of it.

    Of a take that is to be read when it is needed, ``audio`` reads it.
    """
    known, take = known_of(song), song.take
    load = (lambda: audio) if isinstance(audio, Audio) else audio
    return LazyListening(load, take.audio_digest, known, stems=stem_listenings(song, take, known))
