"""Plant a defect, find it, take what is proposed, and measure that it is gone and the rest is not."""

import numpy as np
import pytest

from controlroom.detectors.form import all_detectors
from controlroom.dsp.spectrum import band_spectra, decibels, third_octave_levels
from controlroom.dsp.stereo import to_mid_side
from controlroom.engine.desk import run_step
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import READINGS, measure
from controlroom.model.context import Context
from controlroom.processors.form import all_processors
from tests import tolerances as tol
from tests.detectors.sounds import (
    PLANTS,
    clean,
    plant_dc,
    plant_rumble,
    plant_tone,
    plant_true_peak,
    plant_width,
    standards,
)

ANSWERED = sorted({kind for p in all_processors().values() for kind in p.answers} & set(PLANTS))
"""What can be planted in a mix alone; the rest is in test_plant_and_cure_stems.py."""


def judged(sound, kind=None):
    """Return what is found by every detector, or by those of one kind."""
    heard = Listening(sound)  # one for all detectors, as in the program
    asked = [d for d in all_detectors().values() if kind is None or kind in d.kinds]
    found = [f for d in asked for f in d.detect(heard, standards())]
    return {f.kind: f for f in found if not f.information}


def cure(kind, sound):
    """Return the cured sound with the claims and readings of every offer that was taken."""
    finding, claims, readings = judged(sound, kind)[kind], [], {}
    for processor in all_processors().values():
        if kind in processor.answers:
            for offer in processor.propose(finding, Trial(Listening(sound), standards())):
                assert offer.processor.name == processor.name
                result = run_step(Listening(sound), offer.processor.step(offer.part, offer.span), Context())
                sound = result.audio
                claims += offer.claims
                readings.update(result.told.readings)
    return sound, claims, readings


def difference_db(cured, truth):
    """Return the change against a sound, after the best gain, relative to it."""
    a, b = cured.samples.astype(float), truth.samples.astype(float)
    gain = np.sum(a * b) / np.sum(a * a)
    return float(decibels(np.sum((gain * a - b) ** 2) / np.sum(b**2)))


@pytest.mark.parametrize("kind", ANSWERED)
def test_what_is_proposed_cures(kind):
    cured, claims, readings = cure(kind, PLANTS[kind](clean()))
    assert claims
    assert kind not in judged(cured, kind)
    for claim in claims:
        if claim.measurement in READINGS:
            outcome = readings[claim.measurement]
        else:
            outcome = measure(Listening(cured), claim.measurement, standards())
        assert claim.holds(outcome), (claim, outcome)
        # one short peak takes nothing at the 95th percentile
        assert claim.before != claim.expected or claim.measurement in READINGS


@pytest.mark.parametrize("kind", sorted(set(ANSWERED) - {"level"}))
def test_the_cure_brings_no_new_finding(kind):
    cured, _, _ = cure(kind, PLANTS[kind](clean()))
    assert judged(cured) == {}


@pytest.mark.parametrize("plant", [plant_rumble, plant_dc])
def test_a_repair_gives_the_clean_sound_back(plant):
    kind = {plant_rumble: "rumble", plant_dc: "dc-offset"}[plant]
    cured, _, _ = cure(kind, plant(clean()))
    middle = slice(clean().rate_hz, -clean().rate_hz)  # the planted sounds have ends of their own
    inner = type(cured)(cured.samples[:, middle], cured.rate_hz)
    truth = type(cured)(clean().samples[:, middle], cured.rate_hz)
    assert difference_db(inner, truth) < REPAIRED_DB


REPAIRED_DB = -25.0


def test_narrowing_the_low_end_leaves_the_mid_and_the_upper_side():
    wide = plant_width(clean())
    cured, _, _ = cure("low-end-width", wide)
    assert np.allclose(to_mid_side(cured.samples)[0], to_mid_side(wide.samples)[0], atol=tol.FLOAT32)
    before, after = (band_spectra(s.samples, s.rate_hz) for s in (wide, cured))
    upper = before.between(500.0, 16000.0)
    change = decibels(after.side[:, upper].mean(axis=0)) - decibels(before.side[:, upper].mean(axis=0))
    assert np.max(np.abs(change)) < tol.FIR_DB


def test_the_tone_that_was_right_stays():
    muddy = plant_tone(clean())
    cured, _, _ = cure("tonal-balance", muddy)
    before, after = (band_spectra(s.samples, s.rate_hz) for s in (muddy, cured))
    change = third_octave_levels(after) - third_octave_levels(before)
    far = before.between(1600.0, 12500.0) | before.between(31.5, 50.0)
    assert np.max(np.abs(change[far])) < tol.NOISE_LEVEL_DB
    assert np.max(np.abs(change)) <= standards().number("tone.max_sum_db") + tol.FIR_DB


def test_limiting_one_peak_leaves_everything_else_bit_for_bit():
    hot = plant_true_peak(clean())
    cured, _, readings = cure("true-peak", hot)
    assert readings["limiter.reduction_max_db"] > 2.0
    away = np.abs(np.arange(hot.frames) - hot.frames // 2) > 0.5 * hot.rate_hz
    assert np.array_equal(cured.samples[:, away], hot.samples[:, away])


def test_a_wandering_offset_is_filtered_and_a_steady_one_subtracted():
    from controlroom.processors.dc import Dc

    sound = clean(24.0)
    wandering = sound.samples.copy()
    wandering[:, : sound.frames // 2] += np.float32(0.05)
    for samples, method in ((sound.samples + np.float32(0.03), "subtract"), (wandering, "high-pass")):
        planted = type(sound)(samples, sound.rate_hz)
        (offer,) = Dc.propose(
            judged(planted, "dc-offset")["dc-offset"], Trial(Listening(planted), standards())
        )
        assert offer.processor.method == method
        cured, _, _ = cure("dc-offset", planted)
        assert "dc-offset" not in judged(cured, "dc-offset")


def test_what_ends_a_song_or_a_part_is_for_a_person():
    from controlroom.processors.fade import Fade

    assert Fade.person_only
    assert [p.name for p in all_processors().values() if p.person_only] == ["fade", "rebuild", "remove"]
