"""What was promised is measured again: after the stage, and in the master."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.engine.claims import check_master, check_stage, improves
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.proposals import Claim, Proposal
from controlroom.processors.level import Level
from controlroom.studio.standards import shipped_standards

NAME = "loudness.integrated_lufs"
CLAIM = Claim(
    measurement="loudness.integrated_lufs", before=0.0, expected=99.0, tolerance=0.5, sense="near", on="part"
)


def sound() -> Listening:
    noise = 0.1 * np.random.default_rng(1).standard_normal((2, 96_000)).astype(np.float32)
    bass = Audio(noise, 48_000)
    return Listening(Audio(2.0 * noise, 48_000), stems={"bass": Listening(bass)})


def claim(sense: str = "near", *, before: float = 1.0, expected: float = 2.0, on: str = "part") -> Claim:
    return CLAIM.model_copy(update={"sense": sense, "before": before, "expected": expected, "on": on})


@pytest.mark.parametrize(
    "sense, expected, better",
    [
        ("at_most", 0.9, True),
        ("at_most", 1.0, False),
        ("at_most", 1.1, False),
        ("at_least", 1.1, True),
        ("at_least", 1.0, False),
        ("at_least", 0.9, False),
        ("near", 1.1, True),
        ("near", 1.0, False),
    ],
)
def test_a_claim_improves_only_the_way_that_it_promises(sense: str, expected: float, *, better: bool) -> None:
    assert improves([claim(sense, expected=expected)]) is better
    assert improves([claim("at_most", expected=9.0), claim(sense, expected=expected)]) is better
    assert improves([])


def proposal(part: str, *claimed: Claim) -> Proposal:
    step = Level(gain_db=-3.0).step(part)
    return Proposal(source_digest="s", upstream=(), step=step, kind="level", claims=claimed)


def test_outcomes_are_measured_after_the_stage_and_again_in_the_master() -> None:
    heard, standards = sound(), shipped_standards()
    own, whole = (measure(one, NAME, standards) for one in (heard.stems["bass"], heard))
    asked = [
        proposal("bass", claim(expected=own), claim(expected=own, on="song")),
        proposal("mix", claim(expected=whole)),
    ]
    stage = check_stage(asked, heard, standards, {})
    assert [(one.after_stage, one.kept) for one in stage] == [(own, True), (whole, False), (whole, True)]
    assert [one.proposal_id for one in stage] == [asked[0].id, asked[0].id, asked[1].id]
    parts = {one.id: one.step.part for one in asked}
    louder = Listening(Audio(2.0 * heard.audio.samples, heard.audio.rate_hz))
    first, second, mixed = check_master(stage, louder, standards, parts, {})
    assert (first, second) == stage[:2]  # a stem is not heard in the master
    assert mixed.in_master == pytest.approx(whole + 6.02, abs=0.01)
    assert mixed.kept_in_master is False
    assert mixed.after_stage == whole
    assert check_master(stage[2:], louder, standards, {}, {})[0].in_master == mixed.in_master


def test_what_a_step_tells_of_itself_counts_before_what_is_measured() -> None:
    heard, standards = sound(), shipped_standards()
    (told,) = check_stage([proposal("mix", claim(expected=7.0))], heard, standards, {NAME: 7.25})
    assert (told.after_stage, told.kept) == (7.25, True)
    (again,) = check_master([told], heard, standards, {}, {NAME: 9.0})
    assert (again.in_master, again.kept_in_master) == (9.0, False)
