import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.dsp import spectrum as sp
from tests import tolerances as tol

RATES = (8000, 22050, 44100, 48000, 96000)


def sine(freq_hz, rate_hz=48000, seconds=4.0, amplitude=1.0):
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    return (amplitude * np.sin(2 * np.pi * freq_hz * at)).astype(np.float32)[None]


def white(seconds=4.0, rate_hz=48000, channels=2, seed=440):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((channels, round(seconds * rate_hz)))).astype(np.float32)


@pytest.mark.parametrize("rate_hz", RATES)
def test_bin_powers_sum_to_the_mean_square(rate_hz):
    sound = white(rate_hz=rate_hz)
    spectra = sp.band_spectra(sound, rate_hz)
    total = sp.decibels(np.sum(spectra.mean_mid + spectra.mean_side))
    assert total == pytest.approx(float(sp.decibels(np.mean(sound**2))), abs=tol.NOISE_LEVEL_DB)


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_sine_stands_in_its_own_band_at_its_own_level(rate_hz):
    spectra = sp.band_spectra(sine(1000.0, rate_hz), rate_hz)
    levels = sp.third_octave_levels(spectra)
    assert spectra.nominal_hz[np.argmax(levels)] == 1000.0
    assert levels.max() == pytest.approx(20 * np.log10(np.sqrt(0.5)), abs=tol.BAND_LEVEL_DB)


def test_pink_noise_is_level_in_third_octaves():
    rng = np.random.default_rng(440)
    frames = 48000 * 20
    freq = np.fft.rfftfreq(frames, 1 / 48000)
    shape = np.exp(2j * np.pi * rng.random(freq.size)) / np.sqrt(np.maximum(freq, 1.0))
    pink = np.fft.irfft(shape, frames).astype(np.float32)[None] * 100
    levels = sp.third_octave_levels(sp.band_spectra(pink, 48000))[3:-1]
    assert np.max(np.abs(levels - levels.mean())) < 3 * tol.NOISE_LEVEL_DB


def test_bands_are_named_and_lie_below_nyquist():
    for rate_hz in RATES:
        centres = sp.third_octave_centres(rate_hz)
        assert np.all(centres * 10**0.05 <= rate_hz / 2)
        assert np.allclose(centres, sp.NOMINAL_HZ[: centres.size], rtol=0.02)


def test_band_weights_share_every_bin_once():
    edges = np.array([100.0, 200.0, 400.0])
    weights = sp.band_weights(edges[:-1], edges[1:], 3.0, 200)
    inside = (np.arange(200) * 3.0 > 102) & (np.arange(200) * 3.0 < 398)
    assert np.allclose(weights.sum(axis=1)[inside], 1.0, atol=tol.FLOAT64)
    assert np.allclose(weights.sum(axis=0) * 3.0, np.diff(edges), atol=1e3 * tol.FLOAT64)


def test_k_weighting_adds_what_bs1770_takes_off_at_997_hz():
    assert float(sp.decibels(sp.k_weighting_power(997.0))) == pytest.approx(0.691, abs=tol.K_WEIGHTING_DB)


def test_k_weighted_power_agrees_with_the_meter():
    from controlroom.dsp.loudness import measure

    sound = white(seconds=6.0)
    spectra = sp.band_spectra(sound, 48000)
    # the meter adds channels; the spectra hold their mean
    level = float(sp.decibels(2 * np.mean(spectra.loud_mid + spectra.loud_side))) - 0.691
    assert level == pytest.approx(measure(sound, 48000).integrated_lufs, abs=tol.LOUDNESS_LU)


def test_mono_is_all_mid():
    spectra = sp.band_spectra(white(channels=1), 48000)
    assert not spectra.side.any()
    assert not spectra.cross.any()


@pytest.mark.parametrize("frames", [0, 1, 100, 20000])
def test_short_and_silent_sounds_are_measured(frames):
    spectra = sp.band_spectra(np.zeros((2, frames), dtype=np.float32), 48000)
    assert np.all(sp.third_octave_levels(spectra, sp.loudest_frames(spectra)) == -200.0)
    assert sp.infrasonic_power(np.zeros((2, frames), dtype=np.float32), 48000) == 0.0


