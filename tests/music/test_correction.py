"""A person's word on the music stands where they spoke, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.model.errors import UsageError
from controlroom.model.timeline import BeatGrid
from controlroom.music.analysis import MusicFacts
from controlroom.music.chords import ChordSpan
from controlroom.music.correction import Mark, MusicCorrection, corrected, state_of, together
from controlroom.music.key import KeyEstimate
from tests import tolerances as tol

HEARD = MusicFacts(
    duration_s=60.0,
    grid=BeatGrid(
        clock="t",
        tempo_bpm=120.0,
        beats_s=tuple(np.arange(0.25, 60, 0.5)),
        downbeats_s=tuple(np.arange(0.25, 60, 2.0)),
        beats_per_bar=4,
        confidence=0.7,
    ),
    key=KeyEstimate(label="C:maj", tonic=0, mode="major", confidence=0.6, runner_up="A:min"),
    chords=(
        ChordSpan(start_s=0.25, end_s=30.0, label="C:maj", roman="I", confidence=0.9),
        ChordSpan(start_s=30.0, end_s=60.0, label="A:min", roman="vi", confidence=0.9),
    ),
)


def said(**what: object) -> MusicCorrection:
    return MusicCorrection(clock="t", **what)  # type: ignore[arg-type]


def test_nothing_said_changes_nothing() -> None:
    assert corrected(HEARD, said()) == HEARD


def test_a_tempo_makes_a_constant_grid_through_the_first_downbeat() -> None:
    grid = corrected(HEARD, said(tempo_bpm=90.0, first_downbeat_s=1.0)).grid
    assert grid.by_person
    assert grid.confidence == 1.0
    np.testing.assert_allclose(np.diff(grid.beats_s), 60 / 90, atol=tol.FLOAT32 * 10)
    assert 0.0 <= grid.beats_s[0] < 60 / 90
    assert grid.beats_s[-1] < HEARD.duration_s
    assert min(abs(at - 1.0) for at in grid.downbeats_s) < tol.FLOAT32 * 10
    np.testing.assert_allclose(np.diff(grid.downbeats_s), 4 * 60 / 90, atol=tol.FLOAT32 * 10)


MOVING = HEARD.model_copy(
    update={
        "grid": HEARD.grid.model_copy(
            update={
                "beats_s": (moving := tuple(0.25 + np.cumsum(0.5 + 0.02 * np.sin(np.arange(100) / 9.0)))),
                "downbeats_s": moving[1::4],
            }
        )
    }
)


@pytest.mark.parametrize("octave, each", [(2.0, 2), (0.5, 1)])
def test_the_octave_counts_the_beats_that_were_heard_and_a_moving_tempo_goes_on_moving(octave, each) -> None:
    facts = corrected(MOVING, said(tempo_bpm=120.0 * octave))
    beats = facts.grid.beats_s
    assert facts.grid.tempo_bpm == 120.0 * octave
    assert not facts.constant_tempo
    heard = np.asarray(MOVING.grid.beats_s)
    np.testing.assert_allclose(beats[::each], heard if octave > 1 else heard[1::2], atol=tol.FLOAT32 * 10)
    assert facts.grid.downbeats_s[0] == pytest.approx(MOVING.grid.downbeats_s[0], abs=tol.FLOAT32 * 10)
    assert np.diff(beats).std() > 0.002


def test_there_and_back_by_the_octave_is_where_it_was() -> None:
    twice = corrected(MOVING, said(tempo_bpm=240.0))
    back = corrected(twice, said(tempo_bpm=120.0))
    np.testing.assert_allclose(back.grid.beats_s, MOVING.grid.beats_s, atol=tol.FLOAT32 * 10)
    np.testing.assert_allclose(back.grid.downbeats_s, MOVING.grid.downbeats_s, atol=tol.FLOAT32 * 10)


def test_a_downbeat_moves_the_beats_to_it_and_keeps_how_they_move() -> None:
    anchor = MOVING.grid.beats_s[6] + 0.03
    facts = corrected(MOVING, said(first_downbeat_s=anchor))
    assert min(abs(np.asarray(facts.grid.downbeats_s) - anchor)) < tol.FLOAT32 * 10
    np.testing.assert_allclose(
        np.diff(facts.grid.beats_s), np.diff(MOVING.grid.beats_s), atol=tol.FLOAT32 * 10
    )


def test_a_downbeat_without_any_tempo_waits_for_one() -> None:
    silent = HEARD.model_copy(update={"grid": BeatGrid(clock="t")})
    assert corrected(silent, said(first_downbeat_s=1.0)).grid == silent.grid
    assert corrected(silent, said(first_downbeat_s=1.0, tempo_bpm=60.0)).grid.downbeats_s[:2] == (1.0, 5.0)


def test_other_bars_count_the_beats_that_were_heard() -> None:
    grid = corrected(HEARD, said(beats_per_bar=3)).grid
    assert grid.beats_s == HEARD.grid.beats_s
    assert grid.downbeats_s == HEARD.grid.beats_s[::3]


def test_a_key_moves_the_numerals_with_it() -> None:
    facts = corrected(HEARD, said(key="A:min"))
    assert facts.key is not None
    assert (facts.key.label, facts.key.mode, facts.key.runner_up) == ("A:min", "minor", "C:maj")
    assert [chord.label for chord in facts.chords] == ["C:maj", "A:min"]
    assert facts.chords[1].roman == "i"


def test_sections_and_chords_last_until_the_next() -> None:
    marks = (
        Mark(start_s=20.0, label="chorus"),
        Mark(start_s=0.0, label="verse"),
        Mark(start_s=40.0, label="verse"),
    )
    facts = corrected(
        HEARD, said(sections=marks, chords=(Mark(start_s=0.0, label="Bb"), Mark(start_s=10.0, label="N")))
    )
    assert facts.sections is not None
    assert [(s.label, s.start_s, s.end_s, s.repeat_of) for s in facts.sections.sections] == [
        ("verse", 0.0, 20.0, None),
        ("chorus", 20.0, 40.0, None),
        ("verse", 40.0, 60.0, "verse"),
    ]
    assert facts.sections.sections[0].bars == 10.0
    assert [(c.label, c.roman, c.end_s) for c in facts.chords] == [
        ("A#:maj", "bVII", 10.0),
        ("N", None, 60.0),
    ]


def test_the_later_word_wins_and_another_take_says_nothing() -> None:
    both = together([said(tempo_bpm=100.0, key="C:maj"), said(tempo_bpm=90.0)], "t")
    assert both is not None
    assert (both.tempo_bpm, both.key) == (90.0, "C:maj")
    assert together([said(tempo_bpm=100.0)], "another") is None


def test_what_is_withdrawn_is_heard_again_until_it_is_said_again() -> None:
    first, back = said(tempo_bpm=100.0, key="C:maj"), said(withdrawn=("tempo_bpm",))
    both = together([first, back], "t")
    assert both is not None
    assert (both.tempo_bpm, both.key) == (None, "C:maj")
    assert together([first, back, said(withdrawn=("key",))], "t") is None
    again = together([first, back, said(tempo_bpm=70.0)], "t")
    assert again is not None
    assert again.tempo_bpm == 70.0


@pytest.mark.parametrize("label", ["H", "A:dim", "", "c:maj", "A#b"])
def test_what_is_no_chord_is_refused_by_name(label: str) -> None:
    with pytest.raises(UsageError, match="no key or triad") as caught:
        state_of(label)
    assert caught.value.code == "music.label"
