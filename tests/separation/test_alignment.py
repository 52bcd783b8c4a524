from __future__ import annotations

import numpy as np
import pytest
import soxr

from controlroom.model.audio import Audio
from controlroom.separation.alignment import locate, locate_anywhere, placed
from tests.tolerances import EXACT, SPIKE_FRAMES

RATE_HZ = 44_100


def music(seed: int, seconds: float = 20.0) -> np.ndarray:
    """Coloured noise that comes and goes: broad enough to be placed, unlike any other seed."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * RATE_HZ)
    noise = np.convolve(rng.standard_normal(frames), np.hanning(5 + seed), mode="same")
    level = np.interp(np.arange(frames), np.linspace(0, frames, 40), rng.uniform(0, 1, 40))
    return (0.1 * noise * level)[None].astype(np.float32)


def audio(samples: np.ndarray) -> Audio:
    return Audio(samples, RATE_HZ)


@pytest.mark.parametrize("offset", [0, 1, -37, 1105, -20_000])
@pytest.mark.parametrize("gain", [1.0, -0.5])
def test_a_shifted_stem_is_found_under_louder_others(offset, gain):
    stem = music(1)
    mix = gain * np.roll(stem, -offset, axis=1) + 2 * music(2)
    place = locate(audio(stem), audio(mix))
    assert place.found
    assert place.offset_frames == pytest.approx(offset, abs=SPIKE_FRAMES)
    assert place.polarity == np.sign(gain)
    assert place.drift_ppm == EXACT


def test_a_stem_that_is_not_in_the_mix_is_not_found():
    assert not locate(audio(music(3)), audio(music(4))).found
    assert not locate(audio(np.zeros((1, 90_000), np.float32)), audio(music(4))).found


@pytest.mark.parametrize("ppm", [20.0, -55.0])
def test_drift_is_measured_and_undone(ppm):
    stem = music(5, 60.0)
    slow = soxr.resample(stem[0], 1e6, 1e6 * (1 + ppm * 1e-6), quality="VHQ")[None].astype(np.float32)
    place = locate(audio(slow), audio(stem))
    assert place.drift_ppm == pytest.approx(ppm, abs=0.5)
    back = placed(audio(slow), place, stem.shape[1]).samples[:, 1000:-3000]
    left = back - stem[:, 1000:-3000]
    assert np.sum(left**2) < 1e-3 * np.sum(stem**2)


def test_a_whole_shift_moves_samples_and_changes_none():
    stem = music(6, 5.0)
    place = locate(audio(np.roll(stem, 500, axis=1)), audio(stem))
    out = placed(audio(np.roll(stem, 500, axis=1)), place, stem.shape[1]).samples
    np.testing.assert_array_equal(out[:, :-500], stem[:, :-500])


def test_a_fraction_of_a_frame_is_undone():
    stem = music(7, 5.0)
    spectrum = np.fft.rfft(stem[0])
    turn = np.exp(-2j * np.pi * np.arange(spectrum.size) / stem.shape[1] * 10.5)
    late = np.fft.irfft(spectrum * turn, stem.shape[1])[None].astype(np.float32)
    place = locate(audio(late), audio(stem))
    assert place.offset_frames == pytest.approx(10.5, abs=SPIKE_FRAMES)
    left = placed(audio(late), place, stem.shape[1]).samples[:, 50:-50] - stem[:, 50:-50]
    assert np.sum(left**2) < 0.02 * np.sum(stem**2)


def test_other_rates_are_refused():
    with pytest.raises(ValueError, match="48000"):
        locate(Audio(music(1), 48_000), audio(music(1)))


def test_a_stem_without_its_beginning_is_found_anywhere():
    whole = music(7, 9.0)
    start = 4 * RATE_HZ
    found = locate_anywhere(audio(whole[:, start:]), audio(whole))
    assert found == pytest.approx(-start, abs=SPIKE_FRAMES)
