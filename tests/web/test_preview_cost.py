"""A moved knob is heard at a seventh of what its stage costs, by CPU time in one run."""

from __future__ import annotations

import time

import numpy as np
import pytest

from controlroom.engine.desk import render_stage
from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.proposals import Stage, Step
from controlroom.studio.console_sounds import samples_of
from controlroom.studio.song import opened
from controlroom.studio.studio import Studio
from controlroom.studio.walk import take_listening

SONG_S, LOOP_S, RATE_HZ = 210, 15.0, 48000
MOST_SHARE = 0.15
STAGES, PREVIEWS = 6, 4


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    root = tmp_path_factory.mktemp("cost") / "song"
    rng = np.random.default_rng(2)
    t = np.arange(SONG_S * RATE_HZ) / RATE_HZ
    swell = 0.02 + 0.08 * np.abs(np.sin(2 * np.pi * t / 31))
    beat = 0.7 * np.exp(-(t % 0.5) / 0.04) * np.sin(2 * np.pi * 60 * (t % 0.5))
    sound = (beat + swell * _dark(rng.standard_normal((2, t.size)))).astype(np.float32)
    file = root.parent / "take.wav"
    write(file, Audio(np.clip(sound, -0.99, 0.99), RATE_HZ), MediaFormat.WAV16)
    studio = Studio(name="tester")
    studio.new(root)
    studio.add(root, file)
    studio.sounds(root)
    return root


def _dark(noise):
    """Take the treble off, as in music: a limiter looks long at what lies near half the rate."""
    for shift in (1, 2, 2):
        noise = (noise + np.roll(noise, shift, axis=1)) * 0.7
    return noise


def cpu_s(work, number: int) -> float:
    begin = time.process_time()
    work(number)
    return time.process_time() - begin


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, stage, knobs",
    [
        ("gain", Stage.LOUDNESS, {"gain_db": -3.0}),
        ("rumble", Stage.REPAIR, {"attenuation_db": 30.0}),
        ("dc", Stage.REPAIR, {"amount": 1.0, "method": "high-pass"}),
        ("tone", Stage.TONE, {"band1_hz": 250.0, "band1_gain_db": 3.0}),
        ("limiter", Stage.LOUDNESS, {"ceiling_dbtp": -6.0}),
    ],
)
def test_a_preview_costs_a_share_of_its_stage(song, name, stage, knobs):
    """By the least of several runs of each, in turn: what else the machine does only adds, and to both.

    Opening the song and writing fifteen seconds down is what any preview costs, of nothing too: a
    gain's stage, which copies a song, fell to five times that, and a share of it can't hold it.
    """
    studio = Studio(name="tester")
    step = Step(processor=name, stage=stage, knobs=knobs)

    def whole(_number):
        with opened(song, writing=False) as here:
            audio = samples_of(studio.sound_files(song, studio.sounds(song)["take"].id))
            render_stage(take_listening(here, audio), [step], Context())

    def preview(number):
        start_s = 60.0 + 0.01 * number  # another stretch each time: nothing is kept
        studio.preview(song, name, start_s, start_s + LOOP_S, knobs=knobs)

    def nothing(_number):
        with opened(song, writing=False):
            audio = samples_of(studio.sound_files(song, studio.sounds(song)["take"].id))
            np.array(audio.samples[:, : round(LOOP_S * RATE_HZ)]).tofile(song.parent / "nothing.f32")

    preview(-1)
    stages, previews, nothings = [], [], []
    for turn in range(STAGES):
        stages.append(cpu_s(whole, turn))
        nothings.append(cpu_s(nothing, turn))
        previews += [cpu_s(preview, PREVIEWS * turn + one) for one in range(PREVIEWS)]
    own_s = min(previews) - min(nothings)
    assert own_s <= MOST_SHARE * min(stages), (min(previews), min(nothings), min(stages))
