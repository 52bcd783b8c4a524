"""Hands that a person takes to bass and stems: even notes, a way for the kick, overtones, fader and bands."""

from functools import cache

import numpy as np
import pytest

from controlroom.dsp.saturate import drive_curve, saturated
from controlroom.dsp.spectrum import decibels
from controlroom.engine.desk import run_step
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.bass_consistency import BassConsistency
from controlroom.processors.form import all_processors
from controlroom.processors.level import Level
from controlroom.processors.saturation import Saturation
from controlroom.processors.sidechain import Sidechain
from controlroom.processors.stem_eq import StemEq
from controlroom.processors.tone import Tone
from tests import tolerances as tol
from tests.detectors.sounds import clean, standards

RATE_HZ = 22050
SECONDS = 16.0
BEAT_S = 0.5
RANGE = "level.note_range_db"


def at_s():
    return np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ


@cache
def bass(step_db=6.0):
    """Notes of half a second, every second one softer; a line at 60 Hz with overtones."""
    t = at_s()
    into = t % BEAT_S
    notes = np.clip(100.0 * np.minimum(into, BEAT_S - 0.02 - into), 0.0, 1.0) * np.exp(-into)
    level = np.where((t // BEAT_S) % 2 == 1, 10 ** (-step_db / 20), 1.0)
    wave = sum(np.sin(2 * np.pi * 60.0 * k * t) / k**2 for k in (1, 2, 3, 5))
    return Audio((0.2 * wave * notes * level)[None].astype(np.float32), RATE_HZ)


@cache
def kick():
    into = at_s() % 1.0 - 0.25
    on = into >= 0.0
    wave = on * np.sin(2 * np.pi * 55.0 * into) * np.exp(-np.maximum(into, 0.0) / 0.06)
    return Audio(wave[None].astype(np.float32), RATE_HZ)


def run(processor, audio, stems=None):
    beside = {role: Listening(stem) for role, stem in (stems or {}).items()}
    return run_step(Listening(audio, stems=beside), processor.step("bass"), Context()).audio


def level_db(audio, start_s, end_s):
    part = audio.samples[:, int(start_s * RATE_HZ) : int(end_s * RATE_HZ)].astype(float)
    return float(decibels(np.mean(part**2)))


def test_notes_come_to_one_level_and_keep_their_decay():
    after = run(BassConsistency(amount=1.0, boost_db=6.0, speed_ms=100.0), bass())
    before, now = (measure(Listening(a), RANGE, standards()) for a in (bass(), after))
    assert before > 4.0
    assert now < 0.4 * before
    decay = [level_db(a, 4.1, 4.2) - level_db(a, 4.3, 4.4) for a in (bass(), after)]
    assert abs(decay[1] - decay[0]) < DECAY_DB


DECAY_DB = 1.5
"""A note's own decay of some dB may be followed a little by a gain that moves within a tenth of a second."""


def test_even_notes_stay():
    even = bass(0.0)
    after = run(BassConsistency(amount=1.0), even)
    change = after.samples.astype(float) - even.samples
    assert decibels(np.mean(change**2) / np.mean(even.samples.astype(float) ** 2)) < -30.0


def test_the_low_band_ducks_under_the_kick_and_comes_back():
    after = run(Sidechain(depth_db=9.0, below_hz=150.0, release_ms=40.0), bass(0.0), {"kick": kick()})
    duck, between = (
        level_db(after, a, b) - level_db(bass(0.0), a, b) for a, b in ((4.26, 4.29), (4.6, 4.95))
    )
    assert duck < -6.0
    assert between > -0.5


def test_all_of_it_ducks_where_that_is_asked_and_the_gain_is_down_when_the_stroke_comes():
    steady = Audio((0.1 * np.sin(2 * np.pi * 1000.0 * at_s()))[None].astype(np.float32), RATE_HZ)
    after = run(Sidechain(depth_db=9.0, below_hz=20000.0, attack_ms=10.0), steady, {"kick": kick()})
    assert level_db(after, 4.25, 4.262) - level_db(steady, 4.25, 4.262) < -5.0
    assert abs(level_db(after, 4.1, 4.2) - level_db(steady, 4.1, 4.2)) < 0.5


def test_soft_strokes_duck_less():
    soft = Audio(kick().samples * np.where(at_s() % 2.0 > 1.0, 0.25, 1.0).astype(np.float32), RATE_HZ)
    after = run(Sidechain(depth_db=12.0, release_ms=40.0), bass(0.0), {"kick": soft})
    full, less = (level_db(after, s, s + 0.03) - level_db(bass(0.0), s, s + 0.03) for s in (4.26, 5.26))
    assert full < less - 3.0


def test_without_a_kick_nothing_ducks():
    assert np.array_equal(run(Sidechain(depth_db=9.0), bass()).samples, bass().samples)


@pytest.mark.parametrize("drive_db", [6.0, 15.0])
def test_overtones_come_without_level(drive_db):
    after = run(Saturation(drive_db=drive_db), bass())
    assert abs(level_db(after, 0.0, SECONDS) - level_db(bass(), 0.0, SECONDS)) < tol.CARVED_DB
    hz = np.fft.rfftfreq(after.frames, 1 / RATE_HZ)
    spectra = [np.abs(np.fft.rfft(a.samples[0].astype(float))) ** 2 for a in (bass(), after)]
    new = (hz > 400.0) & (hz < 3000.0)
    assert spectra[1][new].sum() > 2.0 * spectra[0][new].sum()


def test_a_curve_is_straight_at_zero_and_never_rises():
    wave = np.linspace(-1.0, 1.0, 1001)
    assert np.array_equal(drive_curve(wave, 0.0, 0.5), wave)
    bent = drive_curve(wave, 3.0, 0.5)
    assert np.all(np.diff(bent) > 0.0)
    assert np.all(np.abs(bent) <= np.abs(wave) + tol.FLOAT64)
    assert np.allclose(bent, -bent[::-1], atol=tol.FLOAT64)


def test_what_folds_back_is_inaudible():
    rate_hz = 44100
    tone = 0.5 * np.sin(2 * np.pi * 5000.0 * np.arange(rate_hz) / rate_hz)[None]
    added = saturated(tone.astype(np.float32), rate_hz, 3.0, 0.5)[0]
    lines = decibels(np.abs(np.fft.rfft(added * np.hanning(rate_hz))) ** 2)
    lines -= lines.max()
    for hz in (5000, 15000):
        lines[hz - 20 : hz + 21] = -200.0
    assert lines.max() < ALIAS_DB


ALIAS_DB = -80.0


def test_the_fader_and_the_bands_are_those_of_the_mix():
    low = run_step(Listening(clean()), Level(gain_db=-6.0).step("bass"), Context()).audio
    assert np.allclose(low.samples, clean().samples * 10 ** (-6 / 20), atol=tol.FLOAT32)
    knobs = {"band1_gain_db": 2.0, "band3_gain_db": -3.0}
    one, other = (run_step(Listening(clean()), p(**knobs).step(), Context()).audio for p in (Tone, StemEq))
    assert np.array_equal(one.samples, other.samples)


def test_what_is_taste_answers_no_finding():
    mine = ("bass_consistency", "level", "saturation", "sidechain", "stem_eq")
    assert all(all_processors()[name].answers == () for name in mine)
