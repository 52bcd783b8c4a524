"""The seed's example: four proposals with evidence; accepted, they do what they claim; rejected, nothing moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.seed_run import ASKED, SeedRun, run_seed
from lab.seed_song import seed_song

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SeedRun:
    folder: Path = tmp_path_factory.mktemp("seed")
    return run_seed(seed_song(7, duration_s=24.0), folder)


def test_four_questions_are_asked_each_with_its_evidence(run: SeedRun) -> None:
    assert {p.kind: p.step.processor for p in run.proposals} == ASKED
    assert {p.step.part for p in run.proposals} == {"hats", "kick", "accompaniment", "bass"}
    assert all(p.claims and p.answers and p.confidence > 0.8 for p in run.proposals)


def test_rejected_nothing_has_moved(run: SeedRun) -> None:
    assert run.untouched()


def test_accepted_every_claim_is_kept(run: SeedRun) -> None:
    stems = [o for o in run.accepted.walk.outcomes if o.proposal_id in {p.id for p in run.proposals}]
    assert stems
    assert all(outcome.kept for outcome in stems)


def test_the_hats_go_down_and_stay_hats_and_the_snare_is_left_alone(run: SeedRun) -> None:
    assert -6.0 <= run.changes.hats <= -3.0
    assert run.changes.hat_onset_f1 >= 0.95
    assert abs(run.changes.snare_crack) <= 0.5


def test_the_kick_gets_its_front_back_also_in_the_limited_master_and_keeps_its_low_end(run: SeedRun) -> None:
    assert run.changes.kick_front >= 2.0
    assert run.kick_in_master_db >= 1.0
    assert abs(run.changes.kick_sustain) <= 0.5


def test_the_voice_comes_out_and_is_not_touched(run: SeedRun) -> None:
    assert run.changes.voice_over_backing >= 2.0
    assert run.changes.voice == 0.0


def test_the_bass_stands_in_the_middle(run: SeedRun) -> None:
    assert run.changes.bass_side_mid <= -15.0
    assert run.changes.bass_balance <= 0.5
