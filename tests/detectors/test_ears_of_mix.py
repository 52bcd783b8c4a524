"""Ears for drums, voice, space and dynamics on a made song with stems, and with one defect in it."""

from functools import cache

import numpy as np
import pytest
from lab.defects import DEFECTS, host_of
from lab.songs import make_song

from controlroom.detectors.form import all_detectors
from controlroom.listening.listening import Listening
from controlroom.listening.voice_there import only_a_trace
from controlroom.model.audio import Audio
from tests.detectors.sounds import standards

EARS = (
    "weak_drums",
    "smear",
    "hat_density",
    "masked_voice",
    "sibilance",
    "voice_level",
    "stereo_image",
    "stereo_balance",
    "over_compression",
    "section_level",
)
KINDS = {kind: all_detectors()[name] for name in EARS for kind in all_detectors()[name].kinds}
PLANTED = [defect for defect in DEFECTS.values() if defect.kind in KINDS]
SEED = 9
LENGTH_S = 20.0
WITH_REPEATS_S = 30.0
CLEARLY = 0.5


@cache
def host(length_s=LENGTH_S):
    return host_of(make_song(SEED, style="rock", duration_s=length_s))


def heard(mix, stems):
    return Listening(mix, stems={role: Listening(stem) for role, stem in stems.items()})


def found(listening):
    return [f for name in EARS for f in all_detectors()[name].detect(listening, standards())]


def test_a_clean_song_is_left_alone():
    assert found(heard(host().mix, dict(host().stems))) == []
    assert found(heard(host().mix, {})) == []


@pytest.mark.parametrize("defect", PLANTED, ids=lambda d: d.name)
def test_a_clear_defect_is_named(defect):
    clean = host(WITH_REPEATS_S if defect.kind == "section-level" else LENGTH_S)
    flawed = defect.plant(clean, "clear", SEED)
    stems = {**clean.stems, **flawed.stems} if flawed.stems else {}
    listening = heard(flawed.mix, stems)
    told = [f for f in KINDS[defect.kind].detect(listening, standards()) if f.kind == defect.kind]
    assert len(told) == 1
    assert told[0].severity >= CLEARLY
    assert not told[0].information
    assert told[0].part in {"mix", "drums", *host().stems}
    # the same at another level and, where channels have no names, the other way round
    turned = heard(*_turned(flawed.mix, stems))
    again = [f for f in KINDS[defect.kind].detect(turned, standards()) if f.kind == defect.kind]
    assert again[0].severity == pytest.approx(told[0].severity, abs=0.02)


def _turned(mix, stems):
    def turn(sound):
        return Audio(np.float32(0.5) * sound.samples[::-1], sound.rate_hz)

    return turn(mix), {role: turn(stem) for role, stem in stems.items()}


def test_dense_hats_are_heard_in_the_mix_alone_and_claimed_with_care():
    flawed = DEFECTS["hat-density"].plant(host(), "clear", SEED)
    (told,) = KINDS["hat-density"].detect(heard(flawed.mix, {}), standards())
    assert 0 < told.severity <= CLEARLY
    assert told.confidence < 1
    assert told.facts["estimated"]


@pytest.mark.parametrize("kind", ["weak-kick", "weak-snare", "masked-voice", "voice-level"])
def test_without_stems_no_claim_is_made_on_one_part(kind):
    flawed = DEFECTS[kind].plant(host(), "clear", SEED)
    assert [f for f in KINDS[kind].detect(heard(flawed.mix, {}), standards()) if f.kind == kind] == []


def test_sibilance_is_estimated_from_the_mix_and_claimed_with_care():
    # one of the nine of ten songs in which the estimate hears it
    flawed = DEFECTS["sibilance"].plant(host_of(make_song(1, duration_s=WITH_REPEATS_S)), "clear", 1)
    (told,) = KINDS["sibilance"].detect(heard(flawed.mix, {}), standards())
    assert 0 < told.severity <= CLEARLY
    assert told.confidence <= CLEARLY
    assert told.facts["estimated"]
    assert told.part == "mix"


def test_hiss_of_hats_is_not_taken_for_a_voice():
    flawed = DEFECTS["sibilance"].plant(host(), "clear", SEED)
    voice = flawed.stems["vocals"].samples
    without = Audio(flawed.mix.samples - voice, flawed.mix.rate_hz)
    assert KINDS["sibilance"].detect(heard(without, {}), standards()) == []


def test_a_masked_voice_names_its_worst_band():
    flawed = DEFECTS["masked-voice"].plant(host(), "clear", SEED)
    (told,) = KINDS["masked-voice"].detect(heard(flawed.mix, flawed.stems), standards())
    assert 1000.0 <= told.facts["worst_hz"] <= 4000.0
    assert told.value("voice.covered_share") > 0.4
    assert told.span is not None


def test_a_masked_voice_names_its_bars_and_bands():
    flawed = DEFECTS["masked-voice"].plant(host(), "clear", SEED)
    (told,) = KINDS["masked-voice"].detect(heard(flawed.mix, flawed.stems), standards())
    assert told.facts["bars_from"] == "beats"
    assert 1 <= told.facts["bars_masked"] <= told.facts["bars_sung"]
    assert told.value("voice.masked_bars_share") == told.facts["bars_masked"] / told.facts["bars_sung"]
    numbers = {int(n) for part in told.facts["bars"].split(", ") for n in part.split("-")}
    assert max(numbers) <= 1 + len(host().truth.downbeats_s)
    assert all(1000 <= float(hz) <= 4000 for hz in told.facts["bands_hz"].split(", "))
    # where it is told, somebody sings
    assert any(s.start_s < told.span.end_s and s.end_s > told.span.start_s for s in host().truth.vocal_spans)


def test_noise_is_no_hat():
    noise = Audio(0.1 * np.random.default_rng(3).standard_normal((2, 8 * 44100)).astype(np.float32), 44100)
    assert KINDS["hat-density"].detect(heard(noise, {}), standards()) == []


def test_one_channel_has_no_stereo_to_fault():
    mono = Audio(host().mix.samples[:1], host().mix.rate_hz)
    kinds = {f.kind for f in found(heard(mono, {}))}
    assert not kinds & {"side-highs", "mono-fold", "stereo-balance", "stereo-drift"}


@pytest.mark.parametrize("frames", [0, 500, 60000])
def test_silent_stems_upset_nothing(frames):
    silence = Audio(np.zeros((2, frames), dtype=np.float32), 44100)
    stems = dict.fromkeys(("kick", "snare", "hats", "vocals", "drums"), silence)
    assert found(heard(silence, stems)) == []


def test_what_a_codec_leaves_of_silence_is_no_voice():
    mix = host().mix
    rest = Audio(mix.samples - host().stems["vocals"].samples, mix.rate_hz)
    trace = np.random.default_rng(4).standard_normal(mix.samples.shape).astype(np.float32) * 1e-4
    stems = {**host().stems, "vocals": Audio(trace, mix.rate_hz)}
    for kind in ("sibilance", "voice-level", "masked-voice"):
        assert KINDS[kind].detect(heard(rest, stems), standards()) == []


def test_one_line_in_a_long_song_is_a_voice():
    mix = host().mix
    line = np.zeros_like(mix.samples)
    line[:, : mix.rate_hz // 2] = 0.03
    assert not only_a_trace(heard(mix, {"vocals": Audio(line, mix.rate_hz)}))
    assert only_a_trace(heard(mix, {"vocals": Audio(line / 100, mix.rate_hz)}))
    assert not only_a_trace(heard(mix, {}))
