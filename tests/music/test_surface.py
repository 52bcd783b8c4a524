"""Laws of the surface cues, and of where a form lies in a song."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.music.surface import (
    Extent,
    curve_agreement,
    laid_out,
    music_extent,
    onset_times_s,
    section_cues,
)
from tests import tolerances as tol

BLOCK_S = 0.01
HZ = 20.0 * 2.0 ** (np.arange(30) / 3.0)
SHARES = np.array([0.25, 0.5, 1.0])
NO_LINES = np.zeros(0)


def frames(seed=3, count=800):
    rng = np.random.default_rng(seed)
    low = rng.choice([0.0, 8.0, 14.0], size=(count, 1))
    level = low + rng.standard_normal((count, HZ.size)) - 0.3 * np.arange(HZ.size)
    return 10 ** (level / 10), np.arange(count) * 0.125


def struck(first=100, last=2400, size=3000, step=50):
    """Strokes that die away, the last of them into a ring of several seconds."""
    power = np.full(size, 1e-9)
    for hit in range(first, last + 1, step):
        power[hit : hit + 20] += np.exp(-np.arange(20) / 5.0)
    power[last:] += 0.3 * np.exp(-np.arange(size - last) / 150.0)
    return power


def test_hits_are_counted_where_they_fall():
    power = np.full(3000, 1e-4)
    hits = np.arange(100, 2900, 50)
    for hit in hits:
        power[hit : hit + 20] += np.exp(-np.arange(20) / 5.0)
    found = onset_times_s(power, BLOCK_S)
    assert found.size == hits.size
    assert np.abs(found - hits * BLOCK_S).max() <= BLOCK_S
    assert onset_times_s(np.full(3000, 0.1), BLOCK_S).size == 0


def test_the_loudest_busiest_brightest_section_has_all_the_energy():
    bands, times = frames()
    bands[times < 50.0] *= 0.01
    cues = section_cues(np.array([0.0, 50.0, 100.0]), np.arange(55.0, 95.0, 0.5), bands, HZ, times)
    assert cues[1].energy == pytest.approx(1.0)
    assert cues[0].energy == pytest.approx(0.0)
    assert cues[0].level_db == pytest.approx(-20.0, abs=1.0)


def test_agreement_is_one_with_itself_minus_one_turned_over_nought_without_a_curve():
    energies, ends = np.array([0.2, 0.8, 0.4]), np.array([0.3, 0.7, 1.0])
    assert curve_agreement(energies, ends, energies, ends) == pytest.approx(1.0)
    assert curve_agreement(energies, ends, 1.0 - energies, ends) == pytest.approx(-1.0)
    assert curve_agreement(energies, ends, np.full(3, 0.5), ends) == 0.0
    split = curve_agreement(np.array([0.2, 0.8, 0.8, 0.4]), np.array([0.3, 0.5, 0.7, 1.0]), energies, ends)
    assert split == pytest.approx(1.0)


def test_music_ends_with_its_last_stroke_not_with_what_rings_on():
    found = music_extent(struck(), BLOCK_S)
    assert found.start_s == pytest.approx(1.0, abs=BLOCK_S)
    assert found.end_s == pytest.approx(24.0, abs=BLOCK_S)


@given(gain_db=st.floats(-60.0, 20.0), lead=st.integers(0, 500))
def test_gain_moves_no_extent_and_a_delay_moves_both_ends(gain_db, lead):
    before = music_extent(struck(), BLOCK_S)
    after = music_extent(np.pad(struck(), (lead, 0)) * 10 ** (gain_db / 10), BLOCK_S)
    assert after.start_s == pytest.approx(before.start_s + lead * BLOCK_S, abs=tol.FLOAT32)
    assert after.end_s == pytest.approx(before.end_s + lead * BLOCK_S, abs=tol.FLOAT32)


def test_music_without_strokes_is_all_that_sounds():
    power = np.zeros(3000)
    power[200:2700] = 0.1
    assert music_extent(power, BLOCK_S).end_s == pytest.approx(27.0, abs=BLOCK_S)
    assert music_extent(np.zeros(3000), BLOCK_S) == Extent(0.0, 30.0)
    assert music_extent(np.zeros(0), BLOCK_S) == Extent(0.0, 0.0)


def test_a_form_is_stretched_over_the_music():
    (edges,) = laid_out(SHARES, 16.0, Extent(2.0, 42.0), NO_LINES)
    assert edges.tolist() == [2.0, 12.0, 22.0, 42.0]


def test_a_form_that_fits_its_bars_lies_on_them_too():
    lines = 2.1 + 2.4 * np.arange(16)
    stretched, by_bars = laid_out(SHARES, 16.0, Extent(2.0, 42.0), lines)
    assert stretched[-1] == 42.0
    assert np.allclose(by_bars, 2.1 + 2.4 * 16 * np.array([0.0, 0.25, 0.5, 1.0]))
    # the first bar is the one that the music begins with, be it heard as one or not
    assert np.allclose(laid_out(SHARES, 16.0, Extent(2.0, 42.0), lines[3:])[1], by_bars)


@pytest.mark.parametrize("bars", [8.0, 12.0, 24.0, 32.0])
def test_bars_of_another_length_lay_out_nothing(bars):
    assert len(laid_out(SHARES, bars, Extent(2.0, 42.0), 2.1 + 2.4 * np.arange(16))) == 1
