"""One-shots: where they begin, what they ring at, and how they sound at another pitch."""

import numpy as np
import pytest

from controlroom.dsp import one_shot
from tests import tolerances as tol

RATE = 44100
KICK, SNARE = (35.0, 120.0), (120.0, 400.0)


def stroke(freq_hz, rate_hz=RATE, seconds=0.4, lead_s=0.0):
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    click = np.random.default_rng(4).standard_normal(t.size) * np.exp(-t / 0.002)
    wave = np.sin(2 * np.pi * freq_hz * t) * np.exp(-t / 0.12) + 0.3 * click
    return np.concatenate([np.zeros(round(lead_s * rate_hz)), wave])


def noise(seed, rate_hz=RATE):
    t = np.arange(rate_hz // 2) / rate_hz
    return np.random.default_rng(seed).standard_normal(t.size) * np.exp(-t / 0.1)


@pytest.mark.parametrize("rate_hz", [22050, 44100, 96000])
@pytest.mark.parametrize("freq_hz, between", [(45.0, KICK), (88.0, KICK), (187.0, SNARE), (333.0, SNARE)])
def test_a_tone_is_read_whatever_level_rate_and_lead(freq_hz, between, rate_hz):
    for wave in (stroke(freq_hz, rate_hz), 1e-3 * stroke(freq_hz, rate_hz, lead_s=0.21)):
        assert one_shot.tone_hz(wave, rate_hz, between) == pytest.approx(freq_hz, rel=tol.TUNED)


@pytest.mark.parametrize("between", [KICK, SNARE])
def test_a_burst_of_noise_has_no_tone(between):
    assert [one_shot.tone_hz(noise(seed), RATE, between) for seed in range(40)] == [None] * 40


def test_silence_and_what_is_too_short_have_no_tone():
    assert one_shot.tone_hz(np.zeros(RATE), RATE, KICK) is None
    assert one_shot.tone_hz(np.zeros(0), RATE, KICK) is None
    assert one_shot.tone_hz(stroke(60.0)[: RATE // 50], RATE, KICK) is None


@pytest.mark.parametrize("ratio", [0.5, 0.83, 1.0, 1.7])
@pytest.mark.parametrize("from_hz", [32000, 44100, 48000])
def test_a_played_one_shot_rings_at_ratio_times_its_tone(from_hz, ratio):
    heard = one_shot.played(stroke(170.0, from_hz, lead_s=0.05), from_hz, RATE, ratio, 0.2)
    assert heard.size == round(0.2 * RATE)
    assert one_shot.tone_hz(heard, RATE, (60.0, 500.0)) == pytest.approx(170.0 * ratio, rel=tol.TUNED)


def test_at_its_own_rate_and_pitch_it_is_itself_from_its_beginning():
    wave = stroke(60.0, lead_s=0.1)
    begin = one_shot.begins_at(wave)
    assert begin == pytest.approx(0.1 * RATE, abs=40)
    assert np.array_equal(one_shot.played(wave, RATE, RATE, 1.0, 0.1), wave[begin : begin + RATE // 10])


def test_a_short_one_is_followed_by_silence():
    heard = one_shot.played(stroke(170.0, seconds=0.05), RATE, RATE, 1.0, 0.12)
    assert heard.size == round(0.12 * RATE)
    assert not heard[round(0.06 * RATE) :].any()
    assert not one_shot.played(np.zeros(100), RATE, RATE, 1.3, 0.12).any()
