import numpy as np
import pytest

from controlroom.dsp.lines import fine_spectra
from controlroom.dsp.noise import flutter, noise_floor
from tests import tolerances as tol

RATE_HZ = 44100


def noise(seed, length=12.0):
    return np.random.default_rng(seed).standard_normal(round(length * RATE_HZ)).astype(np.float32)


def bursts(length=12.0):
    """Strokes of noise that ring out within a third of a second, two a second."""
    at_s = np.arange(round(length * RATE_HZ)) / RATE_HZ % 0.5
    return (noise(1, length) * np.exp(-at_s / 0.04)).astype(np.float32)


def test_the_floor_is_the_noise_under_the_music():
    music, hiss = bursts(), 0.003 * noise(2)
    floor = noise_floor(fine_spectra(music + hiss, RATE_HZ))
    of_band = (15000.0 - 11200.0) / (RATE_HZ / 2)
    expected = 10 * np.log10(np.mean(hiss**2) * of_band / np.mean((music + hiss) ** 2))
    # the least of many frames lies a little under the mean
    assert expected - 2.0 < floor.floor_db[-1] < expected + 0.5
    assert floor.flat[-1] > 0.2
    assert np.max(floor.depth_db) > 10.0


def test_music_alone_does_not_stay_on_a_floor():
    assert noise_floor(fine_spectra(bursts(), RATE_HZ)).flat[-1] < 0.08


def test_noise_alone_does_not_move():
    assert np.max(noise_floor(fine_spectra(noise(3), RATE_HZ)).depth_db) < 6.0


@pytest.mark.parametrize("beat_hz", [25.0, 43.0, 86.0])
def test_a_beat_of_the_highs_is_found(beat_hz):
    at_s = np.arange(round(12.0 * RATE_HZ)) / RATE_HZ
    beat = flutter(
        noise(4) * (1 + 0.6 * np.cos(2 * np.pi * beat_hz * at_s)).astype(np.float32), RATE_HZ, 6000.0, 14000.0
    )
    assert abs(beat.freq_hz - beat_hz) < 1.0
    assert beat.prominence_db > 5.5


@pytest.mark.parametrize("seed", [5, 6])
def test_noise_and_steady_strokes_do_not_flutter(seed):
    at_s = np.arange(round(12.0 * RATE_HZ)) / RATE_HZ % 0.125
    hats = (noise(seed) * np.exp(-at_s / 0.02)).astype(np.float32)
    for sound in (noise(seed), hats):
        assert flutter(sound, RATE_HZ, 6000.0, 14000.0).prominence_db < 4.0


@pytest.mark.parametrize("gain", [0.01, -1.0])
def test_gain_and_polarity_change_nothing(gain):
    sound = bursts() + 0.003 * noise(2)
    was, now = (noise_floor(fine_spectra(np.float32(g) * sound, RATE_HZ)) for g in (1.0, gain))
    assert now.floor_db == pytest.approx(was.floor_db, abs=tol.BAND_LEVEL_DB)
    was, now = (flutter(np.float32(g) * sound, RATE_HZ, 6000.0, 14000.0) for g in (1.0, gain))
    assert now.freq_hz == was.freq_hz
    assert now.prominence_db == pytest.approx(was.prominence_db, abs=tol.BAND_LEVEL_DB)


@pytest.mark.parametrize("frames", [0, 10, 5000])
def test_scraps_hold_nothing(frames):
    scrap = np.zeros(frames, dtype=np.float32)
    assert flutter(scrap, RATE_HZ, 6000.0, 14000.0).prominence_db == 0.0
    assert np.all(np.isfinite(noise_floor(fine_spectra(scrap, RATE_HZ)).floor_db))
