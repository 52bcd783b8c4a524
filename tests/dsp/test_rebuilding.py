import numpy as np
import pytest

from controlroom.dsp.rebuilding import PatchShape, patches
from controlroom.dsp.spectrum import decibels
from tests import tolerances as tol

RATE = 44100
SHAPE = PatchShape(0.012, 0.025)
CLEAN = np.array([6000, 28000, 50000, 72000])
SMEARED = np.array([94000, 116000])


def strokes(gain=1.0):
    """Four bursts that begin at once, and two that are smeared over 20 ms; both channels, the right one softer."""
    rng = np.random.default_rng(4)
    t = np.arange(RATE // 8) / RATE
    out = np.zeros(3 * RATE)
    for at in (*CLEAN, *SMEARED):
        burst = rng.standard_normal(t.size) * np.exp(-t / 0.03)
        if at in SMEARED:
            kernel = rng.standard_normal(882) * np.hanning(882)
            burst = np.convolve(burst, kernel / np.sqrt(np.sum(kernel**2)))
        start = at - (441 if at in SMEARED else 0)
        out[start : start + burst.size] += burst
    return np.stack([out, 0.5 * out]).astype(np.float32) * np.float32(gain)


def made(samples, clean=CLEAN):
    return patches(samples, RATE, clean, SMEARED, SHAPE)


def test_a_smeared_stroke_gets_a_beginning_of_its_own_level():
    samples = strokes()
    done = made(samples).laid_into(samples, 0, 1.0)
    for at in SMEARED:
        ahead = slice(at - 400, at - 150)
        assert decibels(np.mean(done[:, ahead] ** 2)) < decibels(np.mean(samples[:, ahead] ** 2)) - 6.0
        whole = slice(at - 1300, at + 3000)
        change = decibels(np.sum(done[:, whole] ** 2) / np.sum(samples[:, whole] ** 2))
        assert abs(change) < 2.0
    assert np.array_equal(done[:, :90000], samples[:, :90000])


def test_it_keeps_its_place_in_the_stereo_image():
    samples = strokes()
    done = made(samples).laid_into(samples, 0, 1.0)
    assert np.allclose(done[1], 0.5 * done[0], atol=tol.FLOAT32 * 10)


def test_gain_does_not_matter_and_half_is_half():
    samples = strokes()
    quiet = made(strokes(0.125)).laid_into(strokes(0.125), 0, 1.0)
    whole = made(samples).laid_into(samples, 0, 1.0)
    assert np.allclose(8.0 * quiet, whole, atol=tol.FLOAT32 * 20)
    half = made(samples).laid_into(samples, 0, 0.5)
    assert np.allclose(half, 0.5 * (samples + whole), atol=tol.FLOAT32 * 10)


@pytest.mark.parametrize("start,frames", [(93000, 1500), (94100, 20), (100000, 20000)])
def test_a_stretch_is_the_stretch_of_the_whole(start, frames):
    samples = strokes()
    state = made(samples)
    whole = state.laid_into(samples, 0, 1.0)
    here = slice(start, start + frames)
    assert np.array_equal(state.laid_into(samples[:, here], start, 1.0), whole[:, here])


def test_three_clean_strokes_lend_nothing():
    samples = strokes()
    assert made(samples, CLEAN[:3]).starts.size == 0
    assert patches(samples, RATE, CLEAN, np.zeros(0, np.int64), SHAPE).starts.size == 0
