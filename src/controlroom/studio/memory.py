"""The ledger in the house's own words: what is known of a song, read and appended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controlroom.ledger.ledger import Ledger
from controlroom.model.base import canonical_json, digest_text
from controlroom.model.decisions import Answer, Decision, Elsewhere, Policy
from controlroom.model.findings import Finding, Note
from controlroom.model.one_shots import OneShot
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Proposal
from controlroom.model.render import Render
from controlroom.model.song import SongState, StemSet, Take

HAND_MADE = "hand-made"


@dataclass(frozen=True, slots=True)
class Target:
    """A level that a person named, and who."""

    lufs: float
    by: str


@dataclass
class Memory:
    """A song's ledger, read once and kept in step with what is appended.

    Only the studio holds one; every append is on the disk when it returns.
    """

    ledger: Ledger
    takes: dict[str, Take] = field(default_factory=dict)
    heard: dict[str, list[Finding]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    renders: list[dict[str, object]] = field(default_factory=list)
    released: bool = False
    target: Target | None = None
    stems: dict[str, StemSet] = field(default_factory=dict)
    marks: list[PartMark] = field(default_factory=list)
    one_shots: dict[str, OneShot] = field(default_factory=dict)
    _clocks: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the takes that a source, by its digest, is or is a stem of."""

    @classmethod
    def of(cls, ledger: Ledger, until: int | None = None) -> Memory:
        """Read the whole ledger, or as it stood at an entry."""
        memory = cls(ledger)
        for entry in ledger.entries():
            if until is not None and entry.seq > until:
                break
            memory._take_in(entry.kind, entry.body)
        return memory

    def _take_in(self, kind: str, body: Mapping[str, object]) -> None:
        match kind:
            case "take.added":
                self._take_up(Take.model_validate(body))
            case "findings":
                self.findings = [Finding.model_validate(one) for one in _listed(body["findings"])]
            case "note":
                self.notes.append(Note.model_validate(body))
            case "proposal":
                proposal = Proposal.model_validate(body)
                self.proposals[proposal.id] = proposal
            case "decision":
                decision = Decision.model_validate(body)
                self.decisions[decision.proposal_id] = decision
            case "rendered":
                self.renders.append(dict(body))
            case "target.set":
                self.target = Target(float(str(body["target_lufs"])), str(body["by"]))
            case "released":
                self.released = True
            case _:
                self._take_in_part(kind, body)

    def _take_in_part(self, kind: str, body: Mapping[str, object]) -> None:
        if kind == "stems.set":
            self._stems_of(StemSet.model_validate(body))
        elif kind == "part.marked":
            self._mark(PartMark.model_validate(body))
        elif kind == "sample.added":
            one = OneShot.model_validate(body)
            self.one_shots[one.id] = one
        elif kind == "sample.removed":
            self.one_shots.pop(str(body["id"]), None)

    def _take_up(self, take: Take) -> None:
        """Make a take the current one, which is the last; one that was here before comes back."""
        self.takes.pop(take.id, None)
        self.takes[take.id] = take
        self._clocks.setdefault(take.audio_digest, []).append(take.id)

    def _stems_of(self, made: StemSet) -> None:
        self.stems[made.take_id] = made
        take = self.takes.get(made.take_id)
        if take is not None:
            for stem in made.stems:
                source = source_digest(take.audio_digest, stem.audio_digest)
                self._clocks.setdefault(source, []).append(take.id)

    @property
    def findings(self) -> list[Finding]:
        """What was heard last of the current take."""
        return self.heard.get(self.clock, [])

    @findings.setter
    def findings(self, found: list[Finding]) -> None:
        self.heard[self.clock] = found

    @property
    def clock(self) -> str:
        """Name of the current take's clock, which is its id; empty before the first take."""
        return self.current_take.id if self.current_take else ""

    def add_take(self, take: Take, at: str) -> None:
        """Record an imported take; the last one added is the current one."""
        self._append("take.added", take.model_dump(mode="json"), at)

    def add_findings(self, stage: str, findings: Iterable[Finding], at: str) -> None:
        """Record what was heard; the same findings again are not written twice."""
        listed = [finding.model_dump(mode="json") for finding in findings]
        if [Finding.model_validate(one) for one in listed] != self.findings:
            self._append("findings", {"stage": stage, "findings": listed}, at)

    def add_note(self, note: Note, at: str) -> None:
        """Record a person's own finding."""
        self._append("note", note.model_dump(mode="json"), at)

    def add_proposals(self, proposals: Iterable[Proposal], at: str) -> None:
        """Record proposals that the ledger does not hold yet."""
        new = [p for p in proposals if p.id not in self.proposals]
        self.ledger.append_all([("proposal", p.model_dump(mode="json")) for p in new], at)
        for proposal in new:
            self.proposals[proposal.id] = proposal

    def add_withheld(self, kind: str, step: dict[str, object], broken: Iterable[str], at: str) -> None:
        """Record that guards let no strength of a step be asked."""
        body: dict[str, object] = {"kind": kind, "step": step, "broken": sorted(broken)}
        known = [dict(entry.body) for entry in self.ledger.entries(["withheld"])]
        if body not in known:
            self._append("withheld", body, at)

    def add_decision(self, decision: Decision, at: str) -> None:
        """Record an answer. Called by ``studio.decide`` and by nothing else."""
        self._append("decision", decision.model_dump(mode="json"), at)

    def sign_policy(self, policy: Policy, by: str, at: str) -> None:
        """Record that a person named a policy, and so signed it."""
        body = {"name": policy.name, "digest": policy.digest, "by": by, "policy": policy.document()}
        last = [entry.body for entry in self.ledger.entries(["policy.signed"])][-1:]
        if not last or last[0]["digest"] != policy.digest or last[0]["by"] != by:
            self._append("policy.signed", body, at)

    def add_render(self, render: Render, manifest: str, manifest_sha256: str, at: str) -> None:
        """Record a finished render with the digest of its manifest."""
        body = {
            "id": render.id,
            "manifest": manifest,
            "manifest_sha256": manifest_sha256,
            "premaster_digest": render.premaster_digest,
            "draft": render.draft,
        }
        self._append("rendered", body, at)

    def set_target(self, target_lufs: float, by: str, at: str) -> None:
        """Record the level that a person named; it stands until another is named."""
        if self.target is None or target_lufs != self.target.lufs:
            self._append("target.set", {"target_lufs": target_lufs, "by": by}, at)

    def set_stems(self, made: StemSet, at: str) -> None:
        """Record the stems that stand for a take from now on; the same ones again are not written twice."""
        before = self.stems.get(made.take_id)
        if before is None or before.model_copy(update={"at": made.at}) != made:
            self._append("stems.set", made.model_dump(mode="json"), at)

    def add_one_shot(self, one: OneShot, at: str) -> None:
        """Record a sample that a person brought."""
        self._append("sample.added", one.model_dump(mode="json"), at)

    def remove_one_shot(self, id_: str, at: str) -> None:
        """Record that a sample was taken off."""
        self._append("sample.removed", {"id": id_}, at)

    def add_mark(self, mark: PartMark, taken_back: Iterable[Decision], at: str) -> None:
        """Record what a person said of a part, and the answers that this takes back, in one transaction."""
        items = [("part.marked", mark.model_dump(mode="json"))]
        items += [("decision", decision.model_dump(mode="json")) for decision in taken_back]
        self.ledger.append_all(items, at)
        for kind, body in items:
            self._take_in(kind, body)

    def _mark(self, mark: PartMark) -> None:
        """Keep the marks that stand: the last one of each part and span, while it says anything."""
        self.marks = [one for one in self.marks if (one.part, one.span) != (mark.part, mark.span)]
        if mark.status is not None:
            self.marks.append(mark)

    def add_event(self, kind: str, body: dict[str, object], at: str) -> None:
        """Record anything else that happened to the song."""
        self._append(kind, body, at)

    def _append(self, kind: str, body: Mapping[str, object], at: str) -> None:
        self.ledger.append(kind, dict(body), at)
        self._take_in(kind, body)

    @property
    def current_take(self) -> Take | None:
        """The take that is worked on: the last one added."""
        return list(self.takes.values())[-1] if self.takes else None

    @property
    def sources(self) -> frozenset[str]:
        """Digests that questions about the current take and its stems rest on."""
        take = self.current_take
        if take is None:
            return frozenset()
        found = self.stems.get(take.id)
        stems = found.stems if found else ()
        return frozenset(
            [take.audio_digest, *(source_digest(take.audio_digest, stem.audio_digest) for stem in stems)]
        )

    @property
    def asked(self) -> list[Proposal]:
        """Every question that was ever asked of the current take and the stems that it has now."""
        sources = self.sources
        return [
            p
            for p in self.proposals.values()
            if p.source_digest in sources and self.clock_of(p) == self.clock
        ]

    @property
    def answered(self) -> dict[str, Decision]:
        """The standing answers that are about the current take, by proposal id."""
        return {id_: decision for id_, decision in self.decisions.items() if self.is_here(decision)}

    def clock_of(self, proposal: Proposal) -> str:
        """Return the clock that a question is on: the id of the take whose sound it rests on."""
        if proposal.step.span is not None:
            return proposal.step.span.clock
        takes = self._clocks.get(proposal.source_digest, [])
        return self.clock if self.clock in takes or not takes else takes[-1]

    def is_on(self, decision: Decision, take_id: str) -> bool:
        """Return whether a decision is about a take: its question rests on it, and its places are on its clock."""
        asked = self.proposals[decision.proposal_id]
        spans = (asked.step.span, decision.step.span)
        on_its_clock = all(span is None or span.clock == take_id for span in spans)
        return on_its_clock and take_id in self._clocks.get(asked.source_digest, ())

    def is_here(self, decision: Decision) -> bool:
        """Return whether a decision is about the current take; one about another does not sound."""
        return self.is_on(decision, self.clock)

    @property
    def hand_made(self) -> list[Decision]:
        """Accepted decisions on steps that a person wrote for the current take without any finding."""
        return [decision for decision in self._by_hand() if self.is_here(decision)]

    @property
    def elsewhere(self) -> list[Elsewhere]:
        """Accepted decisions on a person's own steps for other takes: kept, told, and not heard on this one."""
        return [
            Elsewhere(decision=decision, take=self._file_name(decision))
            for decision in self._by_hand()
            if not self.is_here(decision)
        ]

    def _file_name(self, decision: Decision) -> str:
        take = self.takes.get(self.clock_of(self.proposals[decision.proposal_id]))
        return take.facts.file_name if take else "another take"

    def _by_hand(self) -> list[Decision]:
        made = [p.id for p in self.proposals.values() if p.kind == HAND_MADE]
        answers = [self.decisions[id_] for id_ in made if id_ in self.decisions]
        return [decision for decision in answers if decision.sounds]

    @property
    def state(self) -> SongState:
        """Where the song stands."""
        if self.released:
            return SongState.RELEASED
        if self.renders:
            return SongState.RENDERED
        if any(d.answer is not Answer.DEFER for d in self.decisions.values()):
            return SongState.IN_DECISION
        return SongState.HEARD if self.findings or self.proposals else SongState.RAW


def source_digest(take_digest: str, stem_digest: str) -> str:
    """Return the digest of what a question about a stem rests on."""
    return digest_text(canonical_json([take_digest, stem_digest]))


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
