"""Layers: under weak strokes only, in step, as strong as was missing."""

import numpy as np
import pytest

from controlroom.dsp import layering
from controlroom.dsp.onset_frames import middle
from controlroom.engine.desk import run_step
from controlroom.listening.drums import drum_strokes
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.layer import Layer
from tests import tolerances as tol
from tests.detectors.sounds import standards
from tests.processors.songs import after, flawed, host, offers_of, told
from tests.processors.test_transient import LOW_MOVED_DB, PUNCH_DB, RATE, low_db, punch_db

ASKED = {"weak-kick": "kick", "weak-snare": "snare"}


@pytest.mark.parametrize("kind", ASKED)
def test_where_shaping_can_not_reach_a_layer_does(kind):
    song, part = flawed(kind), ASKED[kind]
    (offer,) = offers_of(Layer, song, kind)
    done = after(song, offer)
    before, now = (s.stems[part].audio.samples for s in (song, done))
    onsets = host().truth.onsets_s[part]
    assert told(done, kind) == []
    assert np.median(punch_db(now, onsets) - punch_db(before, onsets)) >= PUNCH_DB
    if part == "kick":
        assert abs(low_db(now, onsets) - low_db(before, onsets)) <= LOW_MOVED_DB
    for claim in offer.claims:
        assert claim.holds(measure(done, claim.measurement, standards()))


def test_the_front_comes_nearer_to_the_drum_that_was():
    song = flawed("weak-kick")
    (offer,) = offers_of(Layer, song, "weak-kick")
    truth = host().stems["kick"].samples
    gap = [np.sum((s.stems["kick"].audio.samples - truth) ** 2) for s in (song, after(song, offer))]
    assert gap[1] < gap[0]


def test_where_shaping_reaches_no_layer_is_offered():
    assert offers_of(Layer, flawed("weak-kick", "moderate"), "weak-kick") == []


def test_strokes_that_are_strong_are_left_bit_for_bit():
    kick = host().stems["kick"]
    fronts = layering.front_over_body_db(middle(kick.samples), RATE, _onsets(kick))
    step = Layer(amount=1.0, front_db=float(np.min(fronts)) - 0.1).step("kick")
    assert np.array_equal(run_step(Listening(kick), step, Context()).audio.samples, kick.samples)


def _onsets(kick):
    return drum_strokes(Listening(kick), "kick").frames


def test_one_layer_per_stroke_and_none_elsewhere():
    kick = flawed("weak-kick").stems["kick"].audio
    chosen = Layer(amount=1.0, front_db=3.0)
    layers = chosen.prepare(Listening(kick)).layers
    onsets = _onsets(kick)
    nearest = [int(np.argmin(np.abs(onsets - start))) for start in layers.starts]
    assert len(set(nearest)) == len(nearest) > 0
    assert np.max(np.abs(onsets[nearest] - layers.starts)) <= 0.0011 * RATE


def test_a_drum_on_one_side_gets_its_layer_there():
    kick = flawed("weak-kick").stems["kick"].audio
    left = Audio(kick.samples * np.float32([[1.0], [0.1]]), RATE)
    step = Layer(amount=1.0, front_db=3.0).step("kick")
    change = run_step(Listening(left), step, Context()).audio.samples - left.samples
    assert np.sum(change[1] ** 2) == pytest.approx(0.01 * np.sum(change[0] ** 2), rel=0.05)


def test_own_layer_and_gain():
    kick = flawed("weak-kick").stems["kick"].audio
    step = Layer(amount=1.0, front_db=0.0, source="own").step("kick")
    once = run_step(Listening(kick), step, Context()).audio.samples
    half = run_step(Listening(Audio(0.5 * kick.samples, RATE)), step, Context()).audio.samples
    assert np.any(once != kick.samples)
    assert np.allclose(2.0 * half, once, atol=tol.FFT_FILTER)
