"""The scores: known values, and the laws that they must obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.metrics import (
    event_scores,
    log_spectral_distance_db,
    matches,
    onset_strength_ratio,
    overlap_share,
    rate_interval,
    sdr_db,
    share_interval,
    si_sdr_db,
    strength_at_half_recall,
    tempo_is_right,
)

from tests.tolerances import FLOAT32, PRINTED_INTERVAL

RNG = np.random.default_rng(1)
SOUND = RNG.standard_normal((2, 44100))


def test_si_sdr_ignores_gain_and_sees_noise_at_its_level():
    noise = RNG.standard_normal(SOUND.shape)
    noise -= np.sum(noise * SOUND) / np.sum(SOUND**2) * SOUND
    noise *= np.sqrt(np.sum(SOUND**2) / np.sum(noise**2)) * 10 ** (-20 / 20)
    assert si_sdr_db(SOUND + noise, SOUND) == pytest.approx(20.0, abs=FLOAT32)
    assert si_sdr_db(3 * (SOUND + noise), SOUND) == pytest.approx(20.0, abs=FLOAT32)
    assert sdr_db(SOUND + noise, SOUND) == pytest.approx(20.0, abs=FLOAT32)
    assert sdr_db(2 * SOUND, SOUND) == pytest.approx(0.0, abs=FLOAT32)
    with pytest.raises(ValueError, match="silent"):
        si_sdr_db(SOUND, 0 * SOUND)


def test_a_plain_gain_is_that_many_db_of_log_spectral_distance():
    assert log_spectral_distance_db(SOUND, SOUND, 44100) == 0.0
    louder = log_spectral_distance_db(10 ** (3 / 20) * SOUND, SOUND, 44100)
    assert louder == pytest.approx(3.0, abs=FLOAT32)
    assert log_spectral_distance_db(1.5 * SOUND, SOUND, 44100, free_gain=True) == pytest.approx(
        0, abs=FLOAT32
    )


@given(
    st.lists(st.floats(0, 10), max_size=12),
    st.lists(st.floats(0, 10), max_size=12),
    st.floats(0.01, 1.0),
)
def test_matching_is_symmetric_and_never_more_than_either(a, b, window):
    count = matches(a, b, window)
    assert count == matches(b, a, window)
    assert count <= min(len(a), len(b))
    assert matches(a, a, window) == len(a)


def test_event_scores_count_each_event_once():
    scores = event_scores([1.0, 1.01, 2.0], [1.0, 2.04, 3.0], 0.05)
    assert (scores.precision, scores.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert event_scores([], []).f == 1.0
    assert event_scores([], [1.0]).f == 0.0


def test_tempo():
    assert tempo_is_right(120.9, 120)
    assert not tempo_is_right(60, 120)
    assert tempo_is_right(60, 120, octave=True)


def test_overlap_share():
    assert overlap_share((1.0, 2.0), [(1.5, 3.0), (1.6, 1.7)]) == pytest.approx(0.5, abs=1e-3)
    assert overlap_share((1.0, 1.0), [(0.5, 1.5)]) == 1.0


def test_intervals_are_those_of_the_tables():
    # Clopper-Pearson 0 of 200: 1 − 0.025^(1/200); Garwood 0 events: −ln 0.025 per track
    none = share_interval(0, 200)
    assert none.low == 0.0
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 200), rel=FLOAT32)
    assert rate_interval(0, 200).high == pytest.approx(-np.log(0.025) / 200, rel=FLOAT32)
    ten = rate_interval(10, 1)
    assert (ten.low, ten.high) == (
        pytest.approx(4.795, abs=PRINTED_INTERVAL),
        pytest.approx(18.390, abs=PRINTED_INTERVAL),
    )
    with pytest.raises(ValueError, match="no share"):
        share_interval(3, 2)


def test_strength_at_half_recall():
    assert strength_at_half_recall([0, 6, 12], [0.0, 1.0, 1.0]) == 3.0
    assert strength_at_half_recall([18000, 16000, 14000], [0.0, 0.0, 1.0]) == 15000
    assert strength_at_half_recall([1, 2, 3], [0.0, 0.1, 0.2]) is None
    assert strength_at_half_recall([1, 2, 3], [0.9, 1.0, 1.0]) == 1.0


def test_onset_strength_falls_by_what_is_taken_off_the_front():
    x = np.full((1, 44100), 1e-3)
    x[:, 22050:24000] = 0.5
    soft = x.copy()
    soft[:, 22050:24000] *= 0.5
    assert onset_strength_ratio(x, x, [0.5], 44100) == 0.0
    assert onset_strength_ratio(soft, x, [0.5], 44100) == pytest.approx(-20 * np.log10(2), abs=FLOAT32)
