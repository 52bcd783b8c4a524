from __future__ import annotations

import numpy as np
import pytest

from controlroom.dsp.k_weighting import k_weighted_block_energies
from controlroom.dsp.loudness import integrated_from_energies
from controlroom.engine.desk import run_step
from controlroom.listening.listening import Listening
from controlroom.media.decode import decode
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.proposals import Stage, Step
from controlroom.model.timeline import Span
from controlroom.studio.console_preview import stretch
from controlroom.studio.console_sounds import BANDS, overview_of, samples_of, spectrogram_of
from controlroom.studio.studio import Studio
from tests.tolerances import FLOAT32, LOUDNESS_LU
from tests.web.making import a_take

LIMITER = Step(processor="limiter", stage=Stage.LOUDNESS, knobs={"ceiling_dbtp": -6.0})
TONE = Step(processor="tone", stage=Stage.TONE, knobs={"band1_hz": 250.0, "band1_gain_db": 3.0})
RUMBLE = Step(processor="rumble", stage=Stage.REPAIR, knobs={"attenuation_db": 40.0})


@pytest.fixture
def take(console):
    sound = console.studio().sounds(console.root)["take"]
    return sound, samples_of(console.studio().sound_files(console.root, sound.id))


def samples_url(console, sound_id):
    return f"{console.song}/sounds/{sound_id}/samples"


def test_a_range_is_exactly_those_frames_of_that_channel(console, take):
    sound, audio = take
    first, last = 4 * (sound.frames + 1000), 4 * (sound.frames + 3000)  # the second channel
    answer = console.client.get(
        samples_url(console, sound.id), headers={"range": f"bytes={first}-{last - 1}"}
    )
    assert answer.status_code == 206
    assert np.array_equal(np.frombuffer(answer.content, "<f4"), audio.samples[1, 1000:3000])


@pytest.mark.parametrize("span", ["bytes=99999999999-", "bytes=5-1"])
def test_a_range_beyond_the_end_is_told_so(console, take, span):
    answer = console.client.get(samples_url(console, take[0].id), headers={"range": span})
    assert answer.status_code in (400, 416)


@pytest.mark.parametrize(
    "sound", ["%2e%2e", "take-..", "take-00000000", "preview-0000000000000000", "ledger"]
)
def test_a_sound_is_found_by_its_name_only(console, sound):
    assert console.client.get(samples_url(console, sound)).status_code == 404


def test_the_playable_take_is_the_take_bit_for_bit(console, take):
    from controlroom.studio.importing import take_audio
    from controlroom.studio.song import opened

    with opened(console.root, writing=False) as song:
        assert np.array_equal(take_audio(song, song.take, Context()).samples, take[1].samples)


@pytest.mark.parametrize("step", [TONE, RUMBLE, LIMITER], ids=lambda step: step.processor)
def test_a_preview_is_the_excerpt_of_the_whole_step(console, take, step):
    """The limiter prepares on the stretch and its margin only, and still gives the whole render's samples."""
    sound = console.studio().preview(console.root, step.processor, 2.0, 5.0, knobs=step.knobs)
    heard = samples_of(console.studio().sound_files(console.root, sound.id))
    whole = run_step(Listening(take[1]), step, Context()).audio
    expected = whole.samples[:, sound.start_frame : sound.start_frame + sound.frames]
    assert sound.frames == round(3.0 * sound.rate_hz)
    assert not np.array_equal(
        expected, take[1].samples[:, sound.start_frame : sound.start_frame + sound.frames]
    )
    assert np.max(np.abs(heard.samples - expected)) <= FLOAT32


def test_a_preview_with_a_span_changes_nothing_outside_it(console, take):
    span = (3.0, 4.0)
    sound = console.studio().preview(console.root, "gain", 2.0, 5.0, knobs={"gain_db": -6.0}, span_s=span)
    heard = samples_of(console.studio().sound_files(console.root, sound.id)).samples
    step = Step(
        processor="gain",
        stage=Stage.LOUDNESS,
        knobs={"gain_db": -6.0},
        span=Span(clock="take", start_s=3.0, end_s=4.0),
    )
    whole = run_step(Listening(take[1]), step, Context()).audio.samples[
        :, sound.start_frame : sound.start_frame + sound.frames
    ]
    assert np.max(np.abs(heard - whole)) <= FLOAT32
    dry = take[1].samples[:, sound.start_frame : sound.start_frame + sound.frames]
    assert np.array_equal(heard[:, : sound.rate_hz], dry[:, : sound.rate_hz])


