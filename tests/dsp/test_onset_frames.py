import numpy as np
import pytest
from lab.songs import make_song

from controlroom.dsp import transients
from controlroom.dsp.onset_frames import exact_onsets, mean_power, middle, strokes_at
from tests import tolerances as tol

RATE = 44100


def burst(at_frames, seconds=2.0, noise=1e-3):
    """Noise bursts that begin at some frames, over a noise floor."""
    rng = np.random.default_rng(2)
    out = noise * rng.standard_normal(round(seconds * RATE))
    for at in at_frames:
        length = min(RATE // 10, out.size - at)
        out[at : at + length] += rng.standard_normal(length) * np.exp(-np.arange(length) / 1000)
    return out.astype(np.float32)


def test_a_burst_is_found_to_the_sample():
    truth = np.array([9000, 30011, 71234])
    near = truth + np.array([-300, 250, 100])
    found = exact_onsets(burst(truth), RATE, near)
    assert np.max(np.abs(found - truth)) <= tol.ONSET_FRAMES


def test_gain_and_polarity_do_not_move_it():
    truth = np.array([9000, 30011])
    wave = burst(truth)
    first = exact_onsets(wave, RATE, truth)
    assert np.array_equal(exact_onsets(np.float32(-0.25) * wave, RATE, truth), first)


def test_a_shift_moves_it_along():
    truth = np.array([9000, 30011])
    wave = burst(truth)
    moved = exact_onsets(np.concatenate([np.zeros(37, dtype=np.float32), wave]), RATE, truth + 37)
    assert np.array_equal(moved - 37, exact_onsets(wave, RATE, truth))


@pytest.mark.parametrize(
    "part,band,late_s", [("hats", "high", 1e-4), ("snare", "all", 1e-4), ("kick", "slow", 0.002)]
)
def test_strokes_of_a_made_song_are_found_where_they_were_put(part, band, late_s):
    song = make_song(3, duration_s=15.0)
    stem = song.stems[part]
    shape = transients.KICK if part == "kick" else transients.STICK
    envelopes = transients.stroke_envelopes(stem.samples, RATE)
    near = transients.find_hits(envelopes, band, shape) * round(envelopes.hop_s * RATE)
    strokes = strokes_at(middle(stem.samples), RATE, near)
    truth = song.truth.onsets_s[part]
    away = np.array([np.min(np.abs(strokes.frames / RATE - onset)) for onset in truth])
    assert strokes.count <= truth.size
    assert np.mean(away < late_s) >= 0.9
    assert np.all(np.diff(strokes.frames) >= round(0.05 * RATE))


def test_nothing_near_nothing_found():
    assert exact_onsets(np.zeros(1000, dtype=np.float32), RATE, np.zeros(0, dtype=np.int64)).size == 0
    assert strokes_at(np.zeros(0, dtype=np.float32), RATE, np.zeros(0, dtype=np.int64)).count == 0


def test_mean_power_is_clipped_to_the_sound():
    wave = np.full(100, 2.0, dtype=np.float32)
    assert np.allclose(mean_power(wave, np.array([-5, 90, 100]), np.array([5, 200, 120])), [4.0, 4.0, 0.0])


def test_mean_power_of_a_stretch_knows_nothing_of_what_was_before():
    rng = np.random.default_rng(3)
    quiet = (1e-6 * rng.standard_normal(500)).astype(np.float32)
    loud = rng.standard_normal(100_000).astype(np.float32)
    at, to = np.array([0, 20]), np.array([20, 500])
    alone = mean_power(quiet, at, to)
    assert np.array_equal(mean_power(np.concatenate([loud, quiet]), at + loud.size, to + loud.size), alone)
