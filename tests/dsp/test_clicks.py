import numpy as np
import pytest

from controlroom.dsp.clicks import click_places, dropouts, millisecond_peaks
from tests import tolerances as tol

RATE_HZ = 44100
OVER_DB = 18.0


def music(seed=1, length=6.0):
    """Strokes over a low tone: sharp fronts that ring on."""
    at_s = np.arange(round(length * RATE_HZ)) / RATE_HZ
    strokes = np.random.default_rng(seed).standard_normal(at_s.size) * np.exp(-(at_s % 0.25) / 0.03)
    return (0.2 * strokes + 0.3 * np.sin(2 * np.pi * 90.0 * at_s)).astype(np.float32)[None]


def clicked(sound, places_s):
    out = sound.copy()
    for place in places_s:
        at = round(place * RATE_HZ)
        out[:, at : at + 3] += np.float32([0.7, -0.5, 0.2])
    return out


PLACES_S = (0.7, 1.2, 2.45, 3.9501, 5.2)


def found_s(sound):
    peaks = millisecond_peaks(sound, RATE_HZ)
    return click_places(peaks, OVER_DB) * peaks.block_s


def test_clicks_are_found_where_they_are():
    assert found_s(clicked(music(), PLACES_S)) == pytest.approx(np.array(PLACES_S), abs=0.002)


def test_strokes_do_not_click():
    assert found_s(music()).size == 0


def test_the_beater_of_a_kick_is_no_click():
    """A click of a millisecond, and the drum swells after it: in the open, and under a bass that covers it."""
    rng = np.random.default_rng(5)
    at_s = np.arange(12 * RATE_HZ) / RATE_HZ
    sound = 0.3 * np.sin(2 * np.pi * 60.0 * at_s) * (at_s % 4.0 < 1.0) + 1e-4 * rng.standard_normal(at_s.size)
    ring_s = np.arange(round(0.2 * RATE_HZ)) / RATE_HZ
    swell = 0.5 * np.sin(2 * np.pi * 55.0 * ring_s) * np.minimum(1.0, ring_s / 0.02) * np.exp(-ring_s / 0.05)
    for start_s in np.arange(0.3, 11.5, 0.25):
        first = round(start_s * RATE_HZ)
        sound[first : first + swell.size] += swell
        sound[first : first + 3] += np.array([0.12, -0.2, 0.1])
    assert found_s(np.stack([sound, sound]).astype(np.float32)).size == 0


@pytest.mark.parametrize("gain", [0.05, -1.0])
def test_gain_and_polarity_move_no_click(gain):
    sound = clicked(music(), PLACES_S)
    assert np.array_equal(found_s(np.float32(gain) * sound), found_s(sound))


def test_swapped_channels_and_delay_move_clicks_as_physics_says():
    sound = np.concatenate([music(), clicked(music(2), PLACES_S)])
    assert np.array_equal(found_s(sound[::-1]), found_s(sound))
    later = np.pad(sound, ((0, 0), (RATE_HZ // 2, 0)))
    assert found_s(later) == pytest.approx(found_s(sound) + 0.5, abs=0.0025)


@pytest.mark.parametrize("length_ms", [5, 20, 60, 120])
def test_a_gap_is_found_and_measured(length_ms):
    sound = music()
    at = round(2.02 * RATE_HZ)  # in the ringing of a stroke
    sound[:, at : at + round(length_ms * RATE_HZ / 1000)] = 0.0
    peaks = millisecond_peaks(sound, RATE_HZ)
    gaps = dropouts(peaks)
    assert gaps.start.size == 1
    assert gaps.start[0] * peaks.block_s == pytest.approx(2.02, abs=0.002)
    assert gaps.length[0] == pytest.approx(length_ms, abs=2)


def test_music_and_a_pause_do_not_drop_out():
    sound = music()
    sound[:, 2 * RATE_HZ : 3 * RATE_HZ] = 0.0
    assert dropouts(millisecond_peaks(sound, RATE_HZ)).start.size == 0
    assert dropouts(millisecond_peaks(music(), RATE_HZ)).start.size == 0


@pytest.mark.parametrize("frames", [0, 3, 900])
def test_scraps_hold_nothing(frames):
    peaks = millisecond_peaks(np.zeros((2, frames), dtype=np.float32), RATE_HZ)
    assert click_places(peaks, OVER_DB).size == 0
    assert dropouts(peaks).start.size == 0


def test_peaks_are_the_samples_peaks():
    sound = music()
    assert float(millisecond_peaks(sound, RATE_HZ).level.max()) == pytest.approx(
        float(np.abs(sound).max()), abs=tol.EXACT
    )
