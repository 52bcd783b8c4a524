"""The voice's ride: phrases come together, words and pauses stay."""

from functools import cache

import numpy as np
import pytest

from controlroom.detectors.voice_level import VoiceLevelDetector
from controlroom.dsp.spectrum import decibels
from controlroom.engine.desk import render_stage
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.ride import Ride
from tests import tolerances as tol
from tests.detectors.sounds import noise, standards
from tests.processors.songs import alone

RATE_HZ = 32000
SECONDS = 48.0
PHRASE_S, SUNG_S = 6.0, 4.5


@cache
def voice(step_db):
    """Eight phrases of noise with a syllable of a quarter second, every second one softer; hum in the pauses."""
    at_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    into_s = at_s % PHRASE_S
    sung = np.clip(20.0 * np.minimum(into_s, SUNG_S - into_s), 0.0, 1.0)
    syllables = 0.7 + 0.3 * np.sin(2 * np.pi * 4.0 * at_s)
    level = np.where((at_s // PHRASE_S) % 2 == 1, 10 ** (-step_db / 20), 1.0)
    hum = 0.002 * np.sin(2 * np.pi * 300.0 * at_s)
    wave = 0.1 * noise(SECONDS, RATE_HZ, 5)[0] * sung * syllables * level + hum
    return Audio(wave[None].astype(np.float32), RATE_HZ)


def song(step_db):
    backing = 0.05 * noise(SECONDS, RATE_HZ, 6)
    mix = Audio((voice(step_db).samples + backing).astype(np.float32), RATE_HZ)
    return Listening(mix, stems={"vocals": Listening(voice(step_db))})


def phrase_db(audio, number):
    start = number * PHRASE_S
    part = audio.samples[0, int((start + 1.0) * RATE_HZ) : int((start + 3.5) * RATE_HZ)]
    return float(decibels(np.mean(part.astype(float) ** 2)))


def gain_db(before, after, start_s, end_s):
    rows = [
        a.samples[0, int(start_s * RATE_HZ) : int(end_s * RATE_HZ)].astype(float) for a in (before, after)
    ]
    return float(decibels(np.mean(rows[1] ** 2) / np.mean(rows[0] ** 2)))


@pytest.mark.parametrize("amount", [0.5, 1.0])
def test_soft_phrases_come_up_and_loud_ones_down_by_the_share(amount):
    after = alone(Ride(amount=amount, boost_db=6.0), Listening(voice(6.0)))
    apart = phrase_db(after, 2) - phrase_db(after, 3)
    assert abs(apart - 6.0 * (1.0 - amount)) < tol.CARVED_DB


def test_a_boost_is_bounded_and_ends_before_the_pause_is_raised():
    before = voice(8.0)
    after = alone(Ride(amount=1.0, range_db=0.5, boost_db=2.0), Listening(before))
    assert abs(gain_db(before, after, 7.0, 9.5) - 2.0) < tol.CARVED_DB
    pause_s = 2 * PHRASE_S - 0.5 * (PHRASE_S - SUNG_S)
    assert gain_db(before, after, pause_s - 0.05, pause_s + 0.05) < 2.0


def test_syllables_keep_their_own_shape():
    before = voice(0.0)
    after = alone(Ride(amount=1.0), Listening(before))
    for start_s in np.arange(1.0, 3.5, 0.25):
        moved = gain_db(before, after, start_s, start_s + 0.125) - gain_db(
            before, after, start_s + 0.125, start_s + 0.25
        )
        assert abs(moved) < SYLLABLE_DB


SYLLABLE_DB = 0.1


def test_what_is_proposed_keeps_to_the_standard_as_it_claims():
    sound = song(7.0)
    (finding,) = VoiceLevelDetector().detect(sound, standards())
    (offer,) = Ride.propose(finding, Trial(sound, standards()))
    (claim,) = offer.claims
    result = render_stage(sound, [offer.processor.step(offer.part)], Context()).sound
    assert claim.holds(measure(result, claim.measurement, standards()))
    assert VoiceLevelDetector().detect(result, standards()) == []


def test_silence_and_a_song_without_a_voice_ask_for_nothing():
    silence = Listening(Audio(np.zeros((1, RATE_HZ), dtype=np.float32), RATE_HZ))
    assert not alone(Ride(amount=1.0), silence).samples.any()
    (finding,) = VoiceLevelDetector().detect(song(7.0), standards())
    assert Ride.propose(finding, Trial(Listening(song(7.0).audio), standards())) == []
