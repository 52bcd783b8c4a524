"""Laws of drifting tempo and tuning."""

import numpy as np
import pytest

from controlroom.music.drift import tempo_drift, tuning_drift

BLOCK_S = 0.01
RATE_HZ = 5512.5
TEMPO_PERCENT = 1.2
CENTS = 4.0


def pulses(drift, seconds=40.0, tempo_bpm=120.0):
    """Clicks whose tempo changes evenly by ``drift`` from start to end."""
    count = round(seconds / BLOCK_S)
    at = np.arange(count) * BLOCK_S
    beats = tempo_bpm / 60 * (at + drift * (at**2 / (2 * seconds) - at / 2))
    hit = np.diff(np.floor(beats), prepend=0) > 0
    return np.convolve(hit, np.exp(-np.arange(30) / 6.0))[:count] + 1e-4


@pytest.mark.parametrize("percent", [-9.0, -4.0, 0.0, 3.0, 8.0])
def test_the_drift_that_was_planted_is_read(percent):
    drift = tempo_drift(pulses(percent / 100), BLOCK_S, 120.0)
    assert drift.drift_percent == pytest.approx(percent, abs=TEMPO_PERCENT)
    assert drift.gain >= 1.0
    assert (drift.gain > 1.02) == (percent != 0.0)


def test_half_the_tempo_is_as_good():
    assert tempo_drift(pulses(0.06), BLOCK_S, 60.0).drift_percent == pytest.approx(6.0, abs=TEMPO_PERCENT)


def test_too_short_to_tell():
    assert tempo_drift(pulses(0.06, seconds=10.0), BLOCK_S, 120.0) is None


def chords(glide_cents, offset_cents=0.0, seconds=40.0):
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    cents = offset_cents + glide_cents * (at / seconds - 0.5)
    wave = np.zeros(at.size)
    for note in (45, 52, 57, 61, 64, 69):
        phase = 2 * np.pi * np.cumsum(440.0 * 2 ** ((note - 69 + cents / 100) / 12)) / RATE_HZ
        wave += sum(np.sin(h * phase) / h for h in (1, 2, 3))
    return wave.astype(np.float32)


@pytest.mark.parametrize("glide", [-60.0, -20.0, 0.0, 30.0])
@pytest.mark.parametrize("offset", [0.0, 45.0])
def test_the_glide_that_was_planted_is_read_also_across_the_half_tone(glide, offset):
    drift = tuning_drift(chords(glide, offset), RATE_HZ)
    # the places cover the first 93 %, the slope is that of the whole of them
    assert drift.cents == pytest.approx(0.93 * glide, abs=CENTS)
    assert drift.scatter_cents < CENTS


@pytest.mark.parametrize(
    "mono", [np.zeros(0), np.zeros(200000), np.random.default_rng(1).standard_normal(200000)]
)
def test_what_is_not_tonal_has_no_tuning(mono):
    assert tuning_drift(mono.astype(np.float32), RATE_HZ) is None
