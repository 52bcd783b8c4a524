"""Holes are what an encoder leaves; walls and the gaps between partials are none."""

import numpy as np
import pytest

from controlroom.dsp.codec import holes_per_minute
from tests import tolerances as tol

RATE_HZ = 44100
SECONDS = 6.0
FRAMES = round(SECONDS * RATE_HZ)
BLOCK = 1152


def noise(seed=4):
    return 0.1 * np.random.default_rng(seed).standard_normal((2, FRAMES)).astype(np.float32)


def punched(sound, share, seed=6):
    """Return sound without some 1 kHz of its highs, in some blocks of 26 ms: overlapped, so that no edge clicks."""
    rng = np.random.default_rng(seed)
    window = np.sin(np.pi * (np.arange(BLOCK) + 0.5) / BLOCK)
    freq = np.fft.rfftfreq(BLOCK, 1 / RATE_HZ)
    out = np.zeros_like(sound)
    for start in range(0, sound.shape[1] - BLOCK, BLOCK // 2):
        spectra = np.fft.rfft(sound[:, start : start + BLOCK] * window, axis=1)
        if rng.random() < share:
            low = rng.uniform(5000, 11000)
            spectra[:, (freq > low) & (freq < low + 1000)] = 0
        out[:, start : start + BLOCK] += np.fft.irfft(spectra, BLOCK, axis=1) * window
    return out.astype(np.float32)


def low_passed(sound, hz):
    spectra = np.fft.rfft(sound, axis=1)
    spectra[:, np.fft.rfftfreq(FRAMES, 1 / RATE_HZ) > hz] = 0
    return np.fft.irfft(spectra, FRAMES, axis=1).astype(np.float32)


def test_plain_noise_has_no_holes():
    assert holes_per_minute(noise(), RATE_HZ) < 20
    assert holes_per_minute(punched(noise(), 0.0), RATE_HZ) < 20


def test_more_holes_read_higher():
    values = [holes_per_minute(punched(noise(), share), RATE_HZ) for share in (0.0, 0.2, 0.5)]
    assert values == sorted(values)
    assert values[-1] > 400


@pytest.mark.parametrize("hz", [5000, 8000, 12000, 16000])
def test_a_wall_is_no_hole(hz):
    assert holes_per_minute(low_passed(noise(), hz), RATE_HZ) < 20


def test_the_gaps_between_held_partials_are_no_holes():
    at_s = np.arange(FRAMES) / RATE_HZ
    partials = sum(np.sin(2 * np.pi * 1100.0 * k * at_s + k) for k in range(1, 13))
    chord = 0.05 * np.stack([partials, partials]) * (1.0 + 0.3 * np.sin(2 * np.pi * 0.7 * at_s))
    assert holes_per_minute(chord.astype(np.float32) + 1e-5 * noise(), RATE_HZ) < 20


def test_gain_and_sides_change_nothing():
    sound = punched(noise(), 0.5)
    value = holes_per_minute(sound, RATE_HZ)
    assert holes_per_minute(-0.25 * sound[::-1], RATE_HZ) == pytest.approx(value, rel=tol.FLOAT32)


@pytest.mark.parametrize("frames", [0, 100, 30000])
def test_silence_and_scraps_have_none(frames):
    assert holes_per_minute(np.zeros((2, frames), dtype=np.float32), RATE_HZ) == 0.0
    assert holes_per_minute(np.zeros((1, frames), dtype=np.float32), 8000) == 0.0