def test_matched_sides_are_equally_loud_on_the_loop_and_nothing_is_turned_up(console, take):
    studio = console.studio()
    loud = studio.preview(console.root, "gain", 1.5, 5.0, knobs={"gain_db": 4.0})
    bright = studio.preview(console.root, "tone", 1.5, 5.0, knobs=TONE.knobs)
    ids = [take[0].id, loud.id, bright.id]
    gains = studio.match(console.root, ids, 1.5, 5.0)
    assert max(gains.values()) == 0.0
    levels = []
    for sound_id in ids:
        audio = samples_of(studio.sound_files(console.root, sound_id))
        rate = audio.rate_hz
        cut = audio.excerpt(round(1.5 * rate), 5 * rate) if sound_id == take[0].id else audio
        scaled = cut.samples * np.float32(10 ** (gains[sound_id] / 20))
        levels.append(integrated_from_energies(k_weighted_block_energies(scaled, rate)))
    assert max(levels) - min(levels) <= LOUDNESS_LU


def test_a_short_loop_is_matched_on_three_seconds():
    audio = Audio(np.zeros((1, 48000 * 10), np.float32), 48000)
    assert stretch(5.0, 5.2, audio) == (round(3.6 * 48000), round(6.6 * 48000))
    assert stretch(0.0, 0.1, audio) == (0, 3 * 48000)
    assert stretch(9.9, 10.0, audio) == (7 * 48000, 10 * 48000)


def test_the_overview_bounds_every_sample():
    rng = np.random.default_rng(1)
    audio = Audio(rng.uniform(-1, 1, (2, 100_000)).astype(np.float32), 48000)
    low, high, rms = (row.astype(float) / 127 for row in overview_of(audio))
    half_step = 0.5 / 127 + FLOAT32
    assert low.min() <= audio.samples.min() + half_step
    assert high.max() >= audio.samples.max() - half_step
    assert np.all(rms <= np.maximum(high, -low) + 2 * half_step)


def test_a_tone_lights_its_own_band_at_its_own_time():
    rate = 48000
    t = np.arange(2 * rate) / rate
    tone = np.where(t >= 1.0, np.sin(2 * np.pi * 1000 * t), 0.0).astype(np.float32)
    picture = spectrogram_of(Audio(np.stack([tone, tone]), rate))
    assert picture.shape[0] == BANDS
    edges = np.geomspace(30.0, 18000.0, BANDS + 1)
    band = int(np.searchsorted(edges, 1000.0)) - 1
    late = picture[:, round(picture.shape[1] * 0.75)]
    assert abs(int(late.argmax()) - band) <= 1
    assert picture[:, : round(picture.shape[1] * 0.4)].max() == 0


def test_silence_is_dark_and_does_not_divide_by_zero():
    assert spectrogram_of(Audio(np.zeros((2, 96000), np.float32), 48000)).size > 0
    assert not overview_of(Audio(np.zeros((2, 96000), np.float32), 48000)).any()


def test_http_gives_the_same_preview_and_gains_as_python(console, take):
    body = {"processor": "gain", "stretch": {"start_s": 1, "end_s": 5}, "knobs": {"gain_db": -3}}
    made = console.client.post(f"{console.song}/previews", json=body)
    assert made.status_code == 201
    same = console.studio().preview(console.root, "gain", 1, 5, knobs={"gain_db": -3})
    assert made.json()["id"] == same.id
    asked = {"sounds": [take[0].id, same.id], "stretch": {"start_s": 1, "end_s": 5}}
    told = console.client.post(f"{console.song}/matches", json=asked).json()
    assert told == dict(console.studio().match(console.root, [take[0].id, same.id], 1, 5))
    assert told[take[0].id] == pytest.approx(-3.0, abs=LOUDNESS_LU)


def test_a_render_without_a_master_is_heard_as_its_premaster(tmp_path):
    studio = Studio(name="tester")
    root = studio.new(tmp_path / "song")
    studio.add(root, a_take(tmp_path / "take.wav", 3.0))
    assert studio.render(root).render.masters == ()
    sounds = studio.sounds(root)
    heard = samples_of(studio.sound_files(root, sounds["render"].id))
    assert np.array_equal(heard.samples, decode(next(root.rglob("premaster.wav"))).audio.samples)
