"""The de-esser: consonants only, no deeper than asked, short of a lisp."""

from functools import cache

import numpy as np
import pytest

from controlroom.detectors.sibilance import SibilanceDetector
from controlroom.dsp.sibilants import hiss_of
from controlroom.dsp.spectrum import decibels
from controlroom.engine.desk import render_stage
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.de_ess import DeEss
from tests import tolerances as tol
from tests.detectors.sounds import standards
from tests.processors.songs import alone

RATE_HZ = 44100
SECONDS = 8.0
S_EVERY_S, S_AT_S, S_LONG_S = 0.8, 0.5, 0.12


def _hissing(at_s):
    into = at_s % S_EVERY_S - S_AT_S
    return np.clip(100.0 * np.minimum(into, S_LONG_S - into), 0.0, 1.0)


@cache
def voice(s_db=-2.0):
    """A vowel of forty overtones with some air, and an s of band noise at some level over it."""
    at_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    vowel = sum(np.sin(2 * np.pi * 200.0 * k * at_s + k * k) / k for k in range(1, 41))
    rng = np.random.default_rng(3)
    spectrum = np.fft.rfft(rng.standard_normal(at_s.size))
    hz = np.fft.rfftfreq(at_s.size, 1 / RATE_HZ)
    s = np.fft.irfft(spectrum * ((hz > 5000.0) & (hz < 9500.0)), at_s.size)
    band = vowel - np.mean(vowel)
    s *= 10 ** (s_db / 20) * 0.3 * np.sqrt(np.mean(band**2) / np.mean(s**2))
    wave = vowel * (1.0 - _hissing(at_s)) + s * _hissing(at_s)
    return Audio((0.1 * wave)[None].astype(np.float32), RATE_HZ)


def song(s_db):
    return Listening(voice(s_db), stems={"vocals": Listening(voice(s_db))})


def parts(audio):
    at_s = np.arange(audio.frames) / RATE_HZ
    hissing = _hissing(at_s) == 1.0
    vowel = (at_s % S_EVERY_S > 0.1) & (at_s % S_EVERY_S < S_AT_S - 0.1)
    return audio.samples[0, hissing].astype(float), audio.samples[0, vowel].astype(float)


def test_consonants_go_down_by_the_depth_and_vowels_stay():
    after = alone(DeEss(depth_db=6.0, threshold_db=-30.0), Listening(voice()))
    (s_before, v_before), (s_after, v_after) = parts(voice()), parts(after)
    change = decibels(np.mean(s_after**2)) - decibels(np.mean(s_before**2))
    assert abs(change + 6.0) < CUT_DB
    assert np.allclose(v_after, v_before, atol=tol.FFT_FILTER)


CUT_DB = 1.0
"""Short-time levels of noise fluctuate, and the edges of an s fade."""


def test_soft_consonants_under_the_threshold_stay():
    after = alone(DeEss(depth_db=6.0, threshold_db=0.0), Listening(voice(-12.0)))
    assert np.allclose(after.samples, voice(-12.0).samples, atol=tol.FFT_FILTER)


def test_level_does_not_matter():
    loud = Audio(8.0 * voice().samples, RATE_HZ)
    one, eight = (alone(DeEss(depth_db=6.0), Listening(a)).samples for a in (voice(), loud))
    assert np.allclose(8.0 * one, eight, atol=8.0 * tol.FFT_FILTER)


@pytest.mark.parametrize("s_db", [6.0, 14.0])
def test_what_is_proposed_does_as_it_claims_and_leaves_the_consonants_standing(s_db):
    sound = song(s_db)
    (finding,) = SibilanceDetector().detect(sound, standards())
    (offer,) = DeEss.propose(finding, Trial(sound, standards()))
    (claim,) = offer.claims
    result = render_stage(sound, [offer.processor.step(offer.part)], Context()).sound
    assert claim.holds(measure(result, claim.measurement, standards()))
    assert claim.expected < claim.before
    after = result.part("vocals").audio
    least = standards().number("voice.consonant_contrast_min_db")
    assert hiss_of(after.samples, RATE_HZ).contrast_db() > least
    assert offer.processor.depth_db <= standards().number("voice.max_de_ess_db")


def test_a_voice_whose_consonants_hardly_stand_out_is_left():
    sound = song(6.0)
    (finding,) = SibilanceDetector().detect(sound, standards())
    wanting = standards().overlaid({"voice.consonant_contrast_min_db": 20.0}, "test")
    contrast = hiss_of(voice(6.0).samples, RATE_HZ).contrast_db()
    offers = DeEss.propose(finding, Trial(sound, wanting))
    assert all(offer.processor.depth_db <= contrast - 20.0 + tol.CARVED_DB for offer in offers)
    assert DeEss.propose(finding, Trial(Listening(voice(6.0)), standards())) == []


def test_silence_has_no_consonants():
    hiss = hiss_of(np.zeros((2, 1000), dtype=np.float32), RATE_HZ)
    assert hiss.contrast_db() == 0.0
    assert not hiss.over_db(-30.0).any()
