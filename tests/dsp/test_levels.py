import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.dsp import levels
from tests import tolerances as tol

RATE = 44100


def tone(seconds=10.0, freq_hz=1000.0, amplitude=0.5):
    at = np.arange(round(seconds * RATE)) / RATE
    return np.tile((amplitude * np.sin(2 * np.pi * freq_hz * at)).astype(np.float32), (2, 1))


def test_a_sine_has_its_rms_its_peak_and_its_crest():
    sound = levels.envelope(tone(amplitude=1.0), RATE)
    assert levels.rms_db(sound) == pytest.approx(-3.0103, abs=tol.BAND_LEVEL_DB)
    assert levels.peak_db(sound) == pytest.approx(0.0, abs=tol.BAND_LEVEL_DB)
    assert levels.loudest_window(sound).crest_db == pytest.approx(3.0103, abs=tol.BAND_LEVEL_DB)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3000), st.integers(1, 2), st.integers(0, 2**31))
def test_blocks_add_up_to_the_sound(frames, channels, seed):
    samples = np.random.default_rng(seed).standard_normal((channels, frames)).astype(np.float32)
    sound = levels.envelope(samples, RATE)
    assert sound.lengths.sum() == frames
    assert np.allclose(
        sound.power @ sound.lengths, np.sum(samples.astype(float) ** 2, axis=1), rtol=tol.FLOAT32 * 10
    )
    assert np.allclose(
        levels.channel_offsets(sound) * frames, samples.sum(axis=1, dtype=float), atol=1e3 * tol.FLOAT32
    )
    assert np.max(sound.peak, initial=0.0) == np.max(np.abs(samples), initial=0.0)


def test_the_loudest_window_is_found():
    samples = tone(30.0, amplitude=0.1)
    samples[:, 12 * RATE : 20 * RATE] *= 4.0
    found = levels.loudest_window(levels.envelope(samples, RATE))
    assert found.start_s == pytest.approx(12.0, abs=levels.BLOCK_S)
    assert found.length_s == pytest.approx(8.0, abs=levels.BLOCK_S)


def test_edges_are_timed_and_do_not_move_with_gain():
    samples = np.pad(tone(5.0), ((0, 0), (2 * RATE, 3 * RATE)))
    for gain in (1.0, 0.01, 3.0):
        found = levels.edges(levels.envelope(samples * np.float32(gain), RATE))
        assert found.start_silence_s == pytest.approx(2.0, abs=levels.BLOCK_S)
        assert found.end_silence_s == pytest.approx(3.0, abs=levels.BLOCK_S)
        assert found.end_level_db < -100.0


def test_an_end_in_full_sound_reads_near_zero():
    found = levels.edges(levels.envelope(tone(9.0), RATE))
    assert found.end_level_db == pytest.approx(0.0, abs=tol.NOISE_LEVEL_DB)
    assert found.end_silence_s == pytest.approx(0.0, abs=levels.BLOCK_S)


def test_an_offset_is_not_taken_for_sound_at_the_edges():
    samples = np.pad(tone(5.0), ((0, 0), (2 * RATE, 3 * RATE)))
    found = levels.edges(levels.envelope(samples + np.float32(0.05), RATE))
    assert found.start_silence_s == pytest.approx(2.0, abs=levels.BLOCK_S)
    assert found.end_silence_s == pytest.approx(3.0, abs=levels.BLOCK_S)


def test_silence_is_all_start():
    found = levels.edges(levels.envelope(np.zeros((2, RATE), dtype=np.float32), RATE))
    assert (found.start_silence_s, found.end_silence_s) == (1.0, 0.0)


def test_a_standing_offset_has_no_drift_and_a_coming_and_going_one_has():
    samples = tone(40.0)
    steady = levels.envelope(samples + np.float32(0.05), RATE)
    half = samples.copy()
    half[:, : 20 * RATE] += np.float32(0.1)
    assert np.allclose(levels.channel_offsets(steady), 0.05, atol=10 * tol.FLOAT32)
    assert levels.offset_drift_db(steady) < -40.0
    assert levels.offset_drift_db(levels.envelope(half, RATE)) == pytest.approx(0.0, abs=tol.BAND_LEVEL_DB)
