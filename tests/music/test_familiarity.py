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
    next_entropy,
    percentile_of,
    surprise,
)
from controlroom.music.loops import Heard, find_loop, least_rotation

LOOP = "I V vi IV"


def sung(numerals, bar_s=2.0):
    names = numerals.split()
    return [
        ChordSpan(start_s=i * bar_s, end_s=(i + 1) * bar_s, label="C:maj", roman=name, confidence=0.9)
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
    found = find_loop([Heard(degree, 1.0) for degree in degrees])
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


def walk(names, **wrong):
    """Return a walk; ``wrong`` says of a chord by place, ``at3``, which of its length_s, doubtful, hides_next differ."""
    chords = names.split()
    return [Heard(name, **{"length_s": 1.0, **wrong.get(f"at{at}", {})}) for at, name in enumerate(chords)]


WHOLE = "a b c d a b c d a b c d"


@pytest.mark.parametrize(
    "names, wrong, covered",
    [
        ("a b c d a b x d a b c d", {"at6": {"doubtful": True}}, 11 / 12),
        ("a b c d a b x c d a b c", {"at6": {"doubtful": True}}, 11 / 12),
        ("a b c d a b d a b c d a", {"at5": {"hides_next": True}}, 1.0),
    ],
)
def test_one_chord_that_may_be_misheard_does_not_end_a_loop(names, wrong, covered):
    sure, doubted = find_loop(walk(names)), find_loop(walk(names, **wrong))
    assert find_loop(walk(WHOLE)).unbroken == pytest.approx(3.0)
    assert sure is None or sure.share < covered
    assert doubted.share == pytest.approx(covered)
    assert doubted.unbroken >= 2.5


def test_two_wrong_chords_in_a_turn_end_it_however_doubtful():
    doubt = {f"at{at}": {"doubtful": True} for at in (5, 7)}
    found = find_loop(walk("a b c d a x c y a b c d", **doubt))
    assert found is None


@given(st.lists(st.sampled_from("abcde"), min_size=2, max_size=30), st.data())
def test_doubt_never_covers_less(names, data):
    names = [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]
    doubts = data.draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    sure = find_loop([Heard(name, 1.0) for name in names])
    doubted = find_loop(
        [Heard(name, 1.0, doubtful=d, hides_next=d) for name, d in zip(names, doubts, strict=True)]
    )
    assert sure is None or doubted.share >= sure.share - 1e-9


def test_the_turns_at_once_are_told():
    assert heard(f"{LOOP} {LOOP} ii iii bVII II III VI VII bVI").loop.unbroken == pytest.approx(2.0)
    assert heard(" ".join([LOOP] * 4)).loop.unbroken == pytest.approx(4.0)
