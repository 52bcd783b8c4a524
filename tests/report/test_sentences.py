"""Every code has a sentence, every number its unit."""

from __future__ import annotations

import ast
import inspect
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.detectors.form import all_detectors
from controlroom.listening.measures import MEASURES, READINGS
from controlroom.model import figures, finding_words, step_words
from controlroom.model.decisions import Answer
from controlroom.model.errors import Cancelled, UsageError
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Claim, Proposal, Stage, Step
from controlroom.model.render import LoudnessPlan, Outcome
from controlroom.processors.form import all_processors
from controlroom.report import sentences, telling
from tests.report.sample import sample

KINDS = sorted({kind for detector in all_detectors().values() for kind in detector.kinds})


def observed(kind: str, name: str = "a.b_db", value: float = 3.0, limit: float | None = 1.0) -> Finding:
    standard = None if limit is None else StandardRef(key="a.limit_db", limit=limit)
    return Finding(
        kind=kind, measurements=(Measurement(name=name, value=value),), standard=standard, severity=0.5
    )


def asked(step: Step, **more: object) -> Proposal:
    return Proposal(source_digest="0", upstream=(), step=step, kind="x", **more)  # type: ignore[arg-type]


def test_some_kinds_are_emitted() -> None:
    assert KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_a_detector_emits_has_its_own_sentence(kind: str) -> None:
    assert kind in telling.findings_told()
    for limit in (1.0, 5.0, None):
        told = sentences.finding_sentence(observed(kind, limit=limit))
        assert told.endswith(".")
        assert "3.0\u00a0dB" in told or kind in ("true-peak", "level")
    assert sentences.finding_title(kind) != kind


@pytest.mark.parametrize("name", sorted(all_detectors()))
def test_a_detector_tells_its_own_kinds_and_no_other(name: str) -> None:
    detector = all_detectors()[name]
    assert set(detector.words) == set(detector.kinds)


def test_no_kind_is_told_twice() -> None:
    told = [kind for detector in all_detectors().values() for kind in detector.words]
    assert len(told) == len(set(told)) == len(telling.findings_told())


@pytest.mark.parametrize("name", sorted(all_processors()))
def test_a_processor_has_its_own_words(name: str) -> None:
    assert "words" in vars(all_processors()[name])
    assert all_processors()[name].words.title


def test_no_file_above_the_ears_names_a_kind_to_tell_it() -> None:
    """A kind's words stand in its detector's file, a processor's in its own: the report knows none."""
    names = {*KINDS, *all_processors()}
    for module in (telling, finding_words, step_words):
        strings = {
            node.value
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.Constant)
        }
        assert not strings & names, module.__name__


@pytest.mark.parametrize("name", sorted(all_processors()))
def test_every_processor_s_default_knobs_can_be_asked(name: str) -> None:
    step = all_processors()[name]().step()
    told = sentences.proposal_sentence(asked(step))
    assert told.startswith("Shall I ")
    assert told.endswith("?")


def test_every_measurement_has_words_and_a_unit() -> None:
    names = {*MEASURES, *READINGS}
    assert names <= set(figures.MEASURES)
    assert {name for name in names if not figures.unit_of(name)} == {
        "stereo.correlation",
        "stereo.high_correlation",
        "stereo.low_correlation",
    }


def test_an_unknown_kind_is_told_readably() -> None:
    told = sentences.finding_sentence(observed("metallic-shimmer", "shimmer.depth_db", 4.26, 2.0))
    assert told == "Shimmer depth measures 4.3\u00a0dB (the standard: at most 2.0\u00a0dB)."
    assert sentences.finding_title("metallic-shimmer") == "Metallic shimmer"


def test_an_unknown_processor_is_asked_with_its_knobs() -> None:
    step = Step(
        processor="de_hum",
        stage=Stage.REPAIR,
        part="lead-vocal",
        knobs={"depth_db": 3.0, "notch": True, "base_hz": 50},
    )
    assert sentences.proposal_sentence(asked(step)) == (
        "Shall I apply de hum (depth 3.0\u00a0dB, notch on, base 50\u00a0Hz) (in the lead vocal)?"
    )


