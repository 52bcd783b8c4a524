"""A moved knob is heard at a seventh of what its stage costs, by CPU time in one run."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest

from controlroom.engine.desk import render_stage
from controlroom.listening.listening import Listening
from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.proposals import Stage, Step
from controlroom.studio.console_sounds import samples_of
from controlroom.studio.studio import Studio

SONG_S, LOOP_S, RATE_HZ = 180, 15.0, 48000
MOST_SHARE = 0.15
LIMITER = Step(processor="limiter", stage=Stage.LOUDNESS, knobs={"ceiling_dbtp": -6.0})
TRIES = 8


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    root = tmp_path_factory.mktemp("cost") / "song"
    rng = np.random.default_rng(2)
    t = np.arange(SONG_S * RATE_HZ) / RATE_HZ
    swell = (0.2 + 0.3 * np.abs(np.sin(2 * np.pi * t / 31))) * np.exp(-(t % 0.5) / 0.2)
    sound = (swell * rng.standard_normal((2, t.size))).astype(np.float32)
    file = root.parent / "take.wav"
    write(file, Audio(np.clip(sound, -0.99, 0.99), RATE_HZ), MediaFormat.WAV16)
    studio = Studio(name="tester")
    studio.new(root)
    studio.add(root, file)
    studio.sounds(root)
    return root


def cpu_s(work) -> float:
    """Return the least CPU seconds of several runs: what else runs only adds."""
    spent = []
    for number in range(TRIES):
        begin = time.process_time()
        work(number)
        spent.append(time.process_time() - begin)
    return min(spent)


@pytest.mark.skipif(
    not os.environ.get("CONTROLROOM_WEIGHT"),
    reason="a ratio of CPU times on a busy machine; `make bench ONLY=console` prints it, CONTROLROOM_WEIGHT=1 runs it here",
)
@pytest.mark.slow
@pytest.mark.parametrize(
    "name, stage, knobs, beside",
    [
        # a gain never is its stage: alone it is one multiplication, less than opening a song
        ("gain", Stage.LOUDNESS, {"gain_db": -3.0}, [LIMITER]),
        ("rumble", Stage.REPAIR, {"attenuation_db": 30.0}, []),
        ("dc", Stage.REPAIR, {"amount": 1.0, "method": "high-pass"}, []),
        ("tone", Stage.TONE, {"band1_hz": 250.0, "band1_gain_db": 3.0}, []),
        ("limiter", Stage.LOUDNESS, {"ceiling_dbtp": -6.0}, []),
    ],
)
def test_a_preview_costs_a_share_of_its_stage(song, name, stage, knobs, beside):
    studio = Studio(name="tester")
    sound = studio.sounds(song)["take"]
    audio = samples_of(studio.sound_files(song, sound.id))
    step = Step(processor=name, stage=stage, knobs=knobs)
    whole = cpu_s(lambda _number: render_stage(Listening(audio), [step, *beside], Context()))

    def preview(number):
        start_s = 60.0 + 0.01 * number  # another stretch each time: nothing is kept
        studio.preview(song, name, start_s, start_s + LOOP_S, knobs=knobs)

    preview(-1)
    assert cpu_s(preview) <= MOST_SHARE * whole
