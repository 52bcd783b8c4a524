import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.dsp import filters as fl
from tests import tolerances as tol

RATE = 48000
REACH = 4080
POINTS = np.array([60.0, 80.0, 100.0, 250.0, 1000.0, 4000.0, 12000.0, 20000.0])


def noise(frames, channels=2, seed=440):
    return (0.3 * np.random.default_rng(seed).standard_normal((channels, frames))).astype(np.float32)


def designed(curve):
    return fl.from_curve_db(curve(fl.grid_hz(RATE, REACH)), REACH)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([60.0, 250.0, 1000.0, 8000.0]), st.floats(-3, 3), st.floats(0.4, 1.0))
def test_the_filter_has_the_curve_it_was_designed_from(centre_hz, gain_db, q):
    response = designed(lambda f: fl.bell_db(f, centre_hz, gain_db, q))
    assert np.allclose(
        response.gain_db(POINTS, RATE), fl.bell_db(POINTS, centre_hz, gain_db, q), atol=tol.FIR_DB
    )


def test_a_flat_curve_is_the_identity():
    sound = noise(5000)
    assert np.allclose(fl.convolve_same(sound, designed(np.zeros_like)), sound, atol=tol.FFT_FILTER)


@pytest.mark.parametrize("frames", [0, 1, 50, 5000, 30000])
def test_convolution_is_numpys(frames):
    sound = noise(frames, 1)
    response = fl.from_curve_db(fl.bell_db(fl.grid_hz(RATE, 300), 900.0, 6.0, 1.0), 300)
    taps = np.concatenate([response.half[:0:-1], response.half])
    truth = np.convolve(sound[0], taps)[300 : 300 + frames] if frames else sound[0]
    assert np.allclose(fl.convolve_same(sound, response)[0], truth, atol=tol.FFT_FILTER)


def test_nothing_is_delayed_and_no_phase_is_turned():
    sound = noise(20000)
    response = designed(lambda f: fl.shelf_db(f, 200.0, 3.0, 0.7, high=False))
    backwards = fl.convolve_same(sound[:, ::-1], response)[:, ::-1]
    assert np.allclose(fl.convolve_same(sound, response), backwards, atol=tol.FFT_FILTER)


def test_it_is_linear_and_leaves_its_input():
    one, other = noise(9000, seed=1), noise(9000, seed=2)
    kept = one.copy()
    response = designed(lambda f: fl.bell_db(f, 300.0, -3.0, 1.0))
    both = fl.convolve_same(one + other, response)
    apart = fl.convolve_same(one, response) + fl.convolve_same(other, response)
    assert np.allclose(both, apart, atol=2 * tol.FFT_FILTER)
    assert np.array_equal(one, kept)


@pytest.mark.parametrize("rate_hz", [8000, 44100, 48000, 96000])
def test_the_rumble_high_pass_stops_below_and_keeps_the_bass(rate_hz):
    response = fl.high_pass(rate_hz, 20.0, 30.0)
    assert np.max(response.gain_db(np.linspace(0.1, 19.9, 50), rate_hz)) < -55.0
    assert np.max(np.abs(response.gain_db(np.linspace(30.0, 40.0, 50), rate_hz))) <= 0.05
    assert np.max(np.abs(response.gain_db(np.geomspace(40.0, rate_hz / 2.1, 50), rate_hz))) <= 0.05


@given(st.floats(30, 15000), st.floats(-6, 6), st.floats(0.3, 4))
def test_bells_and_shelves_are_where_they_say(freq_hz, gain_db, q):
    at = np.array([freq_hz, 0.01, 1e7])
    bell = fl.bell_db(at, freq_hz, gain_db, q)
    low = fl.shelf_db(at, freq_hz, gain_db, q, high=False)
    high = fl.shelf_db(at, freq_hz, gain_db, q, high=True)
    assert np.allclose(bell, [gain_db, 0, 0], atol=tol.BAND_LEVEL_DB)
    assert np.allclose(low, [gain_db / 2, gain_db, 0], atol=tol.BAND_LEVEL_DB)
    assert np.allclose(high, [gain_db / 2, 0, gain_db], atol=tol.BAND_LEVEL_DB)


@given(st.floats(30, 15000), st.floats(0, 6), st.floats(0.3, 4))
def test_a_cut_undoes_a_boost(freq_hz, gain_db, q):
    at = np.geomspace(20, 20000, 40)
    assert np.allclose(
        fl.bell_db(at, freq_hz, gain_db, q), -fl.bell_db(at, freq_hz, -gain_db, q), atol=1e3 * tol.FLOAT64
    )


def test_a_gentle_high_pass_is_half_power_at_its_corner():
    curve = fl.gentle_high_pass_db(np.array([30.0, 60.0, 120.0, 12000.0]), 120.0, 12.0)
    assert curve == pytest.approx([-24.1, -12.3, -3.01, 0.0], abs=tol.FIR_DB)


def test_a_grid_too_coarse_is_refused():
    with pytest.raises(ValueError, match="reach of 500"):
        fl.zero_phase_filter(np.ones(100), 500)