@pytest.mark.parametrize(
    "processor, knobs, told",
    [
        ("gain", {"gain_db": -2.1}, "lower the level by 2.1 dB"),
        ("gain", {"gain_db": 4.0}, "raise the level by 4.0 dB"),
        ("gain", {"gain_db": 3.25}, "raise the level by 3.25 dB"),
        ("limiter", {"ceiling_dbtp": -1.0}, "hold its true peaks at −1.0\u00a0dBTP"),
        # what a knob of another name says in decibels is no gain
        ("limiter", {"clip_above_db": 2.0, "ceiling_dbtp": -1.0}, "hold its true peaks at −1.0\u00a0dBTP"),
        (
            "rumble",
            {"below_hz": 20.0, "attenuation_db": 40.0},
            "turn down what lies below 20\u00a0Hz by 40 dB",
        ),
        ("dc", {"amount": 0.5, "method": "subtract"}, "bring the waveform back to its zero line by 50 %"),
        (
            "low_end_mono",
            {"amount": 1.0, "corner_hz": 120.0},
            "bring the two sides of the low end together below 120\u00a0Hz",
        ),
        ("fade", {"in_ms": 0.0, "out_ms": 2000.0}, "fade it out over 2.00\u00a0s"),
        ("fade", {"out_ms": 500.0}, "fade it out over 0.50\u00a0s"),
        (
            "tone",
            {
                "band1_hz": 300.0,
                "band1_gain_db": 0.0,
                "band2_hz": 8000.0,
                "band2_gain_db": 1.4,
                "band3_hz": 630.0,
                "band3_gain_db": -2.2,
            },
            "move the tone towards the corridor: −2.2 dB at 630\u00a0Hz and +1.4 dB at 8\u00a0kHz",
        ),
    ],
)
def test_steps_name_what_they_do(processor: str, knobs: dict[str, float | str], told: str) -> None:
    step = Step(processor=processor, stage=Stage.TONE, knobs=knobs)
    assert sentences.step_phrase(step) == told


def test_level_is_told_from_both_sides() -> None:
    low = sentences.finding_sentence(observed("level", "loudness.integrated_lufs", -17.8, -14.0))
    high = sentences.finding_sentence(observed("level", "loudness.integrated_lufs", -7.0, -9.0))
    assert "−17.8\u00a0LUFS, 3.8 LU below" in low
    assert "−7.0\u00a0LUFS, 2.0 LU above" in high


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("loudness.integrated_lufs", -9.44, "−9.4 LUFS"),
        ("peak.true_dbtp", 0.8, "+0.8 dBTP"),
        ("tone.residual_db[630]", 3.36, "3.4 dB"),
        ("x_db", -0.04, "0.0 dB"),
        ("x_db", -math.inf, "−∞ dB"),
        ("x_db", math.nan, "—"),
        ("x_db", None, "—"),
        ("a_hz", 1250.0, "1.25 kHz"),
        ("a_hz", 31.5, "31.5 Hz"),
        ("a_s", 0.35, "0.35 s"),
        ("a_s", 12.34, "12.3 s"),
        ("a_ms", 5.0, "5.0 ms"),
        ("a_ms", 180.0, "180 ms"),
        ("a_share", 0.25, "25 %"),
        ("stereo.correlation", -0.125, "−0.12"),
    ],
)
def test_units_come_from_the_end_of_the_name(name: str, value: float | None, told: str) -> None:
    assert figures.format_measurement(name, value).replace("\u00a0", " ") == told


@given(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(sorted(figures.UNITS)))
def test_any_number_can_be_written(value: float, unit: str) -> None:
    told = figures.format_measurement(f"a_{unit}", value)
    assert told
    assert "nan" not in told
    assert "inf" not in told
    assert not told.startswith("-")


@pytest.mark.parametrize("seconds, told", [(0, "0:00"), (67.54, "1:07.5"), (59.96, "1:00"), (-1, "0:00")])
def test_places_are_clocks(seconds: float, told: str) -> None:
    assert figures.clock(seconds) == told


