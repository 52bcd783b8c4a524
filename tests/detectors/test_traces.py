"""Resonance, pumping and the trace of a codec: each planted fault is named, and moves as physics says."""

import io
from functools import cache

import numpy as np
import pytest
import soundfile
from lab.defects import DEFECTS, NULLS, host_of
from lab.songs import make_song

from controlroom.detectors.form import all_detectors
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.media.resample import resample
from controlroom.model.audio import Audio
from tests import tolerances as tol
from tests.detectors.sounds import standards, with_samples

KINDS = {
    "resonance": "tone.resonance_db",
    "pumping": "dynamics.beat_rise_db",
    "transcoded": "source.holes_per_minute",
}
SEED = 1
LENGTH_S = 20.0
DELAY_FRAMES = 6000
GRADED = ("moderate", "clear")

every = pytest.mark.parametrize("kind", KINDS)


@cache
def host():
    return host_of(make_song(SEED, duration_s=LENGTH_S))


@cache
def clean():
    return Listening(host().mix)


@cache
def planted(kind, grade="clear"):
    return Listening(DEFECTS[kind].plant(host(), grade, SEED).mix)


def read(kind, heard):
    return measure(heard, KINDS[kind], standards())


def told(kind, heard):
    return [f for f in all_detectors()[kind].detect(heard, standards()) if f.kind == kind]


@every
def test_a_clean_song_has_none_of_it(kind):
    assert told(kind, clean()) == []


@every
@pytest.mark.parametrize("null", ["white", "pink", "cymbal-heavy", "solo-voice"])
def test_nor_has_what_only_looks_odd(kind, null):
    assert told(kind, Listening(NULLS[null](0, 12.0))) == []


@every
def test_a_clear_defect_is_named(kind):
    (found,) = told(kind, planted(kind))
    assert found.information == (kind in {"transcoded", "resonance"})
    assert found.information or found.severity >= 0.5
    assert found.part == "mix"


@every
def test_more_of_it_reads_higher(kind):
    values = [read(kind, clean()), *(read(kind, planted(kind, grade)) for grade in GRADED)]
    assert values == sorted(values)


def test_a_resonance_is_placed():
    rng_hz = []
    for seed in (SEED, SEED + 1):
        flawed = DEFECTS["resonance"].plant(host(), "clear", seed).mix
        difference = np.abs(np.fft.rfft(flawed.samples[0])) / (
            np.abs(np.fft.rfft(host().mix.samples[0])) + 1e-3
        )
        hz = np.fft.rfftfreq(flawed.frames, 1 / flawed.rate_hz)
        inside = (hz > 300) & (hz < 2600)
        rng_hz.append(hz[inside][np.argmax(difference[inside])])
        (found,) = told("resonance", Listening(flawed))
        assert found.facts["freq_hz"] == pytest.approx(rng_hz[-1], rel=0.06)
    assert rng_hz[0] != pytest.approx(rng_hz[1], rel=0.1)


@every
@pytest.mark.parametrize("change", ["softer", "polarity", "swapped", "delayed", "resampled", "stored"])
def test_it_moves_as_physics_says(kind, change):
    sound = planted(kind).audio
    moved = {
        "softer": lambda: with_samples(sound, sound.samples * np.float32(10 ** (-7 / 20))),
        "polarity": lambda: with_samples(sound, -sound.samples),
        "swapped": lambda: with_samples(sound, sound.samples[::-1]),
        "delayed": lambda: with_samples(sound, np.pad(sound.samples, ((0, 0), (DELAY_FRAMES, 0)))),
        "resampled": lambda: resample(sound, 48000),
        "stored": lambda: through_flac(sound),
    }[change]()
    moved = Listening(moved)
    was, now = read(kind, planted(kind)), read(kind, moved)
    assert [f.kind for f in told(kind, moved)] == [kind]
    if kind == "transcoded":
        # holes are counted in frames: where these begin, how long they are, moves some over the edge
        assert now == pytest.approx(
            was, rel=tol.REFRAMED_SHARE if change in {"delayed", "resampled"} else 1e-2
        )
    else:
        assert now == pytest.approx(was, abs=tol.REFRAMED_DB)


def through_flac(sound):
    stored = io.BytesIO()
    soundfile.write(stored, sound.samples.T, sound.rate_hz, format="FLAC", subtype="PCM_24")
    stored.seek(0)
    return with_samples(sound, soundfile.read(stored, dtype="float32", always_2d=True)[0].T.copy())


def test_a_brickwall_is_no_codec():
    walled = DEFECTS["hf-ceiling"].plant(host(), "clear", SEED).mix
    assert told("transcoded", Listening(walled)) == []


@every
@pytest.mark.parametrize("frames", [0, 500, 60000])
def test_scraps_and_silence_do_not_upset_it(kind, frames):
    assert told(kind, Listening(Audio(np.zeros((2, frames), dtype=np.float32), 44100))) == []


@every
def test_one_channel_reads_like_its_double(kind):
    one = Listening(Audio(planted(kind).audio.samples[:1], 44100))
    both = Listening(Audio(np.repeat(one.audio.samples, 2, axis=0), 44100))
    assert read(kind, one) == pytest.approx(read(kind, both), abs=tol.BAND_LEVEL_DB)
