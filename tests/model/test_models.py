from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from controlroom.model.brief import Brief
from controlroom.model.decisions import Bound, Policy, PolicyDecider, PolicyRule, Question
from controlroom.model.errors import Cancelled, ControlRoomError, SchemaTooNewError, SongError, UsageError
from controlroom.model.findings import Finding, Measurement, Plot
from controlroom.model.proposals import Claim, Proposal, Stage, Step
from controlroom.model.standards import Standard, Standards
from controlroom.model.timeline import Piece, Span, Timeline
from tests.tolerances import FLOAT64


def span(start: float, end: float, clock: str = "take") -> Span:
    return Span(clock=clock, start_s=start, end_s=end)


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"ends at 1.0 s before it starts at 2.0 s"):
        span(2, 1)


@given(st.floats(0, 100), st.floats(0, 100))
def test_an_unedited_take_maps_to_itself(at_s: float, other_s: float) -> None:
    timeline = Timeline.of_take("take", 101.0)
    first, last = sorted((at_s, other_s))
    back = timeline.from_source(span(first, last))
    assert [(s.start_s, s.end_s) for s in back] == ([(first, last)] if last > first else [])


def test_a_repeated_bar_sounds_in_both_places_and_a_cut_one_in_none() -> None:
    edit = Timeline(
        clock="edit",
        pieces=(
            Piece(source=span(0, 4), start_s=0),
            Piece(source=span(2, 4), start_s=4),
            Piece(source=span(6, 8), start_s=6),
        ),
    )
    assert edit.duration_s == pytest.approx(8, abs=FLOAT64)
    assert [(s.start_s, s.end_s) for s in edit.from_source(span(2, 3))] == [(2, 3), (4, 5)]
    assert edit.from_source(span(4, 6)) == ()
    assert [(s.start_s, s.end_s) for s in edit.from_source(span(6, 7))] == [(6, 7)]


def test_an_edit_of_an_edit_is_one_edit_of_what_that_was_made_of() -> None:
    swapped = Timeline(
        clock="edit",
        pieces=(Piece(source=span(6, 8), start_s=0), Piece(source=span(0, 6), start_s=2)),
    )
    back = Timeline(
        clock="back",
        pieces=(
            Piece(source=span(2, 8, "edit"), start_s=0),
            Piece(source=span(0, 2, "edit"), start_s=6),
        ),
    )
    assert back.over(swapped).pieces == (Piece(source=span(0, 8), start_s=0),)
    cut = Timeline(clock="cut", pieces=(Piece(source=span(1, 3, "edit"), start_s=5),))
    assert cut.over(swapped).pieces == (
        Piece(source=span(7, 8), start_s=5),
        Piece(source=span(0, 1), start_s=6),
    )


def test_pieces_that_overlap_in_an_edit_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"begins at 1.0 s, before the last one ends at 2.0 s"):
        Timeline(clock="e", pieces=(Piece(source=span(0, 2), start_s=0), Piece(source=span(0, 2), start_s=1)))


def test_a_span_is_on_its_own_clock_and_refuses_another() -> None:
    here = span(1, 2)
    assert here.on("take") is here
    with pytest.raises(UsageError, match=r"1 to 2 s is on the clock of take, not of other") as caught:
        here.on("other")
    assert caught.value.code == "span.foreign-clock"
    assert caught.value.hint


def test_a_span_is_mapped_where_one_place_of_a_timeline_is_made_of_it() -> None:
    cut = Timeline.of_excerpt(span(2, 6))
    assert cut.clock != "take"
    moved = span(3, 9).on(cut)
    assert (moved.clock, moved.start_s, moved.end_s) == (cut.clock, 1, 4)
    assert moved.on(cut) is moved
    twice = Timeline(clock="edit", pieces=(*cut.pieces, Piece(source=span(2, 6), start_s=4)))
    for elsewhere, timeline in ((span(7, 8), cut), (span(3, 4, "b"), cut), (span(3, 4), twice)):
        with pytest.raises(UsageError) as caught:
            elsewhere.on(timeline)
        assert caught.value.code == "span.foreign-clock"


