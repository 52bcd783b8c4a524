from __future__ import annotations

import numpy as np
import pytest

from controlroom.music.key import PROFILES, correlate_keys, diatonic_triads, estimate_key, key_label, key_odds


@pytest.mark.parametrize("key", range(24))
def test_each_profile_is_its_own_best_key(key: int) -> None:
    for pair in PROFILES.values():
        assert int(np.argmax(correlate_keys(np.roll(pair[key // 12], key % 12)))) == key


@pytest.mark.parametrize("steps", range(12))
def test_transposition_rotates_the_correlations(steps: int) -> None:
    classes = np.random.default_rng(steps).random(12)
    plain, moved = correlate_keys(classes), correlate_keys(np.roll(classes, steps))
    assert np.allclose(np.roll(plain[:12], steps), moved[:12])
    assert np.allclose(np.roll(plain[12:], steps), moved[12:])


def test_relative_keys_are_told_apart_by_their_tonic_chord() -> None:
    scale = np.zeros(12)
    scale[[0, 2, 4, 5, 7, 9, 11]] = 1.0
    major = np.array([0, 5, 7, 0] * 4)
    minor = np.array([21, 5, 7, 21] * 4)
    for states, wanted in ((major, "C:maj"), (minor, "A:min")):
        odds = key_odds(scale, states, np.ones(states.size), np.arange(0, states.size, 4))
        found = estimate_key(odds, 1.0)
        assert found.label == wanted
        assert found.runner_up != wanted


def test_relative_keys_share_their_triads() -> None:
    for tonic in range(12):
        assert set(diatonic_triads(tonic)) == set(diatonic_triads(12 + (tonic + 9) % 12))


def test_confidence_is_the_share_of_the_odds() -> None:
    assert estimate_key(np.zeros(24), 1.0).confidence == pytest.approx(1 / 24)
    sure = np.zeros(24)
    sure[13] = 50.0
    assert estimate_key(sure, 1.0).confidence == pytest.approx(1.0)
    assert estimate_key(sure, 1.0).label == key_label(13) == "C#:min"
    assert estimate_key(sure, 0.25).confidence == pytest.approx(0.25)
