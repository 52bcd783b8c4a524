"""A sample that a person brought, as a layer: in tune, in step, never against the stroke and never twice."""

from functools import cache

import numpy as np
import pytest

from controlroom.dsp import layering
from controlroom.dsp.one_shot import tone_hz
from controlroom.dsp.onset_frames import middle
from controlroom.engine.desk import Handling, excerpt_with, prepare, render_stage, run_step
from controlroom.listening.drums import drum_strokes
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.model.proposals import Stage, Step
from controlroom.model.timeline import Span
from controlroom.processors.layer import TONES_HZ, Layer
from tests import tolerances as tol
from tests.engine.rendering import MemoryCache
from tests.processors.songs import flawed, host
from tests.processors.test_transient import RATE

ROOM = {"length_ms": 120.0, "low_hz": 30.0}
"""A layer long enough that its tone can be read."""


def brought(freq_hz=83.0, rate_hz=32000, gain=0.5, lead_s=0.03):
    """Return a one-shot with a click and a tone, or noise alone."""
    t = np.arange(round(0.5 * rate_hz)) / rate_hz
    burst = np.random.default_rng(6).standard_normal(t.size)
    wave = 0.3 * burst * np.exp(-t / (0.003 if freq_hz else 0.1))
    if freq_hz:
        wave += np.sin(2 * np.pi * freq_hz * t) * np.exp(-t / 0.1)
    wave = np.concatenate([np.zeros(round(lead_s * rate_hz)), gain * wave])
    return Listening(Audio(wave[None].astype(np.float32), rate_hz))


def weak(drum="kick"):
    return flawed(f"weak-{drum}").stems[drum].audio


def layer(drum="kick", **knobs):
    return Layer(amount=1.0, front_db=3.0, drum=drum, sample="o-x", **knobs)


def change(audio, chosen, shot):
    after = run_step(Listening(audio), chosen.step(chosen.drum), Context(), {"o-x": shot}).audio
    return after.samples - audio.samples


@cache
def usual(drum="kick"):
    return change(weak(drum), layer(drum), brought())


@pytest.mark.parametrize("drum, freq_hz", [("kick", 83.0), ("snare", 290.0)])
@pytest.mark.parametrize("semitones", [0.0, 5.0])
def test_a_sample_comes_to_the_drums_own_tone(drum, freq_hz, semitones):
    audio = weak(drum)
    onsets = drum_strokes(Listening(audio), drum).frames
    own = layering.drum_tone(middle(audio.samples), RATE, onsets, *TONES_HZ[drum])
    state = prepare(
        layer(drum, tune_semitones=semitones, **ROOM), Listening(audio), {"o-x": brought(freq_hz)}
    )
    wanted = own.freq_hz * 2.0 ** (semitones / 12.0)
    found = tone_hz(state.layers.waves[0], RATE, (30.0, 500.0))
    assert found == pytest.approx(wanted, rel=tol.TUNED)


def test_a_sample_without_a_tone_keeps_its_pitch():
    state = prepare(layer("snare", **ROOM), Listening(weak("snare")), {"o-x": brought(0.0, RATE, lead_s=0.0)})
    own = brought(0.0, RATE, lead_s=0.0).audio.samples[0]
    shape = layering.LayerShape(0.12, 0.0, 30.0)
    expected = layering.finished(own[: round(0.12 * RATE)].astype(float), shape, RATE)
    assert abs(np.dot(state.layers.waves[0][: expected.size], expected)) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("gain", [-0.5, 0.01, 2.0])
def test_level_and_polarity_of_the_file_do_not_matter(gain):
    assert np.allclose(change(weak(), layer(), brought(gain=gain)), usual(), atol=tol.FFT_FILTER)


def test_it_is_in_step_with_each_stroke_and_takes_from_none():
    mid = middle(weak().samples)
    added = middle(usual())
    onsets = drum_strokes(Listening(weak()), "kick").frames
    state = prepare(layer(), Listening(weak()), {"o-x": brought()})
    assert 0 < state.layers.starts.size <= onsets.size
    for start in state.layers.starts:
        here = slice(int(start), int(start) + round(0.03 * RATE))
        assert np.min(np.abs(onsets - start)) <= 0.0011 * RATE
        assert np.dot(mid[here], added[here]) >= 0.0


def test_it_follows_the_force_of_the_strokes():
    half = change(Audio(0.5 * weak().samples, RATE), layer(), brought())
    assert np.allclose(2.0 * half, usual(), atol=tol.FFT_FILTER)


def test_strokes_that_are_strong_get_none_and_none_gets_two():
    kick = host().stems["kick"]
    fronts = layering.front_over_body_db(
        middle(kick.samples), RATE, drum_strokes(Listening(kick), "kick").frames
    )
    strong = layer().model_copy(update={"front_db": round(float(np.min(fronts)) - 0.1, 1)})
    assert not change(kick, strong, brought()).any()
    once = Audio(weak().samples + usual(), RATE)
    assert np.sum(change(once, layer(), brought()) ** 2) < 0.1 * np.sum(usual() ** 2)


def test_a_stretch_is_the_stretch_of_the_whole_and_measured_once():
    song = Listening(weak(), stems={"kick": Listening(weak())})
    handling = Handling(one_shots={"o-x": brought()})
    step, span = layer().step("kick"), Span(clock="take", start_s=4.0, end_s=7.0)
    pair = excerpt_with(song, step, span, handling)
    whole = render_stage(song, [step], Context(), handling).sound.audio.samples
    first = 4 * RATE
    assert np.array_equal(pair.after.samples, whole[:, first : first + pair.after.frames])
    kept = len(song.stems["kick"].beside({})._kept)
    other = Handling(one_shots={"o-x": brought(61.0)})
    assert not np.array_equal(excerpt_with(song, step, span, other).after.samples, pair.after.samples)
    assert len(song.stems["kick"].beside({})._kept) == kept > 0


def test_another_sample_under_the_name_is_rendered_anew():
    song = Listening(weak(), stems={"kick": Listening(weak())})
    cache_, step = MemoryCache(), layer().step("kick")
    done = [
        render_stage(song, [step], Context(), Handling(cache_, one_shots={"o-x": shot})).sound.audio.samples
        for shot in (brought(), brought(61.0), brought())
    ]
    assert not np.array_equal(done[0], done[1])
    assert np.array_equal(done[0], done[2])
    assert len(cache_._kept) == 2


def test_a_sample_that_is_not_there_is_an_error():
    with pytest.raises(UsageError, match="o-x") as caught:
        run_step(Listening(weak()), layer().step("kick"), Context())
    assert caught.value.code == "sample.missing"


def test_a_layer_without_a_sample_is_the_step_that_it_was():
    before = Step(
        processor="layer",
        stage=Stage.STEMS,
        part="kick",
        knobs={
            "amount": 1.0,
            "front_db": 3.0,
            "most_db": 12.0,
            "drum": "kick",
            "source": "made",
            "length_ms": 30.0,
            "click_db": -12.0,
            "tune_semitones": 0.0,
            "low_hz": 80.0,
        },
    )
    assert Layer(amount=1.0, front_db=3.0).step("kick").id == before.id
