"""Density, and the level of the same music in several places."""

import numpy as np
import pytest

from controlroom.dsp.dynamics import density_db, level_change
from controlroom.dsp.levels import envelope
from controlroom.dsp.spectrum import band_spectra
from tests import tolerances as tol

RATE_HZ = 22050


def density(samples):
    return density_db(envelope(np.asarray(samples, dtype=np.float32)[None], RATE_HZ))


def change(samples):
    return level_change(band_spectra(np.asarray(samples, dtype=np.float32)[None], RATE_HZ))


def passage(seconds, seed=1, slope=-3.0):
    """Noise whose spectrum falls by ``slope`` dB per octave."""
    frames = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(frames))
    hertz = np.maximum(np.fft.rfftfreq(frames, 1 / RATE_HZ), 50.0)
    return 0.05 * np.fft.irfft(spectrum * (hertz / 1000.0) ** (slope / 6.02), frames)


def test_density_of_known_waves():
    at_s = np.arange(9 * RATE_HZ) / RATE_HZ
    sine = np.sin(2 * np.pi * 440 * at_s)
    assert density(sine) == pytest.approx(3.01, abs=tol.BAND_LEVEL_DB)
    assert density(np.sign(sine + 1e-6)) == pytest.approx(0.0, abs=tol.BAND_LEVEL_DB)
    assert density(0.1 * sine) == pytest.approx(density(sine), abs=tol.BAND_LEVEL_DB)
    assert density(np.zeros(RATE_HZ)) == 0.0
    assert density(np.zeros(0)) == 0.0


def test_clipping_harder_is_denser():
    sound = passage(9.0)
    found = [density(np.clip(sound * gain, -0.2, 0.2)) for gain in (1.0, 4.0, 16.0)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("step_db", [-6.0, 4.0, 8.0])
def test_a_gain_over_a_stretch_is_read_back(step_db):
    sound = passage(30.0)
    sound[10 * RATE_HZ : 20 * RATE_HZ] *= 10 ** (step_db / 20)
    found = change(sound)
    assert found.step_db == pytest.approx(abs(step_db), abs=0.5)
    assert found.pairs > 100
    # the odd stretch is the one in the middle, or the two around it
    edges = [found.start_s, found.end_s]
    assert any(abs(edge - place) < 2.6 for edge in edges for place in (10.0, 20.0))


def test_the_same_level_throughout_reads_nothing():
    assert change(passage(30.0)).step_db < 0.5


def test_other_music_at_another_level_is_no_step():
    bright = 10 ** (6 / 20) * passage(12.0, seed=2, slope=3.0)
    assert change(np.concatenate([passage(12.0), bright])).step_db < 0.5


def test_a_fade_out_is_no_step():
    sound = passage(30.0)
    fading = sound * 10 ** (-np.clip(np.arange(sound.size) / RATE_HZ - 20.0, 0, None) * 4.0 / 20)
    assert change(fading).step_db < 3.0


@pytest.mark.parametrize("frames", [0, 100, 3 * RATE_HZ])
def test_scraps_and_silence_read_nothing(frames):
    assert change(np.zeros(frames)).step_db == 0.0


def test_few_pairs_prove_less_than_many():
    """The same music twice and 6 dB apart: the shorter it is, the nearer to nothing the reading may come."""
    steps = []
    for seconds in (5.0, 10.0, 20.0):
        once = passage(seconds) * (1.0 + 0.4 * np.sin(np.linspace(0.0, 20.0, round(seconds * RATE_HZ))))
        steps.append(change(np.concatenate([once, 10 ** (6 / 20) * once])).step_db)
    assert steps[0] < steps[-1]
    assert steps[-1] > 5.0