@pytest.mark.parametrize(
    "one, other, shared",
    [
        (span(1, 2), span(1.5, 3), True),
        (span(1, 2), span(2, 3), False),
        (span(2, 3), span(1, 2), False),
        (span(1, 4), span(2, 3), True),
        (span(1, 2), span(1, 2, "b"), False),
    ],
)
def test_spans_overlap_on_one_clock_only(one: Span, other: Span, shared: bool) -> None:
    assert one.overlaps(other) is other.overlaps(one) is shared


def test_a_document_keeps_its_schema_and_refuses_newer_and_other() -> None:
    stored = Brief(title="x", style=("pop",)).document()
    assert stored["schema"] == "brief/1"
    assert Brief.from_document(stored) == Brief(title="x", style=("pop",))
    with pytest.raises(SchemaTooNewError, match="brief/2 is newer"):
        Brief.from_document({**stored, "schema": "brief/2"})
    with pytest.raises(SongError, match="found 'ledger/1'"):
        Brief.from_document({**stored, "schema": "ledger/1"})
    with pytest.raises(SongError, match=r"brief\.toml: unknown: is not known here, found 1$") as refused:
        Brief.from_document({**stored, "unknown": 1}, "brief.toml")
    assert refused.value.code == "document.bad"


def test_findings_have_stable_ids_and_bounded_plots() -> None:
    finding = Finding(kind="dc-offset", measurements=(Measurement(name="level.dc", value=0.1),), severity=0.5)
    assert finding.id == Finding.model_validate(finding.model_dump(mode="json")).id
    assert finding.id != finding.model_copy(update={"severity": 0.6}).id
    assert finding.value("level.dc") == 0.1
    with pytest.raises(KeyError):
        finding.value("other")
    with pytest.raises(ValidationError):
        Plot(x_name="a", y_name="b", x=(0.0,) * 513, y=(0.0,) * 513)
    with pytest.raises(ValidationError, match="1 points, its x axis 2"):
        Plot(x_name="a", y_name="b", x=(0.0, 1.0), y=(0.0,))


@pytest.mark.parametrize(
    "sense, outcome, holds",
    [
        ("near", 1.05, True),
        ("near", 1.2, False),
        ("at_most", -9, True),
        ("at_most", 1.2, False),
        ("at_least", 9, True),
        ("at_least", 0.8, False),
    ],
)
def test_claims_hold_by_their_sense(sense: str, outcome: float, holds: bool) -> None:
    claim = Claim(measurement="m", before=0, expected=1, tolerance=0.1, sense=sense)
    assert claim.holds(outcome) is holds


def proposal(processor: str = "limiter", reduction: float = 1.0, **more: object) -> Proposal:
    step = Step(processor=processor, stage=more.pop("stage", Stage.LOUDNESS), knobs={"gain_db": 3.0})  # type: ignore[arg-type]
    claim = Claim(measurement="limiter.reduction_p95_db", before=0, expected=reduction, tolerance=0.1)
    return Proposal(source_digest="d", upstream=(), step=step, kind="true-peak", claims=(claim,), **more)  # type: ignore[arg-type]


POLICY = Policy(
    name="p",
    rules=(
        PolicyRule(
            stage=Stage.LOUDNESS,
            processor="limiter",
            kinds=("true-peak",),
            claims={"limiter.reduction_p95_db": Bound(at_most=2.0)},
        ),
    ),
)


def test_a_policy_accepts_only_what_it_names_within_its_bounds() -> None:
    assert POLICY.rule_for(proposal()) is not None
    assert POLICY.rule_for(proposal(reduction=2.5)) is None
    assert POLICY.rule_for(proposal(processor="gain")) is None
    assert POLICY.rule_for(proposal(person_only=True)) is None


def test_no_policy_answers_arrangement_whatever_it_says() -> None:
    greedy = Policy(name="g", rules=tuple(PolicyRule(stage=stage, processor="*") for stage in Stage))
    assert greedy.rule_for(proposal(stage=Stage.ARRANGEMENT)) is None
    assert greedy.rule_for(proposal(stage=Stage.TONE)) is not None


