import numpy as np
import pytest

from controlroom.dsp.clipping import roundness_db, tops
from tests import tolerances as tol

RATE_HZ = 44100


def music(seed=1):
    return 0.15 * np.random.default_rng(seed).standard_normal((2, 5 * RATE_HZ)).astype(np.float32)


def slow(seed=1):
    """Noise below about 4 kHz, so that a clipped top lasts for some samples."""
    smooth = np.apply_along_axis(np.convolve, 1, music(seed), np.hanning(12), mode="same")
    return (0.2 * smooth / smooth.std()).astype(np.float32)


def test_what_is_not_clipped_has_no_flat_top():
    assert tops(slow()).flat_runs == 0
    assert (
        tops(
            0.4 * np.sin(2 * np.pi * 997.0 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)[None]
        ).flat_runs
        == 0
    )


def test_flat_tops_are_counted_one_by_one():
    sound = np.zeros((1, 3 * RATE_HZ), dtype=np.float32)
    for at in (1000, 5000, 100_000):
        sound[0, at : at + 4] = 0.9
    sound[0, 9000:9002] = 0.9  # two samples are no run
    assert (tops(sound).flat_runs, tops(sound).flat_frames) == (3, 12)


def test_clipping_harder_makes_more_of_it():
    sound = slow()
    counts = [tops(np.clip(sound, -level, level)).flat_runs for level in (0.5, 0.4, 0.3)]
    assert counts == sorted(counts)
    assert counts[0] > 10


def test_driving_into_a_curve_rounds_the_tops():
    sound = slow()
    values = [roundness_db(tops(np.tanh(gain * sound))) for gain in (0.1, 2.0, 6.0)]
    assert values == sorted(values)
    assert values[0] < -20.0
    assert values[2] > -5.0


@pytest.mark.parametrize("gain", [0.03, -1.0])
def test_gain_and_polarity_change_nothing(gain):
    sound = np.clip(slow(), -0.4, 0.4)
    was, now = tops(sound), tops(np.float32(gain) * sound)
    assert now.flat_runs == was.flat_runs
    assert roundness_db(now) == pytest.approx(roundness_db(was), abs=tol.BAND_LEVEL_DB)


def test_swapping_channels_changes_nothing():
    sound = np.clip(slow(), -0.4, 0.4)
    was, now = tops(sound), tops(sound[::-1])
    assert now.flat_runs == was.flat_runs
    assert np.array_equal(now.histogram, was.histogram)


def test_flat_tops_survive_16_bits():
    sound = np.clip(slow(), -0.4, 0.4)
    stored = np.round(sound * 32768) / np.float32(32768)
    assert tops(stored.astype(np.float32)).flat_runs == tops(sound).flat_runs


@pytest.mark.parametrize("frames", [0, 2, 500])
def test_silence_is_not_clipped(frames):
    found = tops(np.zeros((2, frames), dtype=np.float32))
    assert found.flat_runs == 0
    assert roundness_db(found) == -200.0
