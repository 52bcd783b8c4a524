"""Loops, and how surprising chords are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.listening.musical import chord_table
from controlroom.music.chords import ChordSpan
from controlroom.music.familiarity import (
    degree_of,
    familiarity,
    find_loop,
    least_rotation,
    next_entropy,
    percentile_of,
    surprise,
)

LOOP = "I V vi IV"


def sung(numerals, bar_s=2.0):
    names = numerals.split()
    return [
        ChordSpan(start_s=i * bar_s, end_s=(i + 1) * bar_s, label="C:maj", roman=name)
        for i, name in enumerate(names)
    ]


def heard(numerals, *, minor=False):
    return familiarity(sung(numerals), minor=minor, table=chord_table())


def test_one_loop_covers_all_and_its_spread_is_told_with_its_source():
    found = heard(" ".join([LOOP] * 4))
    assert found.loop.share == pytest.approx(1.0)
    assert found.loop.numerals == ("I", "V", "vi", "IV")
    assert found.loop.turns == 4
    assert "Hooktheory" in found.loop.known.source
    assert found.next_entropy_bits == pytest.approx(0.0)
    assert found.next_entropy_percentile == pytest.approx(0.0)


@pytest.mark.parametrize("turned", ["V vi IV I", "vi IV I V", "IV I V vi"])
def test_rotations_are_the_same_loop(turned):
    assert heard(" ".join([turned] * 3)).loop.degrees == heard(" ".join([LOOP] * 3)).loop.degrees


def test_the_relative_minor_is_the_same_loop():
    minor = heard(" ".join(["i bVI bIII bVII"] * 3), minor=True)
    assert minor.loop.degrees == heard(" ".join(["vi IV I V"] * 3)).loop.degrees
    assert minor.loop.numerals == ("i", "bVI", "bIII", "bVII")


def test_half_a_song_on_a_loop_is_half_covered():
    found = heard(f"{LOOP} {LOOP} ii iii bVII II III VI VII bVI")
    assert found.loop.share == pytest.approx(0.5)


def test_without_a_turn_that_comes_back_at_once_there_is_no_loop():
    assert heard("I ii iii IV V vi VII bVII").loop is None
    assert heard("I V I") is None


def test_of_two_chords_the_shorter_loop_is_told():
    assert len(heard("I IV " * 6).loop.numerals) == 2


@given(st.lists(st.sampled_from(["0:maj", "5:maj", "7:maj", "9:min", "2:min"]), min_size=2, max_size=40))
def test_laws_of_loops_and_entropy(degrees):
    assert least_rotation(degrees) == least_rotation(degrees[1:] + degrees[:1])
    assert 0.0 <= next_entropy(degrees) <= math.log2(5) + 1e-9
    found = find_loop(degrees, [1.0] * len(degrees))
    assert found is None or 0.0 < found.share <= 1.0


def test_common_chords_surprise_less_than_rare_ones():
    table = chord_table()
    common = surprise([degree_of(n) for n in ["I", "IV", "V", "I", "IV", "I", "V", "IV", "I"]], table)
    rare = surprise([degree_of(n) for n in ["I", "bII", "#IV", "III", "bVI", "II", "VII"]], table)
    assert 1.0 < common < 3.4 < rare


def test_percentiles_are_those_published():
    table = chord_table()
    for bits, percent in zip(table.next_entropy_bits, table.percentiles, strict=True):
        assert percentile_of(bits, table.next_entropy_bits, table.percentiles) == pytest.approx(percent)
    assert sum(table.unigram.values()) <= 1.0


def test_what_is_no_numeral_is_refused():
    with pytest.raises(ValueError, match="no Roman numeral"):
        degree_of("N")
