"""Two channels over time."""

import numpy as np
import pytest

from controlroom.dsp import space
from controlroom.dsp.spectrum import band_spectra
from tests import tolerances as tol

RATE_HZ = 44100


def noise(seed, seconds=8.0):
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ)).astype(
        np.float32
    ) * np.float32(0.1)


def spectra(left, right):
    return band_spectra(np.stack([left, right]).astype(np.float32), RATE_HZ)


def test_equal_channels_lose_nothing_and_agree():
    found = spectra(noise(1), noise(1))
    assert space.fold_loss_db(found) == pytest.approx(0.0, abs=tol.FLOAT32)
    assert np.all(space.high_correlations(found) > 0.999)


def test_unrelated_channels_lose_three_decibels():
    found = spectra(noise(1), noise(2))
    assert space.fold_loss_db(found) == pytest.approx(3.01, abs=tol.NOISE_LEVEL_DB)
    assert np.median(space.high_correlations(found)) == pytest.approx(0.0, abs=0.05)


def test_opposite_channels_lose_all():
    found = spectra(noise(1), -noise(1))
    assert space.fold_loss_db(found) > 60.0
    assert np.all(space.high_correlations(found) < -0.999)


@pytest.mark.parametrize("gain_db", [-6.0, 2.5, 9.0])
def test_the_balance_is_the_gain_between_the_channels(gain_db):
    left = noise(1) * np.float32(10 ** (gain_db / 20))
    assert space.balance(spectra(left, noise(1))).mean_db == pytest.approx(gain_db, abs=tol.BAND_LEVEL_DB)


def test_swapping_the_channels_turns_the_balance_around():
    left, right = noise(1), noise(2) * np.linspace(0.5, 2, noise(2).size)
    here, there = space.balance(spectra(left, right)), space.balance(spectra(right, left))
    assert there.mean_db == pytest.approx(-here.mean_db, abs=tol.BAND_LEVEL_DB)
    assert there.drift_db == pytest.approx(-here.drift_db, abs=tol.BAND_LEVEL_DB)


def test_a_drift_is_told_from_a_part_on_one_side():
    walk = 10 ** (np.linspace(-4, 4, noise(1).size) / 20)
    drifting = space.balance(spectra(noise(1) * walk, noise(1)))
    assert drifting.drift_db == pytest.approx(8.0, abs=0.5)
    assert drifting.steadiness > 0.9
    entered = np.where(np.arange(noise(1).size) % (2 * RATE_HZ) < RATE_HZ, 2.0, 0.5)
    assert space.balance(spectra(noise(1) * entered, noise(1))).steadiness < 0.2


def test_silence_reads_as_no_trouble():
    found = spectra(np.zeros(RATE_HZ), np.zeros(RATE_HZ))
    assert space.fold_loss_db(found) == 0.0
    assert space.balance(found) == space.Balance(0.0, 0.0, 0.0)
    assert space.high_correlations(found).size == 0
