"""Every kind of ledger entry has a record, a fold and a sentence, and none is written that has no row."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import controlroom
from controlroom.ledger.signatures import SIGNER_SET
from controlroom.model.findings import Note
from controlroom.model.one_shots import OneShot
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Withheld
from controlroom.model.references import Reference
from controlroom.model.song import PartStatus, Stem, StemSet, Take, TakeFacts
from controlroom.model.timeline import Span, Timeline
from controlroom.model.wording import spoken
from controlroom.music.correction import MusicCorrection
from controlroom.studio.entries import (
    ENTRIES,
    BlindTrial,
    Heard,
    PolicySigned,
    ReferenceRemoved,
    Released,
    Rendered,
    Restored,
    SampleRemoved,
    SignerSet,
    SongCreated,
    StandardsSet,
    TargetSet,
    fold,
    says,
    stored,
    told_only,
)
from controlroom.studio.remembered import Remembered
from tests.report.sample import sample

AT = "2026-11-22T00:00:00+00:00"
SOURCES = Path(controlroom.__file__).parent
TOLD_ONLY = {"signer.set", "trial.abx", "restored"}


def take(name: str) -> Take:
    facts = TakeFacts(
        file_name=f"{name}.wav", sha256=name, size_bytes=1, container="wav", codec="pcm", rate_hz=8000, channels=1,
        frames=8000,
    )  # fmt: skip
    return Take(
        id=f"t-{name}", facts=facts, audio_digest=name, archived_as="takes/x", added_at=AT,
        timeline=Timeline.of_take(f"t-{name}", 1.0),
    )  # fmt: skip


ONE_SHOT = OneShot(
    id="s-1", file_name="808.wav", sha256="a", rate_hz=8000, frames=80, audio_digest="a", archived_as="samples/x",
    by="ada", at=AT,
)  # fmt: skip
REFERENCE = Reference(
    id="r-1",
    file_name="theirs.wav",
    sha256="a",
    duration_s=1.0,
    rate_hz=8000,
    archived_as="references/x",
    added_at=AT,
)
STEM = Stem(id="bass", take_id="t-a", role="bass", origin="x", audio_digest="b", archived_as="bass")
DATA = sample()
RECORDS = {
    "song.created": SongCreated(id="1", title="Night"),
    "signer.set": SignerSet(key="ab" * 32),
    "standards.set": StandardsSet(digest="cd" * 32),
    "take.added": take("a"),
    "findings": Heard(stage="all", findings=tuple(DATA.findings), take_id="t-a"),
    "note": Note(text="too dry", span=Span(clock="t-a", start_s=0.0, end_s=1.0), by="ada", at=AT),
    "proposal": DATA.proposals[0],
    "withheld": Withheld(kind="tone", step=DATA.proposals[0].step, broken=("crest",)),
    "decision": DATA.decisions[0],
    "stems.set": StemSet(take_id="t-a", backend="imported", stems=(STEM,), null_db=-90.0, by="ada", at=AT),
    "sample.added": ONE_SHOT,
    "sample.removed": SampleRemoved(id=ONE_SHOT.id),
    "reference.added": REFERENCE,
    "reference.removed": ReferenceRemoved(id=REFERENCE.id),
    "part.marked": PartMark(part="bass", status=PartStatus.STAYS, by="ada", at=AT),
    "music.corrected": MusicCorrection(clock="t-a", tempo_bpm=90.0, by="ada", at=AT),
    "policy.signed": PolicySigned(name="hygiene", digest="ef", by="ada"),
    "target.set": TargetSet(target_lufs=-14.0, by="ada"),
    "trial.abx": BlindTrial(a="before", b="after", correct=7, total=8, chance=0.035, by="ada"),
    "restored": Restored(file="takes/x"),
    "rendered": Rendered(id="0001-ab", manifest="m", manifest_sha256="0", premaster_digest="1", draft=False),
    "released": Released(render="0001-ab"),
}


def full() -> Remembered:
    """Return what is known when there is something to remove."""
    return Remembered(one_shots={ONE_SHOT.id: ONE_SHOT}, references={REFERENCE.id: REFERENCE})


def test_the_records_here_are_of_every_kind_and_the_ledgers_own_is_among_them() -> None:
    assert set(RECORDS) == set(ENTRIES)
    assert SIGNER_SET in ENTRIES
    assert len({row.record for row in ENTRIES.values()}) == len(ENTRIES)


@pytest.mark.parametrize("kind", ENTRIES)
def test_every_kind_is_stored_read_and_told(kind: str) -> None:
    record = RECORDS[kind]
    named, body = stored(record)
    assert named == kind
    read = json.loads(json.dumps(body))
    assert ENTRIES[kind].record.model_validate(read) == record
    assert len(says(kind, read)) > 4
    if kind != "released":  # the one whose sentence is its code
        assert says(kind, read) != spoken(kind.replace(".", " "))


@pytest.mark.parametrize("kind", ENTRIES)
def test_every_kind_leaves_something_behind_or_says_that_it_is_only_told(kind: str) -> None:
    known = full()
    if kind.endswith("removed") or kind == "part.marked":
        assert known == full()
    elif kind in ("sample.added", "reference.added"):
        known = Remembered()
    before = Remembered(one_shots=dict(known.one_shots), references=dict(known.references))
    fold(known, kind, stored(RECORDS[kind])[1])
    assert (known == before) is (kind in TOLD_ONLY)
    assert (ENTRIES[kind].fold is told_only) is (kind in TOLD_ONLY)


def test_what_another_version_wrote_is_told_by_its_code_and_leaves_nothing_behind() -> None:
    known = Remembered()
    fold(known, "moon.landed", {"by": "neil"})
    assert known == Remembered()
    assert says("moon.landed", {}) == "Moon landed"
    assert says("decision", {"answer": "perhaps"}) == "Decision"
    body = {**stored(RECORDS["released"])[1], "to": "everybody"}
    fold(known, "released", body)
    assert known.released


def test_findings_are_those_of_the_take_they_name_and_of_the_current_one_where_they_name_none() -> None:
    known = Remembered()
    of_a = Heard(stage="all", findings=tuple(DATA.findings), take_id="t-a")
    for name in ("a", "b"):
        fold(known, "take.added", stored(take(name))[1])
    fold(known, "findings", {"stage": "all", "findings": []})
    fold(known, "findings", stored(of_a)[1])
    assert known.heard == {"t-b": [], "t-a": list(DATA.findings)}
    assert known.findings == []


def test_the_page_and_the_terminal_say_the_same_and_it_names_the_step() -> None:
    decision = DATA.decisions[0]
    told = says("decision", decision.model_dump(mode="json"))
    assert told.endswith(": Accepted by the policy “hygiene”")
    assert not told.startswith(":")
    assert says("findings", {"stage": "tone", "findings": []}).endswith("nothing to observe")
    assert says("note", DATA.notes[0].model_dump(mode="json")).startswith("nell noted at 1:54.6")


def calls(name: str) -> dict[str, list[ast.Call]]:
    """Return every call of a method or function of this name, by the file it is in."""
    found: dict[str, list[ast.Call]] = {}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name in (
                getattr(node.func, "attr", ""),
                getattr(node.func, "id", ""),
            ):
                found.setdefault(path.relative_to(SOURCES).as_posix(), []).append(node)
    return found


def test_the_memory_alone_writes_to_the_ledger_and_by_the_table() -> None:
    writers = set(calls("append_all")) | {
        path
        for path, made in calls("append").items()
        if any(ast.unparse(call.func.value).endswith("ledger") for call in made)
    }
    assert writers == {"ledger/ledger.py", "studio/memory.py"}
    assert {path for path in calls("stored") if path.startswith("studio/memory")} == {"studio/memory.py"}


def test_one_place_writes_decisions() -> None:
    assert {path: len(made) for path, made in calls("add_decisions").items()} == {"studio/deciding.py": 1}
