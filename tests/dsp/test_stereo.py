import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.dsp import stereo
from controlroom.dsp.spectrum import band_spectra
from tests import tolerances as tol

RATE = 48000


def noises(seconds=6.0, seed=440):
    return (0.1 * np.random.default_rng(seed).standard_normal((2, round(seconds * RATE)))).astype(np.float32)


def measured(left, right):
    spectra = band_spectra(np.stack([left, right]).astype(np.float32), RATE)
    return spectra, spectra.between(20.0, 20000.0)


def test_mid_side_goes_there_and_back():
    sound = noises(0.1)
    assert np.allclose(stereo.from_mid_side(stereo.to_mid_side(sound)), sound, atol=tol.FLOAT32)


@pytest.mark.parametrize(
    "sign,width_db,rho,loss_db", [(1.0, stereo.WIDTH_FLOOR_DB, 1.0, 0.0), (-1.0, 99.0, -1.0, 99.0)]
)
def test_equal_and_opposite_channels(sign, width_db, rho, loss_db):
    left = noises()[0]
    spectra, bands = measured(left, sign * left)
    assert stereo.correlation(spectra, bands) == pytest.approx(rho, abs=tol.FLOAT32)
    assert np.sign(stereo.side_over_mid_db(spectra, bands)) == np.sign(width_db)
    assert (stereo.mono_fold_loss_db(spectra) >= 90.0) == (loss_db >= 90.0)


def test_unrelated_channels_lose_three_decibels_in_mono():
    spectra, bands = measured(*noises())
    assert stereo.correlation(spectra, bands) == pytest.approx(0.0, abs=tol.NOISE_CORRELATION)
    assert stereo.side_over_mid_db(spectra, bands) == pytest.approx(0.0, abs=tol.LOUDNESS_LU)
    assert stereo.mono_fold_loss_db(spectra) == pytest.approx(3.01, abs=tol.LOUDNESS_LU)


@settings(max_examples=10, deadline=None)
@given(st.floats(-1, 1), st.floats(0.2, 5), st.floats(0.01, 10))
def test_correlation_is_numpys_and_knows_no_gain(mix, balance, gain):
    one, other = noises(2.0)
    left, right = one, balance * (mix * one + (1 - abs(mix)) * other)
    spectra, bands = measured(gain * left, gain * right)
    truth = np.corrcoef(left, right)[0, 1]
    assert stereo.correlation(spectra, bands) == pytest.approx(truth, abs=tol.NOISE_CORRELATION / 3)


def test_one_channel_alone_is_neither_agreement_nor_disagreement():
    left = noises()[0]
    spectra, bands = measured(left, np.zeros_like(left))
    assert stereo.correlation(spectra, bands) == 0.0


def test_silence_agrees_and_loses_nothing():
    spectra, bands = measured(np.zeros(RATE), np.zeros(RATE))
    assert stereo.correlation(spectra, bands) == 1.0
    assert stereo.mono_fold_loss_db(spectra) == 0.0
    assert stereo.side_over_mid_db(spectra, bands) == stereo.WIDTH_FLOOR_DB


def test_bands_are_told_apart():
    from scipy import signal

    low = signal.sosfiltfilt(signal.butter(4, 200, fs=RATE, output="sos"), noises()[0])
    high = signal.sosfiltfilt(signal.butter(4, 2000, "high", fs=RATE, output="sos"), noises()[1])
    spectra, _ = measured(low + high, low - high)
    rho = stereo.band_correlations(spectra)
    assert np.all(rho[spectra.between(50.0, 125.0)] > 0.99)
    assert np.all(rho[spectra.between(4000.0, 16000.0)] < -0.99)