def test_a_policy_leaves_the_rest_unanswered() -> None:
    asked = (proposal(), proposal(processor="gain"))
    replies = PolicyDecider(POLICY).decide(Question(stage=Stage.LOUDNESS, proposals=asked))
    assert set(replies) == {asked[0].id}


def test_a_policy_takes_the_gentlest_of_two_answers_to_one_finding() -> None:
    greedy = Policy(name="g", rules=(PolicyRule(stage=Stage.LOUDNESS, processor="*"),))
    strong = proposal(processor="gain", reduction=5.0, answers=("f-1",))
    gentle = proposal(reduction=1.0, answers=("f-1",))
    twice = proposal(reduction=1.5, answers=("f-1",), person_only=False, amount=0.5).model_copy(
        update={"upstream": ("s-1",)}
    )
    other = proposal(processor="gain", reduction=9.0, answers=("f-2",))
    asked = (strong, gentle, twice, other)
    replies = PolicyDecider(greedy).decide(Question(stage=Stage.LOUDNESS, proposals=asked))
    assert set(replies) == {gentle.id, twice.id, other.id}


def test_a_proposals_id_changes_with_source_upstream_and_step_only() -> None:
    one = proposal()
    assert one.id == proposal(reduction=1.5, confidence=0.3).id
    assert one.id != one.model_copy(update={"source_digest": "e"}).id
    assert one.id != one.model_copy(update={"upstream": ("s-1",)}).id
    assert one.id != proposal(processor="gain").id


STANDARDS = Standards(
    entries={
        "loudness.ceiling_dbtp": Standard(value=-1.0, help="h", origin="o", minimum=-6, maximum=0),
        "tone.style": Standard(value="unknown", help="h", origin="o"),
        "tone.on": Standard(value=True, help="h", origin="o"),
        "tone.curve_db": Standard(value=(1.0, 2.0), help="h", origin="o"),
    }
)


def test_standards_are_read_by_type_and_unknown_ones_named() -> None:
    assert STANDARDS.number("loudness.ceiling_dbtp") == -1
    assert STANDARDS.text("tone.style") == "unknown"
    assert STANDARDS.flag("tone.on") is True
    assert STANDARDS.curve("tone.curve_db") == (1.0, 2.0)
    with pytest.raises(UsageError, match=r"no standard called 'loudness\.none'"):
        STANDARDS.number("loudness.none")
    with pytest.raises(UsageError, match="'unknown', not a number"):
        STANDARDS.number("tone.style")
    with pytest.raises(UsageError, match="not true or false"):
        STANDARDS.flag("tone.style")
    with pytest.raises(UsageError, match="not a list"):
        STANDARDS.curve("tone.style")


def test_a_persons_value_is_checked_and_keeps_its_origin() -> None:
    mine = STANDARDS.overlaid({"loudness.ceiling_dbtp": -2}, origin="me")
    assert mine.number("loudness.ceiling_dbtp") == -2
    assert mine.entries["loudness.ceiling_dbtp"].origin == "me"
    assert mine.digest != STANDARDS.digest
    with pytest.raises(UsageError, match=r"= 3 is outside -6.0 to 0.0"):
        STANDARDS.overlaid({"loudness.ceiling_dbtp": 3}, origin="me")
    with pytest.raises(UsageError, match="'loud' can't replace it"):
        STANDARDS.overlaid({"loudness.ceiling_dbtp": "loud"}, origin="me")
    with pytest.raises(UsageError, match="True can't replace it"):
        STANDARDS.overlaid({"loudness.ceiling_dbtp": True}, origin="me")


def _all_errors(cls: type[ControlRoomError]) -> list[type[ControlRoomError]]:
    return [cls, *(leaf for child in cls.__subclasses__() for leaf in _all_errors(child))]


@pytest.mark.parametrize("cls", _all_errors(ControlRoomError))
def test_every_error_crosses_a_process_border_whole(cls: type[ControlRoomError]) -> None:
    import pickle

    error = cls("a.code", "a message", "a hint")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.code, again.message, again.hint) == (cls, "a.code", "a message", "a hint")
    assert again.as_dict()["exit_code"] == cls.exit_code


def test_cancelled_needs_no_words() -> None:
    assert Cancelled().exit_code == 130
