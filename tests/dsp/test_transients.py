"""Strokes: their number, their place, and how they begin."""

import numpy as np
import pytest

from controlroom.dsp.transients import (
    STICK,
    describe,
    find_hits,
    occupancy,
    stroke_envelopes,
)
from tests import tolerances as tol

RATE_HZ = 44100
EVERY_S = 0.25


def strokes(count=20, attack_s=0.001, ring_s=0.04, rate_hz=RATE_HZ, lead_s=0.2):
    """Noise bursts that rise over ``attack_s`` and ring out."""
    rng = np.random.default_rng(5)
    at_s = np.arange(round(EVERY_S * rate_hz)) / rate_hz
    shape = np.minimum(1.0, at_s / attack_s) * np.exp(-np.maximum(at_s - attack_s, 0.0) / ring_s)
    bursts = [rng.standard_normal(at_s.size) * shape for _ in range(count)]
    sound = np.concatenate([np.zeros(round(lead_s * rate_hz)), *bursts])
    return (0.1 * sound).astype(np.float32)[None]


def read(samples, band="high", rate_hz=RATE_HZ):
    envelopes = stroke_envelopes(samples, rate_hz)
    return describe(envelopes, band, find_hits(envelopes, band))


def test_each_stroke_is_found_where_it_begins():
    envelopes = stroke_envelopes(strokes(), RATE_HZ)
    hits = find_hits(envelopes, "high") * envelopes.hop_s
    assert hits == pytest.approx(0.2 + EVERY_S * np.arange(20), abs=2 * envelopes.hop_s)


def test_gain_and_polarity_change_nothing():
    here, there = read(strokes()), read(-0.2 * strokes())
    assert there.count == here.count
    assert there.front_db == pytest.approx(here.front_db, abs=tol.FLOAT32 * 1e3)
    assert there.rise_ms == pytest.approx(here.rise_ms)


def test_a_delay_moves_the_hits_only():
    envelopes = stroke_envelopes(strokes(), RATE_HZ)
    hop = round(envelopes.hop_s * RATE_HZ)
    later = stroke_envelopes(np.pad(strokes(), ((0, 0), (40 * hop, 0))), RATE_HZ)
    assert np.array_equal(find_hits(later, "high"), find_hits(envelopes, "high") + 40)


@pytest.mark.parametrize("rate_hz", [32000, 48000, 96000])
def test_another_rate_finds_the_same_strokes(rate_hz):
    assert read(strokes(rate_hz=rate_hz), rate_hz=rate_hz).count == 20


def test_a_slower_attack_rises_later_and_has_less_front():
    found = [read(strokes(attack_s=attack)) for attack in (0.001, 0.02, 0.04)]
    rises = [f.rise_ms for f in found]
    fronts = [f.front_db for f in found]
    assert rises == sorted(rises)
    assert rises[2] - rises[0] > 10.0
    assert fronts == sorted(fronts, reverse=True)


def test_silence_scraps_and_steady_noise_hold_no_strokes():
    noise = (0.1 * np.random.default_rng(1).standard_normal((1, 3 * RATE_HZ))).astype(np.float32)
    for samples in (np.zeros((2, 0), np.float32), np.zeros((1, 99), np.float32), noise):
        assert read(samples) is None


def test_occupancy_is_one_for_a_hiss_and_small_for_short_strokes():
    noise = (0.1 * np.random.default_rng(1).standard_normal((2, 3 * RATE_HZ))).astype(np.float32)
    assert occupancy(stroke_envelopes(noise, RATE_HZ), "high") > 0.99
    assert occupancy(stroke_envelopes(strokes(ring_s=0.01), RATE_HZ), "high") < 0.2
    assert occupancy(stroke_envelopes(np.zeros((1, 44100), np.float32), RATE_HZ), "high") == 0.0


def test_a_band_reads_the_power_that_lies_in_it():
    at_s = np.arange(2 * RATE_HZ) / RATE_HZ
    for band, hertz in (("low", 86.0), ("crack", 4000.0), ("high", 10000.0)):
        tone = (0.5 * np.sin(2 * np.pi * hertz * at_s)).astype(np.float32)[None]
        power = stroke_envelopes(tone, RATE_HZ).power[band]
        middle = power[100:-100]
        assert 10 * np.log10(np.mean(middle) / 0.125) == pytest.approx(0.0, abs=tol.NOISE_LEVEL_DB)


def test_the_shape_of_a_stick_is_in_order():
    assert 0 < STICK.front_s <= STICK.body_from_s < STICK.body_to_s
