"""The table of ledger entries: of each kind the record that is stored, what it leaves behind, and its sentence.

A new kind is one row. Memory folds by it, history, page and terminal tell by it,
and nothing that has no row is written. What is imported late is heavy: a song is
opened more often than it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ConfigDict

from controlroom.model.base import Record
from controlroom.model.decisions import Decision
from controlroom.model.figures import clock, format_measurement
from controlroom.model.findings import Finding, Note
from controlroom.model.one_shots import OneShot
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Proposal, Withheld
from controlroom.model.references import Reference
from controlroom.model.song import StemSet, Take
from controlroom.model.wording import listed, spoken
from controlroom.music.correction import MusicCorrection
from controlroom.studio.remembered import Remembered, Signed, Target, source_digest

MUSIC = ("tempo_bpm", "first_downbeat_s", "beats_per_bar", "key", "sections", "chords")
Kept = TypeVar("Kept", bound=Record)


class Event(Record):
    """A stored entry that is no noun of its own; fields that another version wrote are passed over."""

    model_config = ConfigDict(extra="ignore")


class SongCreated(Event):
    """The song's card, as it was made."""

    id: str
    title: str


class SignerSet(Event):
    """Whose key signs from here on; written by the ledger itself."""

    key: str


class StandardsSet(Event):
    """Which standards are in force from here on."""

    digest: str


class Heard(Event):
    """What was heard of a take; entries of before name none, and are about the take that was current."""

    stage: str
    findings: tuple[Finding, ...]
    take_id: str = ""


class PolicySigned(Event):
    """A policy that a person named, and so signed."""

    name: str
    digest: str
    by: str = ""
    policy: dict[str, Any] = {}


class TargetSet(Event):
    """The level that a person named."""

    target_lufs: float
    by: str


class SampleRemoved(Event):
    """A sample that was taken off."""

    id: str


class ReferenceRemoved(Event):
    """A reference that was taken off."""

    id: str


class BlindTrial(Event):
    """A blind ABX trial: how often X was told right, and how likely that is by guessing."""

    a: str
    b: str
    correct: int
    total: int
    chance: float
    by: str = "somebody"


class Restored(Event):
    """A file that was missing or damaged and was put back."""

    file: str


class Rendered(Event):
    """A finished render, with the digest of its manifest."""

    id: str = ""
    manifest: str
    manifest_sha256: str
    premaster_digest: str = ""
    draft: bool = True


class Released(Event):
    """The render that went out."""

    render: str = ""


def _take(known: Remembered, take: Take) -> None:
    """Make a take the current one, which is the last; one that was here before comes back."""
    known.takes.pop(take.id, None)
    known.takes[take.id] = take
    known.clocks.setdefault(take.audio_digest, []).append(take.id)


def _heard(known: Remembered, heard: Heard) -> None:
    known.heard[heard.take_id or known.clock] = list(heard.findings)


def _proposal(known: Remembered, proposal: Proposal) -> None:
    known.proposals[proposal.id] = proposal


def _decision(known: Remembered, decision: Decision) -> None:
    known.answers.setdefault(decision.proposal_id, []).append(decision)
    known.decisions[decision.proposal_id] = decision


def _stems(known: Remembered, made: StemSet) -> None:
    known.stem_sets.append(made)
    known.stems[made.take_id] = made
    take = known.takes.get(made.take_id)
    if take is not None:
        for stem in made.stems:
            source = source_digest(take.audio_digest, stem.audio_digest)
            known.clocks.setdefault(source, []).append(take.id)


def _sample(known: Remembered, one: OneShot) -> None:
    known.one_shots[one.id] = one


def _sample_removed(known: Remembered, one: SampleRemoved) -> None:
    known.one_shots.pop(one.id, None)


def _reference(known: Remembered, one: Reference) -> None:
    known.references[one.id] = one


def _reference_removed(known: Remembered, one: ReferenceRemoved) -> None:
    known.references.pop(one.id, None)


def _mark(known: Remembered, mark: PartMark) -> None:
    """Keep the marks that stand: the last one of each part and span, while it says anything."""
    known.marks = [one for one in known.marks if (one.part, one.span) != (mark.part, mark.span)]
    if mark.status is not None:
        known.marks.append(mark)


def _policy(known: Remembered, signed: PolicySigned) -> None:
    known.policies.append(Signed(signed.name, signed.digest, signed.by))


def _target(known: Remembered, target: TargetSet) -> None:
    known.target = Target(target.target_lufs, target.by)


def _rendered(known: Remembered, rendered: Rendered) -> None:
    known.renders.append(rendered.model_dump(mode="json"))


def _released(known: Remembered, _released: Released) -> None:
    known.released = True


def _created(known: Remembered, created: SongCreated) -> None:
    known.song_id = created.id


def _standards(known: Remembered, standards: StandardsSet) -> None:
    known.standards_digest = standards.digest


def told_only(_known: Remembered, _record: Record) -> None:
    """Leave nothing behind: the entry stands for whoever reads the history."""


def _say_heard(heard: Heard) -> str:
    from controlroom.report.telling import finding_title

    when = "Listened" if heard.stage == "all" else f"Listened at the {heard.stage} stage"
    names = list(dict.fromkeys(finding_title(finding.kind).lower() for finding in heard.findings))
    return f"{when}: {listed(names) if names else 'nothing to observe'}"


def _say_proposal(proposal: Proposal) -> str:
    from controlroom.report.telling import proposal_sentence

    return proposal_sentence(proposal)


