"""Room for the voice: only while it sings, only where it is covered, and no deeper than asked."""

from functools import cache

import numpy as np
import pytest

from controlroom.detectors.masked_voice import MaskedVoiceDetector
from controlroom.dsp.spectrum import band_spectra, decibels
from controlroom.engine.desk import render_stage
from controlroom.engine.trial import Trial
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.carve import NODE_S, Carve
from tests import tolerances as tol
from tests.detectors.sounds import noise, standards
from tests.processors.songs import alone

RATE_HZ = 32000
SECONDS = 12.0
SUNG_S, SILENT_S = (3.0, 6.0), (7.0, 8.5)
OVER_BACKING = "voice.over_backing_db"


@cache
def song(voice_db=-9.0):
    """Pink backing all through, and a voice of pink noise that sings half of every six seconds."""
    at_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    gate = np.clip(10.0 * (np.minimum(at_s % 6.0 - 3.0, 6.0 - at_s % 6.0)), 0.0, 1.0)
    rows = [noise(SECONDS, RATE_HZ, seed) for seed in (1, 2, 3)]
    voice = Audio((rows[0] * gate * 10 ** (voice_db / 20)).astype(np.float32).repeat(2, axis=0), RATE_HZ)
    backing = Audio(np.concatenate([rows[1] + 0.5 * rows[2], rows[1] - 0.5 * rows[2]]), RATE_HZ)
    mix = Audio(voice.samples + backing.samples, RATE_HZ)
    return Listening(mix, stems={"vocals": Listening(voice), "accompaniment": Listening(backing)})


def carved(carve, sound):
    return alone(carve, sound.part("accompaniment").beside(sound.stems))


def between(audio, span_s):
    return audio.samples[:, round(span_s[0] * RATE_HZ) : round(span_s[1] * RATE_HZ)]


def moved_db(sound, after, span_s):
    """Return the change of each third octave within a stretch, with the bands' nominal frequencies."""
    spectra = [band_spectra(between(a, span_s), RATE_HZ) for a in (sound.stems["accompaniment"].audio, after)]
    levels = [decibels((s.mid + s.side).mean(axis=0)) for s in spectra]
    return spectra[0].nominal_hz, levels[1] - levels[0]


def offers(sound):
    (finding,) = MaskedVoiceDetector().detect(sound, standards())
    return Carve.propose(finding, Trial(sound, standards()))


def test_covered_bands_go_down_by_the_depth_and_the_others_stay():
    hz, change = moved_db(song(), carved(Carve(depth_db=4.0), song()), (4.0, 5.5))
    inside = (hz >= 1250.0) & (hz <= 3150.0)
    assert np.all(np.abs(change[inside] + 4.0) < tol.CARVED_DB)
    assert np.all(np.abs(change[(hz <= 630.0) | (hz >= 6300.0)]) < tol.FIR_DB)


def test_while_the_voice_is_silent_not_a_bit_moves():
    after = carved(Carve(depth_db=6.0), song())
    before = song().stems["accompaniment"].audio
    peak = np.abs(before.samples).max()  # the tolerance is that of samples near 1
    assert np.abs(between(after, SILENT_S) - between(before, SILENT_S)).max() < tol.FFT_FILTER * peak
    assert not np.allclose(between(after, SUNG_S), between(before, SUNG_S), atol=0.01)


def test_a_voice_that_is_clear_asks_for_nothing():
    clear = song(voice_db=40.0)
    after = carved(Carve(depth_db=6.0), clear)
    assert np.allclose(after.samples, clear.stems["accompaniment"].audio.samples, atol=tol.FFT_FILTER)


def test_without_a_voice_it_does_nothing():
    backing = song().stems["accompaniment"]
    assert np.array_equal(alone(Carve(depth_db=6.0), backing).samples, backing.audio.samples)


def test_it_does_not_pump():
    state = Carve(depth_db=6.0).prepare(song().part("accompaniment").beside(song().stems))
    gain = (1.0 - state.cuts.cut) * np.hanning(len(state.cuts.cut))[:, None]
    lines = decibels(np.abs(np.fft.rfft(gain, axis=0)) ** 2) - decibels(gain.sum(axis=0) ** 2 / 4.0)
    quick = np.fft.rfftfreq(len(gain), NODE_S) > 12.0
    assert np.max(lines[quick]) < tol.PUMPING_DB


def test_the_voice_sets_the_place_and_not_the_level_of_the_song():
    louder = Listening(
        Audio(4.0 * song().audio.samples, RATE_HZ),
        stems={
            role: Listening(Audio(4.0 * stem.audio.samples, RATE_HZ)) for role, stem in song().stems.items()
        },
    )
    one, four = (carved(Carve(depth_db=4.0), s).samples for s in (song(), louder))
    assert np.allclose(4.0 * one, four, atol=4.0 * tol.FFT_FILTER)


def test_what_is_proposed_makes_the_room_that_it_claims():
    sound = song()
    (offer,) = offers(sound)
    (claim,) = offer.claims
    assert offer.part == "accompaniment"
    assert claim.on == "song"
    result = render_stage(sound, [offer.processor.step(offer.part)], Context()).sound
    reached = measure(result, OVER_BACKING, standards())
    assert claim.holds(reached)
    assert reached >= claim.before + standards().number("carve.gain_db") - tol.FORECAST_DB
    assert np.array_equal(result.stems["vocals"].audio.samples, sound.stems["vocals"].audio.samples)
    hz, change = moved_db(sound, result.stems["accompaniment"].audio, (0.0, SECONDS))
    bound = standards().number("carve.max_tone_move_db") + tol.FORECAST_DB
    assert np.max(np.abs(change[hz >= 200.0])) < bound


def test_a_deeper_wish_is_held_by_what_the_tone_may_lose():
    deep = song(voice_db=-16.0)
    (offer,) = offers(deep)
    limit = standards().overlaid({"carve.max_tone_move_db": 0.3}, "test")
    (finding,) = MaskedVoiceDetector().detect(deep, standards())
    assert offer.processor.depth_db > 2.0
    assert Carve.propose(finding, Trial(deep, limit)) == []


def test_a_leaf_is_carved_where_there_is_no_whole_backing():
    sound = song()
    backing = sound.stems["accompaniment"].audio
    parts = {
        "vocals": sound.stems["vocals"],
        "guitar": Listening(Audio(0.7 * backing.samples, RATE_HZ)),
        "keyboard": Listening(Audio(0.3 * backing.samples, RATE_HZ)),
    }
    (offer,) = offers(Listening(sound.audio, stems=parts))
    assert offer.part == "guitar"


def test_nothing_is_proposed_for_a_voice_that_no_stem_shows():
    (finding,) = MaskedVoiceDetector().detect(song(), standards())
    assert Carve.propose(finding, Trial(Listening(song().audio), standards())) == []


@pytest.mark.parametrize("role", ["accompaniment", "mix"])
def test_the_trial_lays_the_change_over_the_mix(role):
    after = Trial(song(), standards()).after(Carve(depth_db=3.0), role)
    change = after.audio.samples - song().audio.samples
    own = after.part(role).audio.samples - song().part(role).audio.samples
    assert np.allclose(change, own, atol=tol.FLOAT32)
