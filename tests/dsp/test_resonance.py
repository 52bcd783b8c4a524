"""A ring is found where it is; notes and noise are none."""

import numpy as np
import pytest

from controlroom.dsp.resonance import NOTE_DB, strongest_resonance
from tests import tolerances as tol

RATE_HZ = 5512.5
FRAMES = round(15 * RATE_HZ)
RING_DB = 16.0


def noise(seed=3):
    return 0.1 * np.random.default_rng(seed).standard_normal(FRAMES).astype(np.float32)


def rung(sound, hz, gain_db=RING_DB):
    freq = np.maximum(np.fft.rfftfreq(sound.size, 1 / RATE_HZ), 1.0)
    bell = gain_db * np.exp(-0.5 * (np.log2(freq / hz) / 0.05) ** 2)
    return np.fft.irfft(np.fft.rfft(sound) * 10 ** (bell / 20), sound.size).astype(np.float32)


def tune(hz=(440.0, 494.0, 523.0, 587.0, 659.0)):
    at_s = np.arange(FRAMES) / RATE_HZ
    note = (at_s / 0.4).astype(int)
    pitch = np.random.default_rng(8).choice(hz, note[-1] + 1)[note]
    return (0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ) * np.exp(-(at_s % 0.4) * 6)).astype(
        np.float32
    )


@pytest.mark.parametrize("hz", [400.0, 900.0, 2200.0])
def test_a_ring_is_placed_and_measured(hz):
    found = strongest_resonance(rung(noise(), hz), RATE_HZ)
    assert found.freq_hz == pytest.approx(hz, rel=0.04)
    assert 0.6 * RING_DB < found.prominence_db < RING_DB


def test_the_more_it_rings_the_higher_it_reads():
    read = [
        strongest_resonance(rung(noise(), 700.0, g), RATE_HZ).prominence_db for g in (0.0, 6.0, 10.0, 16.0)
    ]
    assert read == sorted(read)
    assert read[0] < 2.0


def test_notes_that_come_and_go_are_no_ring():
    assert strongest_resonance(noise() * np.float32(0.05) + tune(), RATE_HZ).prominence_db < 6.0


def test_a_held_tone_is_a_note():
    at_s = np.arange(FRAMES) / RATE_HZ
    sway = 440.0 * 2 ** (0.03 * np.sin(2 * np.pi * 5.5 * at_s))
    held = (0.5 * np.sin(2 * np.pi * np.cumsum(sway) / RATE_HZ)).astype(np.float32)
    quiet = noise() * np.float32(0.01)
    found = strongest_resonance(quiet + held, RATE_HZ)
    assert found.freq_hz == pytest.approx(440.0, rel=0.05)
    assert found.prominence_db == 0.0
    assert NOTE_DB > RING_DB


def test_gain_changes_nothing():
    sound = rung(noise(), 700.0)
    before, after = (strongest_resonance(sound * np.float32(g), RATE_HZ) for g in (1.0, 0.125))
    assert after.prominence_db == pytest.approx(before.prominence_db, abs=tol.BAND_LEVEL_DB)


@pytest.mark.parametrize("frames", [0, 100, 9000])
def test_silence_and_scraps_have_none(frames):
    assert strongest_resonance(np.zeros(frames, dtype=np.float32), RATE_HZ).prominence_db == 0.0