def _say_withheld(withheld: Withheld) -> str:
    from controlroom.report.sentences import withheld_sentence

    return withheld_sentence(withheld.step, withheld.broken)


def _say_decision(decision: Decision) -> str:
    from controlroom.report.sentences import decision_sentence, step_title

    return f"{step_title(decision.step.processor)}: {decision_sentence(decision).removesuffix('.')}"


def _say_mark(mark: PartMark) -> str:
    from controlroom.report.stem_words import mark_sentence

    return mark_sentence(mark.model_dump(mode="json"))


def _say_stems(made: StemSet) -> str:
    how = "imported" if made.backend == "imported" else f"separated by {made.backend}"
    return f"Stems {how}: {listed(list(made.roles))}"


def _say_signer(signer: SignerSet) -> str:
    return f"Signed by key {signer.key[:16]} from here on" if signer.key else "Not signed from here on"


def _say_correction(said: MusicCorrection) -> str:
    corrected = [spoken(name).lower() for name in MUSIC if getattr(said, name) not in (None, ())]
    back = [spoken(name).lower() for name in said.withdrawn]
    told = [f"corrected the music: {listed(corrected)}"] if corrected else []
    told += [f"took back the word on {listed(back)}"] if back else []
    return f"{said.by} {', and '.join(told)}"


def _say_trial(one: BlindTrial) -> str:
    chance = 100 * one.chance
    return f"{one.by} told X right {one.correct} of {one.total} times; by guessing: {chance:.1f} %"


@dataclass(frozen=True)
class Kind:
    """One kind of entry: the record that it stores, what it leaves behind, and what it says."""

    record: type[Record]
    fold: Callable[[Remembered, Any], None]
    says: Callable[[Any], str]


def _kind(record: type[Kept], fold: Callable[[Remembered, Kept], None], says: Callable[[Kept], str]) -> Kind:
    return Kind(record, fold, says)


ENTRIES: Mapping[str, Kind] = {
    "song.created": _kind(SongCreated, _created, lambda one: f"Song created: {one.title}"),
    "signer.set": _kind(SignerSet, told_only, _say_signer),
    "standards.set": _kind(StandardsSet, _standards, lambda one: f"Standards set, digest {one.digest[:12]}"),
    "take.added": _kind(
        Take, _take, lambda one: f"Take added: {one.facts.file_name}, {clock(one.facts.duration_s)}"
    ),
    "findings": _kind(Heard, _heard, _say_heard),
    "note": _kind(
        Note,
        lambda known, note: known.notes.append(note),
        lambda note: f"{note.by} noted at {clock(note.span.start_s)}: “{note.text}”",
    ),
    "proposal": _kind(Proposal, _proposal, _say_proposal),
    "withheld": _kind(Withheld, lambda known, one: known.withheld.append(one), _say_withheld),
    "decision": _kind(Decision, _decision, _say_decision),
    "stems.set": _kind(StemSet, _stems, _say_stems),
    "sample.added": _kind(
        OneShot, _sample, lambda one: f"{one.by} brought the sample {one.file_name} ({one.id})"
    ),
    "sample.removed": _kind(SampleRemoved, _sample_removed, lambda one: f"Sample taken off: {one.id}"),
    "reference.added": _kind(Reference, _reference, lambda one: f"Reference added: {one.file_name}"),
    "reference.removed": _kind(
        ReferenceRemoved, _reference_removed, lambda one: f"Reference taken off: {one.id}"
    ),
    "part.marked": _kind(PartMark, _mark, _say_mark),
    "music.corrected": _kind(
        MusicCorrection, lambda known, said: known.corrections.append(said), _say_correction
    ),
    "policy.signed": _kind(
        PolicySigned,
        _policy,
        lambda one: f"Policy “{one.name}” signed{f' by {one.by}' if one.by else ''}",
    ),
    "target.set": _kind(
        TargetSet, _target, lambda one: f"Target set to {format_measurement('x_lufs', one.target_lufs)}"
    ),
    "trial.abx": _kind(BlindTrial, told_only, _say_trial),
    "restored": _kind(Restored, told_only, lambda one: f"Put back what was missing or damaged: {one.file}"),
    "rendered": _kind(Rendered, _rendered, lambda one: f"Rendered {one.id}".rstrip()),
    "released": _kind(Released, _released, lambda _one: "Released"),
}
_KINDS: Mapping[type[Record], str] = {row.record: kind for kind, row in ENTRIES.items()}


def kind_of(record: Record) -> str:
    """Return the kind of entry that a record is stored as."""
    return _KINDS[type(record)]


def stored(record: Record) -> tuple[str, dict[str, Any]]:
    """Return the kind and the body that a record is stored as."""
    return kind_of(record), record.model_dump(mode="json")


def fold(known: Remembered, kind: str, body: Mapping[str, Any]) -> None:
    """Take one entry in; a kind that another version wrote leaves nothing behind."""
    row = ENTRIES.get(kind)
    if row is not None:
        row.fold(known, row.record.model_validate(body))


def says(kind: str, body: Mapping[str, Any]) -> str:
    """Return what one entry says; a kind or body that no row knows keeps its code."""
    row = ENTRIES.get(kind)
    try:
        return row.says(row.record.model_validate(body)) if row else spoken(kind.replace(".", " "))
    except (KeyError, ValueError, TypeError):  # written by another version: its code is still true
        return spoken(kind.replace(".", " "))
