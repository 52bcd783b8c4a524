"""Presence: the voice itself moves only for what a carve can't give."""

import numpy as np

from controlroom.detectors.masked_voice import MaskedVoiceDetector
from controlroom.dsp.filters import bell_db
from controlroom.engine.desk import render_stage
from controlroom.engine.trial import Trial
from controlroom.listening.measures import measure
from controlroom.model.context import Context
from controlroom.processors.carve import Carve
from controlroom.processors.presence import Presence
from tests import tolerances as tol
from tests.detectors.sounds import standards
from tests.processors.test_carve import song


def findings(sound):
    return MaskedVoiceDetector().detect(sound, standards())


def test_a_voice_that_the_carve_brings_out_is_not_touched():
    sound = song(-5.0)
    (finding,) = findings(sound)
    (carve,) = Carve.propose(finding, Trial(sound, standards()))
    assert carve.claims[0].expected >= standards().number("voice.over_backing_min_db")
    assert Presence.propose(finding, Trial(sound, standards())) == []


def test_what_the_carve_leaves_is_lifted_within_the_bound_as_claimed():
    sound = song(-16.0)
    (finding,) = findings(sound)
    (offer,) = Presence.propose(finding, Trial(sound, standards()))
    (claim,) = offer.claims
    assert 0.0 < offer.processor.gain_db <= standards().number("voice.max_lift_db")
    result = render_stage(sound, [offer.processor.step(offer.part)], Context()).sound
    assert claim.holds(measure(result, claim.measurement, standards()))
    assert claim.expected > claim.before + 1.0


def test_it_is_the_bell_that_its_knobs_draw():
    rate_hz, processor = 44100, Presence(gain_db=3.0, centre_hz=2000.0, q=0.6)
    state = processor.prepare(song())
    at_rate = song().audio.rate_hz
    hz = np.array([300.0, 2000.0, 9000.0])
    assert rate_hz != at_rate
    assert np.allclose(state.gain_db(hz, at_rate), bell_db(hz, 2000.0, 3.0, 0.6), atol=tol.FIR_DB)
