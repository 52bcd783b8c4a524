"""The bleed gate: bleed goes down between strokes, strokes stay as they are."""

import numpy as np

from controlroom.dsp.spectrum import decibels
from controlroom.engine.desk import run_step
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.bleed_gate import BleedGate
from tests import tolerances as tol
from tests.detectors.sounds import standards
from tests.processors.songs import host

RATE = 44100
GATE = BleedGate(range_db=18.0, open_db=-20.0)
KEPT_DB = -40.0
"""Change of the true drum: the ends of its tails, under what is open."""


def bled(bleed_db=-42.0):
    """Return a snare with the rest of the song in it, and the snare alone."""
    snare = host().stems["snare"].samples
    rest = host().mix.samples - snare
    loud = np.sqrt(np.quantile(np.mean(snare**2, axis=0), 0.99) / np.mean(rest**2))
    return Audio(snare + np.float32(10 ** (bleed_db / 20) * loud) * rest, RATE), snare


def test_bleed_between_strokes_goes_down_and_the_strokes_stay():
    sound, snare = bled()
    done = run_step(Listening(sound), GATE.step("snare"), Context()).audio
    onsets = host().truth.onsets_s["snare"]
    inside = np.zeros(sound.frames, dtype=bool)
    far = np.ones(sound.frames, dtype=bool)
    for onset in onsets:
        inside[round(onset * RATE) : round((onset + 0.06) * RATE)] = True
        far[max(0, round((onset - 0.05) * RATE)) : round((onset + 0.45) * RATE)] = False
    assert np.array_equal(done.samples[:, inside], sound.samples[:, inside])
    fell = decibels(np.mean(done.samples[:, far] ** 2)) - decibels(np.mean(sound.samples[:, far] ** 2))
    assert -18.0 - tol.FIR_DB <= fell <= -12.0
    assert decibels(np.sum((done.samples - sound.samples)[:, inside] ** 2) / np.sum(snare**2)) < KEPT_DB


def test_what_is_between_is_measured():
    sound, _ = bled()
    done = run_step(Listening(sound), GATE.step("snare"), Context()).audio
    before, after = (measure(Listening(a), "dynamics.between_db", standards()) for a in (sound, done))
    assert after < before - 9.0


def test_a_key_band_opens_for_its_own_drum_only():
    drums = Audio(host().stems["kick"].samples + host().stems["hats"].samples, RATE)
    done = run_step(
        Listening(drums),
        GATE.model_copy(
            update={"key": "low", "open_db": -8.0, "hysteresis_db": 2.0, "release_ms": 30.0}
        ).step("drums"),
        Context(),
    ).audio
    kicks = host().truth.onsets_s["kick"]
    hats = [t for t in host().truth.onsets_s["hats"] if np.min(np.abs(kicks - t)) > 0.25]
    at = np.concatenate([round(t * RATE) + np.arange(441) for t in hats])
    assert decibels(np.mean(done.samples[:, at] ** 2) / np.mean(drums.samples[:, at] ** 2)) < -6.0
    at = np.concatenate([round(t * RATE) + np.arange(441) for t in kicks])
    at = at[at < drums.frames]
    assert decibels(np.mean(done.samples[:, at] ** 2) / np.mean(drums.samples[:, at] ** 2)) > -0.5