@settings(max_examples=10, deadline=None)
@given(st.floats(-40, 20))
def test_levels_move_with_gain(gain_db):
    sound = white(seconds=1.0)
    before = sp.third_octave_levels(sp.band_spectra(sound, 48000))
    after = sp.third_octave_levels(sp.band_spectra(sound * np.float32(10 ** (gain_db / 20)), 48000))
    assert np.allclose(after - before, gain_db, atol=tol.BAND_LEVEL_DB)


def test_the_loudest_third_is_the_loud_third():
    sound = white(seconds=30.0)
    sound[:, : 20 * 48000] *= 0.2
    spectra = sp.band_spectra(sound, 48000)
    chosen = spectra.frames_s[sp.loudest_frames(spectra)]
    assert chosen.size == pytest.approx(spectra.frames_s.size / 3, abs=1)
    assert chosen.min() > 18.0


def test_one_far_band_does_not_pull_the_level_fit():
    target = np.linspace(0, -20, 21)
    levels = target + 5.0
    levels[3] += 40.0
    assert sp.broadband_gain_db(levels, target, np.ones(21, bool)) == pytest.approx(5.0, abs=tol.FLOAT64)


def test_outside_counts_from_the_edges():
    residual = np.array([-5.0, -1.0, 0.0, 2.0, 7.0])
    outside = sp.outside_db(residual, np.full(5, -3.0), np.full(5, 3.0))
    assert outside.tolist() == [-2.0, 0.0, 0.0, 0.0, 4.0]


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("freq_hz", [5.0, 11.0, 17.0])
def test_rumble_is_measured_at_its_level(rate_hz, freq_hz):
    power = sp.infrasonic_power(sine(freq_hz, rate_hz, seconds=10.0), rate_hz)
    assert float(sp.decibels(power)) == pytest.approx(-3.01, abs=tol.LOUDNESS_LU)


@pytest.mark.parametrize("freq_hz", [0.0, 25.0, 30.0, 50.0, 1000.0])
def test_bass_and_offset_are_no_rumble(freq_hz):
    sound = sine(freq_hz, seconds=10.0) if freq_hz else np.ones((1, 480000), dtype=np.float32)
    assert float(sp.decibels(sp.infrasonic_power(sound, 48000))) < tol.UNTOUCHED_DB


@given(st.floats(20, 20000))
def test_the_erb_scale_goes_there_and_back(freq_hz):
    assert float(sp.erb_frequency(sp.erb_number(freq_hz))) == pytest.approx(freq_hz, rel=tol.FLOAT64 * 100)


def test_erb_edges_widen():
    edges = sp.erb_edges(50.0, 16000.0, 32)
    assert edges.size == 33
    assert np.all(np.diff(edges, 2) > 0)


def test_fine_levels_follow_coarse_ones():
    freq, levels = sp.octave_fraction_levels(sp.band_spectra(white(seconds=8.0), 48000), per_octave=3)
    # white noise rises by 3 dB per octave in proportional bands
    slope = np.polyfit(np.log2(freq[6:]), levels[6:], 1)[0]
    assert slope == pytest.approx(3.01, abs=tol.LOUDNESS_LU)


@pytest.mark.parametrize("rate_hz", RATES)
def test_fast_band_sums_are_the_weights(rate_hz):
    centres, bin_hz = sp.third_octave_centres(rate_hz), rate_hz / 4096
    power = np.random.default_rng(440).random((3, 2049)).astype(np.float32)
    weights = sp.band_weights(centres * 10**-0.05, centres * 10**0.05, bin_hz, 2049)
    assert np.allclose(
        sp._BandEdges.of(centres, bin_hz).sums(power),
        power @ weights,
        rtol=20 * tol.FLOAT32,
        atol=tol.FLOAT32,
    )
