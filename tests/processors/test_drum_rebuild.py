"""Drum rebuild: smeared beginnings rise at once again, clean strokes stay as they are."""

from functools import cache

import numpy as np
from lab.defects import DEFECTS

from controlroom.dsp import transients
from controlroom.dsp.spectrum import decibels
from controlroom.engine.desk import run_step
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.drum_rebuild import DrumRebuild
from tests.processors.songs import SEED, host

RATE = 44100
CLEAN_S = 6.0
CHOSEN = DrumRebuild(amount=1.0, band="high")
LEVEL_DB = 0.5
"""A patch has the energy of what it replaces, by octave bands; its neighbours' tails are counted with it."""


@cache
def smeared(grade="moderate"):
    """Return the hats of a song, smeared after the first seconds."""
    clean = host().stems["hats"].samples
    out = DEFECTS["smear"].plant(host(), grade, SEED).stems["hats"].samples.copy()
    out[:, : round(CLEAN_S * RATE)] = clean[:, : round(CLEAN_S * RATE)]
    return Audio(out, RATE)


def rises(audio):
    envelopes = transients.stroke_envelopes(audio.samples, RATE)
    hits = transients.find_hits(envelopes, "high", transients.STICK)
    late = hits * envelopes.hop_s > CLEAN_S + 0.1
    return transients.rises_ms(envelopes, "high", hits)[late]


def test_smeared_strokes_rise_at_once_again():
    done = run_step(Listening(smeared()), CHOSEN.step("hats"), Context()).audio
    before, now, truth = (float(np.median(rises(a))) for a in (smeared(), done, host().stems["hats"]))
    assert before > 1.9 * truth
    assert now <= 1.1 * truth


def test_their_level_and_their_number_stay():
    done = run_step(Listening(smeared()), CHOSEN.step("hats"), Context()).audio
    change = decibels(np.sum(done.samples**2) / np.sum(smeared().samples ** 2))
    assert abs(change) <= LEVEL_DB
    assert abs(rises(done).size - rises(smeared()).size) <= 0.05 * rises(smeared()).size


def test_each_new_beginning_stands_where_the_stroke_was():
    state = CHOSEN.prepare(Listening(smeared()))
    at_s = state.starts / RATE + CHOSEN.before_ms / 1000.0
    truth = host().truth.onsets_s["hats"]
    away = [np.min(np.abs(truth - time_s)) for time_s in at_s]
    assert np.median(away) <= PLACED_S
    assert np.mean(np.array(away) <= 2.5 * PLACED_S) >= 0.9


PLACED_S = 0.004
"""Inside a smear of 30 ms a stroke's place is known to some milliseconds, as a player's own is."""


def test_clean_strokes_are_left_bit_for_bit():
    done = run_step(Listening(smeared()), CHOSEN.step("hats"), Context()).audio
    clean = slice(0, round((CLEAN_S - 0.1) * RATE))
    assert np.array_equal(done.samples[:, clean], smeared().samples[:, clean])
    whole = host().stems["hats"]
    sharp = run_step(
        Listening(whole), CHOSEN.model_copy(update={"rise_ms": 40.0}).step("hats"), Context()
    ).audio
    assert np.array_equal(sharp.samples, whole.samples)


def test_without_clean_strokes_nothing_is_changed():
    every = DEFECTS["smear"].plant(host(), "clear", SEED).stems["hats"]
    chosen = CHOSEN.model_copy(update={"rise_ms": 3.0})
    assert np.array_equal(
        run_step(Listening(every), chosen.step("hats"), Context()).audio.samples, every.samples
    )
