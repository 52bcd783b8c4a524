"""The ledger in the house's own words: what is known of a song, read and appended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controlroom.ledger.ledger import Ledger
from controlroom.model.decisions import Decision, Policy
from controlroom.model.findings import Finding, Note
from controlroom.model.one_shots import OneShot
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Proposal, Step, Withheld
from controlroom.model.references import Reference
from controlroom.model.render import Render
from controlroom.model.song import StemSet, Take
from controlroom.music.correction import MusicCorrection
from controlroom.studio.entries import Event, Heard, PolicySigned, Rendered, TargetSet, fold, stored
from controlroom.studio.remembered import HAND_MADE, Remembered, Target, source_digest

__all__ = ["HAND_MADE", "Memory", "Target", "source_digest"]

Fact = Event | Take | Note | OneShot | Reference | MusicCorrection | StemSet | Withheld
"""What may be added as it is; decisions, and marks that take some back, are ``studio.deciding``'s."""


@dataclass
class Memory(Remembered):
    """A song's ledger, read once and kept in step with what is appended.

    Only the studio holds one; every append is on the disk when it returns.
    """

    ledger: Ledger = field(kw_only=True)

    @classmethod
    def of(cls, ledger: Ledger, until: int | None = None) -> Memory:
        """Read the whole ledger, or as it stood at an entry."""
        memory = cls(ledger=ledger)
        for entry in ledger.entries():
            if until is not None and entry.seq > until:
                break
            fold(memory, entry.kind, entry.body)
        return memory

    def add(self, fact: Fact, at: str) -> None:
        """Record something that was done to the song or is known of it."""
        self._append([fact], at)

    def add_decisions(self, decisions: Sequence[Decision], at: str, mark: PartMark | None = None) -> None:
        """Record answers, and the mark that brought them, in one transaction. Called by ``studio.deciding`` alone."""
        self._append([*([mark] if mark else []), *decisions], at)

    def add_findings(self, stage: str, findings: Iterable[Finding], at: str) -> None:
        """Record what was heard of the current take; the same findings again are not written twice."""
        heard = Heard(stage=stage, findings=tuple(findings), take_id=self.clock)
        listed = Heard.model_validate(heard.model_dump(mode="json"))  # a float may change on its way
        if list(listed.findings) != self.findings:
            self.add(heard, at)

    def add_proposals(self, proposals: Iterable[Proposal], at: str) -> None:
        """Record proposals that the ledger does not hold yet."""
        self._append([p for p in proposals if p.id not in self.proposals], at)

    def add_withheld(self, kind: str, step: Mapping[str, object], broken: Iterable[str], at: str) -> None:
        """Record that guards let no strength of a step be asked."""
        withheld = Withheld(kind=kind, step=Step.model_validate(step), broken=tuple(sorted(broken)))
        if withheld not in self.withheld:
            self.add(withheld, at)

    def sign_policy(self, policy: Policy, by: str, at: str) -> None:
        """Record that a person named a policy, and so signed it."""
        last = self.policies[-1] if self.policies else None
        if last is None or (last.digest, last.by) != (policy.digest, by):
            signed = PolicySigned(name=policy.name, digest=policy.digest, by=by, policy=policy.document())
            self.add(signed, at)

    def add_render(self, render: Render, manifest: str, manifest_sha256: str, at: str) -> None:
        """Record a finished render with the digest of its manifest."""
        rendered = Rendered(
            id=render.id,
            manifest=manifest,
            manifest_sha256=manifest_sha256,
            premaster_digest=render.premaster_digest,
            draft=render.draft,
        )
        self.add(rendered, at)

    def set_target(self, target_lufs: float, by: str, at: str) -> None:
        """Record the level that a person named; it stands until another is named."""
        if self.target is None or target_lufs != self.target.lufs:
            self.add(TargetSet(target_lufs=target_lufs, by=by), at)

    def set_stems(self, made: StemSet, at: str) -> None:
        """Record the stems that stand for a take from now on; the same ones again are not written twice."""
        before = self.stems.get(made.take_id)
        if before is None or before.model_copy(update={"at": made.at}) != made:
            self.add(made, at)

    def _append(self, records: Sequence[Fact | Proposal | Decision | PartMark], at: str) -> None:
        entries = [stored(record) for record in records]
        self.ledger.append_all(entries, at)
        for kind, body in entries:
            fold(self, kind, body)
