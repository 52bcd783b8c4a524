from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from controlroom.engine.desk import excerpt_with, run_step
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.proposals import Stage, Step
from controlroom.model.timeline import Span

RATE_HZ = 16000


def noise(seed, seconds=6.0):
    made = np.random.default_rng(seed).normal(0, 0.1, (2, int(seconds * RATE_HZ)))
    return Audio(made.astype(np.float32), RATE_HZ)


def beat(late_s=0.0):
    at_s = (np.arange(int(6.0 * RATE_HZ)) / RATE_HZ + late_s) % 0.5
    return 4.0 * np.exp(-at_s / 0.05) * np.minimum(1.0, at_s / 0.003)


def test_beside_the_same_stems_it_is_the_same_listening_and_beside_others_another():
    voice, other = Listening(noise(1)), Listening(noise(2))
    mix = Listening(noise(0), stems={"vocals": voice})
    kept = mix.beside({"vocals": voice})
    assert kept is mix.beside({"vocals": voice})
    assert kept is not mix.beside({"vocals": other})
    assert kept is not mix.beside({})
    assert kept is not mix
    assert kept.audio is mix.audio
    assert kept.stems["vocals"] is voice


def test_it_holds_no_sound_longer_than_its_own_listening():
    audio = noise(0)
    gone = weakref.ref(audio)
    mix = Listening(audio)
    mix.beside({}).keep(("x",), lambda: 1)
    gc.disable()  # nothing goes in circles
    try:
        del audio, mix
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "name, part, knobs",
    [
        ("dc", "mix", [{"amount": 1.0}, {"amount": 0.5}]),
        ("saturation", "vocals", [{"drive_db": 3.0}, {"drive_db": 12.0, "wet": 0.5}]),
        ("rebuild", "mix", [{"amount": 0.5}, {"amount": 1.0}]),
        ("de_ess", "vocals", [{"depth_db": 3.0, "threshold_db": -20.0}, {"depth_db": 9.0, "threshold_db": -30.0}]),
        ("hats", "drums", [{"depth_db": 3.0, "low_hz": 3000.0}, {"depth_db": 6.0, "tail_db": 4.0}]),
        ("layer", "drums", [{"amount": 1.0, "front_db": 6.0}, {"amount": 0.5, "front_db": 9.0, "length_ms": 40.0}]),
        ("drum_rebuild", "kick", [{"amount": 1.0}, {"amount": 0.5, "rise_ms": 10.0}]),
    ],
)  # fmt: skip
def test_a_knob_turned_again_is_heard_as_it_were_for_the_first_time(name, part, knobs):
    """What was measured for the last knob is kept, and what it made is not."""

    def sound():
        voice, rest = noise(1), noise(2)
        drums = Audio((noise(3).samples * beat()).astype(np.float32), RATE_HZ)
        kick = Audio((noise(4).samples * beat(0.25)).astype(np.float32), RATE_HZ)
        stems = {"vocals": Listening(voice), "drums": Listening(drums), "kick": Listening(kick)}
        return Listening(Audio(voice.samples + rest.samples * np.float32(0.9) + 0.02, RATE_HZ), stems=stems)

    span = Span(clock="take", start_s=2.0, end_s=4.0)
    stage = {"dc": Stage.REPAIR}.get(name, Stage.STEMS)
    warm = sound()
    for chosen in [*knobs, knobs[0]]:
        step = Step(processor=name, stage=stage, part=part, knobs=chosen)
        again = excerpt_with(warm, step, span).after.samples
        assert np.array_equal(again, excerpt_with(sound(), step, span).after.samples)
        if part == "mix":
            whole = run_step(warm, step, Context()).audio.samples
            assert np.array_equal(again, whole[:, 2 * RATE_HZ : 4 * RATE_HZ])
