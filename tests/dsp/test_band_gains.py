"""Bands with moving gains: they add up, a steady gain is a filter, and blocks join."""

import numpy as np
import pytest

from controlroom.dsp.band_gains import BandCuts, cut_bands, erb_split, erb_top_hz, erb_weights
from controlroom.dsp.spectrum import decibels
from tests import tolerances as tol

LOW_HZ, HIGH_HZ, BANDS = 1000.0, 4000.0, 5


def split(rate_hz=44100):
    return erb_split(rate_hz, LOW_HZ, HIGH_HZ, BANDS, 0.03)


def white(frames=60000, channels=2, seed=1):
    return np.random.default_rng(seed).standard_normal((channels, frames)).astype(np.float32) * np.float32(
        0.2
    )


def steady(cut):
    return BandCuts(0.0, 200.0, np.tile(np.asarray(cut, dtype=float), (400, 1)))


def test_the_weights_add_up_to_one_between_the_outer_centres_and_end_beyond():
    hz = np.linspace(LOW_HZ, HIGH_HZ, 500)
    assert np.allclose(erb_weights(hz, LOW_HZ, HIGH_HZ, BANDS).sum(axis=0), 1.0, atol=tol.FLOAT64)
    beyond = np.array([200.0, erb_top_hz(LOW_HZ, HIGH_HZ, BANDS) + 1.0])
    assert np.array_equal(erb_weights(beyond, LOW_HZ, HIGH_HZ, BANDS), np.zeros((BANDS, 2)))


@pytest.mark.parametrize("rate_hz", [16000, 44100, 96000])
def test_a_steady_cut_is_the_gain_that_it_names(rate_hz):
    at_s = np.arange(rate_hz) / rate_hz
    for hz, gain in ((300.0, 1.0), (1500.0, 0.5), (2500.0, 0.5), (7000.0, 1.0)):
        tone = np.sin(2 * np.pi * hz * at_s)[None].astype(np.float32)
        out = cut_bands(tone, 0, split(rate_hz), steady([0.5] * BANDS))
        middle = slice(rate_hz // 4, -rate_hz // 4)
        assert np.allclose(out[:, middle], gain * tone[:, middle], atol=tol.BAND_GAIN)


def test_no_cut_gives_the_samples_back():
    assert np.array_equal(cut_bands(white(), 0, split(), steady([0.0] * BANDS)), white())


def test_only_the_band_that_is_cut_moves():
    out = cut_bands(white(), 0, split(), steady([0.0, 0.0, 1.0, 0.0, 0.0]))
    power = [np.abs(np.fft.rfft(x[0])) ** 2 for x in (white(), out)]
    hz = np.fft.rfftfreq(60000, 1 / 44100)
    for low, high in ((100, 1100), (3300, 20000)):
        band = (hz > low) & (hz < high)
        assert abs(decibels(power[1][band].sum() / power[0][band].sum())) < tol.FIR_DB
    centre = (hz > 1990) & (hz < 2080)
    assert decibels(power[1][centre].sum() / power[0][centre].sum()) < -15.0


def test_a_piece_with_its_context_is_the_piece_of_the_whole():
    rng = np.random.default_rng(2)
    cuts = BandCuts(0.0, 300.0, rng.random((220, BANDS)) * 0.5)
    whole = cut_bands(white(), 0, split(), cuts)
    reach = split().reach_frames
    piece = cut_bands(white()[:, 20000 - reach : 40000 + reach], 20000 - reach, split(), cuts)
    assert np.allclose(piece[:, reach:-reach], whole[:, 20000:40000], atol=tol.BAND_GAIN)


def test_curves_are_held_beyond_their_ends():
    cuts = BandCuts(100.0, 10.0, np.array([[0.2], [0.6]]))
    assert np.allclose(cuts.at(np.array([0.0, 105.0, 500.0]), 0), [0.2, 0.4, 0.6])
    assert not cuts.silent(0, 1000)