def test_decisions_say_who_and_why() -> None:
    policy, person, *_ = sample().decisions
    assert sentences.decision_sentence(policy) == "Accepted by the policy “hygiene”."
    told = sentences.decision_sentence(person)
    assert "by nell" in told
    assert "41 s of listening" in told
    assert told.endswith("“boxy in the verses, this opens it”")
    edited = person.model_copy(
        update={"answer": Answer.EDIT, "carried_from": "d-1", "kept_despite": ("crest",)}
    )
    assert "with other settings" in sentences.decision_sentence(edited)
    assert "carried over" in sentences.decision_sentence(edited)
    assert "although crest in the loudest 8 s warned" in sentences.decision_sentence(edited)


@pytest.mark.parametrize(
    "after, master, kept, still, told",
    [
        (1.2, 1.3, True, True, "Kept: 1.2 dB after its stage, 1.3 dB in the master."),
        (
            1.2,
            2.3,
            True,
            False,
            "Kept: 1.2 dB after its stage, 2.3 dB in the master; the steps after it took it back.",
        ),
        (3.0, None, False, None, "Missed: 3.0 dB after its stage."),
        (None, None, False, None, "Not measured."),
    ],
)
def test_outcomes(
    after: float | None, master: float | None, kept: bool, still: bool | None, told: str
) -> None:
    claim = Claim(measurement="a.b_db", before=3.4, expected=1.3, tolerance=0.3)
    outcome = Outcome(
        proposal_id="p", claim=claim, after_stage=after, in_master=master, kept=kept, kept_in_master=still
    )
    assert sentences.outcome_sentence(outcome).replace("\u00a0", " ") == told


@pytest.mark.parametrize(
    "budget", ["limiter.reduction_p95_db", "reduction_p95_db", "psr_p5", "dynamics.crest_loss_db"]
)
def test_budgets_say_why(budget: str) -> None:
    plan = LoudnessPlan(
        target_lufs=-9,
        announced_lufs=-10.2,
        gain_db=7.6,
        ceiling_dbtp=-1,
        held_back_by=budget,
        readings={budget: 2.96},
        limits={budget: 3.0},
    )
    told = sentences.plan_sentence(plan)
    assert told.startswith("Announced at −10.2\u00a0LUFS")
    assert "would" in told


def test_a_plan_that_nobody_accepted_announces_nothing() -> None:
    plan = LoudnessPlan(target_lufs=-9, announced_lufs=-9.6, gain_db=1.8, ceiling_dbtp=-1, as_planned=False)
    assert sentences.plan_sentence(plan).startswith("With its level accepted as asked it would be at −9.6")


def test_an_unknown_budget_is_still_named() -> None:
    assert sentences.budget_words("stereo.glue_db") == "stereo glue reached its limit"


def test_errors_come_with_their_hint() -> None:
    assert (
        sentences.error_sentence(UsageError("x", "no such file: a.wav", "check the name"))
        == "No such file: a.wav: check the name."
    )
    assert sentences.error_sentence(Cancelled()).startswith("Stopped on request: ")
    assert sentences.error_sentence(UsageError("x", "no such file: a.wav")) == "No such file: a.wav."


def test_a_miss_by_little_does_not_read_as_none() -> None:
    near = Finding(
        kind="weak-snare",
        part="snare",
        measurements=(Measurement(name="transients.snare_front_db", value=0.98),),
        standard=StandardRef(key="transients.snare_front_min_db", limit=1.0),
        severity=0.1,
        detector_version=1,
    )
    assert (finding_words.judged(near), finding_words.limit(near)) == ("0.98\u00a0dB", "1.00\u00a0dB")
    far = near.model_copy(
        update={"measurements": (Measurement(name="transients.snare_front_db", value=-2.0),)}
    )
    assert finding_words.judged(far) == "−2.0\u00a0dB"


def test_a_part_that_is_named_is_not_named_again() -> None:
    step = Step(
        processor="transient", stage=Stage.STEMS, part="kick", knobs={"attack_db": 3.0, "drum": "kick"}
    )
    assert sentences.proposal_sentence(asked(step)).count("kick") == 1
    level = observed("level", "loudness.integrated_lufs", -12.0)
    told = sentences.finding_sentence(level.model_copy(update={"part": "bass"}))
    assert told.endswith("(in the bass)")


def test_short_times_are_milliseconds() -> None:
    assert figures.format_measurement("transients.rise_s", 0.0123) == "12\u00a0ms"
    assert figures.format_measurement("transients.rise_s", 0.0) == figures.format_measurement("a_s", 0.0)
