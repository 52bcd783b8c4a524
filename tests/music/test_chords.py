from __future__ import annotations

import numpy as np
import pytest

from controlroom.music.chords import (
    NO_CHORD,
    change_costs,
    chord_label,
    chord_path,
    key_bias,
    roman_numeral,
    template_odds,
    to_spans,
    triads,
)
from controlroom.music.pitch import Chroma


def chroma_of(states: list[int]) -> Chroma:
    """Pure triads with their root in the bass."""
    bass = np.zeros((len(states), 12))
    bass[np.arange(len(states)), np.array(states) % 12] = 1.0
    return Chroma(triads()[states], bass)


@pytest.mark.parametrize("state", range(24))
def test_each_triad_is_its_own_best_template(state: int) -> None:
    assert int(np.argmax(template_odds(chroma_of([state]))[0])) == state


def test_flat_chroma_is_no_chord() -> None:
    flat = Chroma(np.ones((4, 12)), np.ones((4, 12)))
    assert set(np.argmax(template_odds(flat), axis=1)) == {NO_CHORD}


def test_silence_inside_a_song_is_no_chord() -> None:
    song = chroma_of([0, 0, 0, 0, 7])
    song.treble[4] *= 1e-4
    song.bass[4] *= 1e-4
    assert int(np.argmax(template_odds(song)[4])) == NO_CHORD


def test_a_single_odd_beat_does_not_break_a_chord_but_a_bar_does() -> None:
    positions = np.arange(16) % 4
    costs = change_costs(positions, 4)
    odds = template_odds(chroma_of([0] * 6 + [9 + 12] + [0] * 9))
    odds[6] *= 0.3
    assert set(chord_path(odds, costs, key_bias(None)).states) == {0}
    turned = chord_path(template_odds(chroma_of([0] * 8 + [5] * 8)), costs, key_bias(None)).states
    assert turned.tolist() == [0] * 8 + [5] * 8


def test_spans_join_equal_beats_and_carry_numerals() -> None:
    states = [0] * 4 + [7] * 4 + [21] * 4 + [5] * 4
    path = chord_path(template_odds(chroma_of(states)), change_costs(np.arange(16) % 4, 4), key_bias(0))
    spans = to_spans(path, np.arange(17.0), 0)
    assert [(s.label, s.roman) for s in spans] == [
        ("C:maj", "I"),
        ("G:maj", "V"),
        ("A:min", "vi"),
        ("F:maj", "IV"),
    ]
    assert [s.end_s - s.start_s for s in spans] == [4.0] * 4


@pytest.mark.parametrize(
    "state,key,roman",
    [
        (0, 0, "I"),
        (14, 0, "ii"),
        (10, 0, "bVII"),
        (21, 21, "i"),
        (5, 21, "bVI"),
        (14, 21, "iv"),
        (7, 21, "bVII"),
        (16, 21, "v"),
        (11, 4, "V"),
    ],
)
def test_numerals(state: int, key: int, roman: str) -> None:
    assert roman_numeral(state, key) == roman


def test_no_chord_has_no_numeral() -> None:
    assert roman_numeral(NO_CHORD, 0) is None
    assert chord_label(NO_CHORD) == "N"
