"""What is read from a song's ledger is what was appended; what is known already is not written twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlroom.ledger.ledger import Ledger
from controlroom.model.decisions import Answer, Decision, Who
from controlroom.model.findings import Finding, Measurement
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Proposal
from controlroom.model.song import PartStatus, SongState, Stem, StemSet, Take, TakeFacts
from controlroom.model.timeline import Span, Timeline
from controlroom.processors.gain import Gain
from controlroom.studio.entries import Released
from controlroom.studio.memory import HAND_MADE, Memory, Target, source_digest
from controlroom.studio.standards import policy_by_name

AT = "2026-11-22T00:00:00+00:00"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    ledger = Ledger.create(tmp_path / "ledger.sqlite")
    yield Memory.of(ledger)
    ledger.close()


def kinds(memory: Memory) -> list[str]:
    return [entry.kind for entry in memory.ledger.entries()]


def same_when_read_again(memory: Memory) -> bool:
    return Memory.of(memory.ledger) == memory


def take(name: str) -> Take:
    facts = TakeFacts(
        file_name=f"{name}.wav", sha256=name, size_bytes=1, container="wav", codec="pcm", rate_hz=8000, channels=1,
        frames=8000,
    )  # fmt: skip
    return Take(
        id=f"t-{name}", facts=facts, audio_digest=f"audio-{name}", archived_as="takes/x", added_at=AT,
        timeline=Timeline.of_take(f"t-{name}", 1.0),
    )  # fmt: skip


def stems_of(take_id: str, *roles: str, at: str = AT) -> StemSet:
    made = [
        Stem(id=r, take_id=take_id, role=r, origin="x", audio_digest=f"audio-{r}", archived_as=r)
        for r in roles
    ]
    return StemSet(take_id=take_id, backend="imported", stems=tuple(made), null_db=-90.0, by="ada", at=at)


def question(gain_db: float, kind: str = "level") -> Proposal:
    return Proposal(source_digest="audio-s", upstream=(), step=Gain(gain_db=gain_db).step(), kind=kind)


def answer(proposal: Proposal, given: Answer) -> Decision:
    return Decision(
        proposal_id=proposal.id, answer=given, step=proposal.step, who=Who.PERSON, name="ada", at=AT
    )


def test_a_song_goes_through_its_states_in_order(memory: Memory) -> None:
    assert memory.state is SongState.RAW
    memory.add(take("a"), AT)
    assert memory.state is SongState.RAW
    memory.add_proposals([question(-1.0)], AT)
    assert memory.state is SongState.HEARD
    memory.add_decisions([answer(question(-1.0), Answer.DEFER)], AT)
    assert memory.state is SongState.HEARD  # what is put off is no decision
    memory.add_decisions([answer(question(-1.0), Answer.REJECT)], AT)
    assert memory.state is SongState.IN_DECISION
    memory.add(Released(), AT)
    assert memory.state is SongState.RELEASED
    assert same_when_read_again(memory)


def test_a_finding_alone_is_something_heard_and_the_same_ones_are_written_once(memory: Memory) -> None:
    found = [
        Finding(
            kind="hum",
            detector_version=1,
            measurements=(Measurement(name="m", value=1.0),),
            severity=0.5,
            confidence=1.0,
        )
    ]
    for stage in ("REPAIR", "TONE"):
        memory.add_findings(stage, found, AT)
    assert memory.state is SongState.HEARD
    assert memory.findings == found
    memory.add_findings("TONE", [], AT)
    assert kinds(memory) == ["findings", "findings"]
    assert next(memory.ledger.entries(["findings"])).body["stage"] == "REPAIR"
    assert same_when_read_again(memory)


def test_a_target_stands_until_another_is_named(memory: Memory) -> None:
    memory.set_target(-14.0, "ada", AT)
    memory.set_target(-14.0, "bob", AT)
    assert memory.target == Target(-14.0, "ada")
    memory.set_target(-9.0, "bob", AT)
    assert memory.target == Target(-9.0, "bob")
    assert kinds(memory) == ["target.set", "target.set"]
    assert same_when_read_again(memory)


def test_the_last_take_is_worked_on_and_questions_rest_on_it_and_its_stems(memory: Memory) -> None:
    assert memory.current_take is None
    assert memory.sources == frozenset()
    memory.add(take("a"), AT)
    assert memory.sources == {"audio-a"}
    memory.set_stems(stems_of("t-a", "bass"), AT)
    assert memory.sources == {"audio-a", source_digest("audio-a", "audio-bass")}
    memory.add(take("b"), AT)
    assert memory.current_take == take("b")
    assert memory.sources == {"audio-b"}
    assert source_digest("x", "y") != source_digest("y", "x")
    assert same_when_read_again(memory)


def test_the_same_stems_at_another_time_are_the_same_stems(memory: Memory) -> None:
    memory.set_stems(stems_of("t-a", "bass"), AT)
    memory.set_stems(stems_of("t-a", "bass", at="2027-01-01T00:00:00+00:00"), AT)
    assert kinds(memory) == ["stems.set"]
    memory.set_stems(stems_of("t-b", "bass"), AT)
    memory.set_stems(stems_of("t-a", "bass", "vocals"), AT)
    assert kinds(memory) == ["stems.set"] * 3
    assert memory.stems["t-a"].roles == ("bass", "vocals")
    assert same_when_read_again(memory)


def test_a_question_is_written_once_and_what_was_withheld_too(memory: Memory) -> None:
    memory.add_proposals([question(-1.0), question(-2.0)], AT)
    memory.add_proposals([question(-2.0), question(-3.0)], AT)
    assert kinds(memory) == ["proposal"] * 3
    step = Gain(gain_db=-1.0).step().model_dump(mode="json")
    for broken in (["b", "a"], ["a", "b"], ["a"]):
        memory.add_withheld("level", step, broken, AT)
    assert [entry.body for entry in memory.ledger.entries(["withheld"])] == [
        {"kind": "level", "step": step, "broken": broken} for broken in (["a", "b"], ["a"])
    ]
    assert same_when_read_again(memory)


def test_what_a_person_wrote_by_hand_is_told_from_what_was_asked(memory: Memory) -> None:
    memory.add(take("s"), AT)
    asked, own, taken_back = question(-1.0), question(-2.0, HAND_MADE), question(-3.0, HAND_MADE)
    memory.add_proposals([asked, own, taken_back, question(-4.0, HAND_MADE)], AT)
    for one, given in ((asked, Answer.ACCEPT), (own, Answer.ACCEPT), (taken_back, Answer.DEFER)):
        memory.add_decisions([answer(one, given)], AT)
    assert memory.hand_made == [answer(own, Answer.ACCEPT)]


def test_a_policy_is_signed_once_by_each_who_names_it(memory: Memory) -> None:
    hygiene, trusting = policy_by_name("hygiene"), policy_by_name("trusting")
    for policy, by in (
        (hygiene, "ada"),
        (hygiene, "ada"),
        (hygiene, "bob"),
        (trusting, "bob"),
        (hygiene, "bob"),
    ):
        memory.sign_policy(policy, by, AT)
    signed = [entry.body for entry in memory.ledger.entries(["policy.signed"])]
    assert [(one["name"], one["by"]) for one in signed] == [
        ("hygiene", "ada"),
        ("hygiene", "bob"),
        ("trusting", "bob"),
        ("hygiene", "bob"),
    ]
    assert signed[0]["digest"] == hygiene.digest
    assert signed[0]["policy"] == hygiene.document()


def mark(part: str, status: PartStatus | None, span: Span | None = None) -> PartMark:
    return PartMark(part=part, status=status, span=span, by="ada", at=AT)


def test_the_last_word_on_a_part_and_a_place_stands(memory: Memory) -> None:
    there = Span(clock="t-a", start_s=1.0, end_s=2.0)
    stays, here = mark("bass", PartStatus.STAYS), mark("bass", PartStatus.STAYS, there)
    for one in (stays, here, mark("vocals", PartStatus.REMOVED)):
        memory.add_decisions([], AT, one)
    memory.add_decisions([answer(question(-1.0), Answer.DEFER)], AT, mark("bass", PartStatus.RESHAPED))
    memory.add_decisions([], AT, mark("vocals", None))
    assert memory.marks == [here, mark("bass", PartStatus.RESHAPED)]
    assert list(memory.decisions) == [question(-1.0).id]
    assert same_when_read_again(memory)
