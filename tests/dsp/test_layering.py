import numpy as np
import pytest

from controlroom.dsp import layering
from controlroom.dsp.spectrum import decibels
from tests import tolerances as tol

RATE = 44100
SHAPE = layering.LayerShape(0.03, -12.0, 80.0)
ONSETS = np.array([4410, 30000, 60000, 90000])


def drum(gains=(1.0, 0.5, 1.0, 0.25), freq_hz=55.0, soft_s=0.02):
    """Tones that rise slowly: strokes with too little front."""
    t = np.arange(RATE // 2) / RATE
    stroke = np.sin(2 * np.pi * freq_hz * t) * np.exp(-t / 0.12) * np.minimum(1.0, (t / soft_s) ** 2)
    out = np.zeros(3 * RATE)
    for onset, gain in zip(ONSETS, gains, strict=True):
        out[onset : onset + stroke.size] += gain * stroke
    return out.astype(np.float32)


def made(tone=None, kind="kick"):
    tone = tone or layering.drum_tone(drum(), RATE, ONSETS, 35.0, 120.0)
    return layering.made_layer(kind, tone, SHAPE, RATE)


def with_layers(mid, layers):
    return (mid + layers.over(0, mid.size)).astype(np.float32)


@pytest.mark.parametrize("freq_hz", [45.0, 61.0, 88.0])
def test_a_drums_tone_is_read(freq_hz):
    tone = layering.drum_tone(drum(freq_hz=freq_hz), RATE, ONSETS, 35.0, 120.0)
    assert tone.freq_hz == pytest.approx(freq_hz, rel=TUNED)
    assert tone.decay_s == pytest.approx(0.12, rel=0.25)


TUNED = 0.03
"""Half a semitone."""


def test_fronts_come_to_what_was_asked_whatever_their_force():
    mid = drum()
    before = layering.front_over_body_db(mid, RATE, ONSETS)
    done = with_layers(mid, layering.laid(mid, RATE, ONSETS, made(), 3.0))
    after = layering.front_over_body_db(done, RATE, ONSETS)
    assert np.all(before < 1.0)
    assert np.allclose(after, 3.0, atol=FRONT_DB)


FRONT_DB = 0.4
"""A layer may begin up to 1 ms before its stroke, and ends after its front."""


def test_a_strong_stroke_gets_none_and_a_second_layer_nothing_to_speak_of():
    mid = drum()
    assert layering.laid(mid, RATE, ONSETS, made(), -20.0).starts.size == 0
    once = layering.laid(mid, RATE, ONSETS, made(), 3.0)
    twice = layering.laid(with_layers(mid, once), RATE, ONSETS, made(), 3.0)
    assert once.starts.size == ONSETS.size
    assert np.sum(twice.gains**2) < 0.1 * np.sum(once.gains**2)


@pytest.mark.parametrize("polarity", [1.0, -1.0])
def test_it_never_takes_from_a_stroke(polarity):
    mid = np.float32(polarity) * drum(soft_s=0.004)
    wave = made()
    layers = layering.laid(mid, RATE, ONSETS, wave, 12.0)
    added = layers.over(0, mid.size)
    for onset in ONSETS:
        here = slice(onset - 50, onset + wave.size + 50)
        assert np.dot(mid[here], added[here]) >= 0.0


def test_gains_follow_the_force_of_the_strokes():
    layers = layering.laid(drum(), RATE, ONSETS, made(), 3.0)
    assert np.allclose(np.abs(layers.gains) / np.abs(layers.gains[0]), [1.0, 0.5, 1.0, 0.25], rtol=0.02)


def test_a_stroke_between_samples_is_met_between_samples():
    wave = made()
    rows = layering.delayed(wave)
    at = 20000
    for phase in (0, 5, 11):
        mid = np.zeros(RATE, dtype=np.float32)
        mid[at : at + rows.shape[1]] += rows[phase].astype(np.float32)
        mid[at + 2500 : at + 4500] += 1.0  # a body, so that there is a front to miss
        layers = layering.laid(mid, RATE, np.array([at]), wave, 30.0)
        found = layers.starts[0] - at + layers.phases[0] / layering.PHASES
        assert found == pytest.approx(phase / layering.PHASES, abs=1.5 / layering.PHASES)


def test_a_stretch_is_the_stretch_of_the_whole():
    layers = layering.laid(drum(), RATE, ONSETS, made(), 3.0)
    whole = layers.over(0, 3 * RATE)
    assert np.array_equal(layers.over(4500, 300), whole[4500:4800])
    assert layers.over(15000, 5000) is None


def test_own_layer_is_the_drums_own_wave():
    mid = drum(soft_s=0.0005)
    wave = layering.own_layer(mid, RATE, ONSETS, SHAPE)
    own = layering.finished(mid[4410 : 4410 + wave.size].astype(float), SHAPE, RATE)
    assert np.dot(wave, own) > 0.99
    assert layering.own_layer(mid, RATE, np.zeros(0, dtype=np.int64), SHAPE).any() == np.False_


def test_a_made_layer_has_no_low_end_and_ends_in_silence():
    for kind in ("kick", "snare"):
        wave = made(layering.DrumTone(55.0, 0.1), kind)
        assert np.sum(wave**2) == pytest.approx(1.0, abs=tol.FLOAT32)
        power = np.abs(np.fft.rfft(wave, RATE)) ** 2
        assert decibels(power[:40].sum() / power.sum()) < -10.0
        assert abs(wave[-1]) < 1e-3 * np.abs(wave).max()


def test_silence_gets_no_layer():
    silence = np.zeros(RATE, dtype=np.float32)
    assert layering.laid(silence, RATE, np.array([2000]), made(), 10.0).starts.size == 0
