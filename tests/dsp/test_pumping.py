"""What dies away through the beat falls, what is held stays, what is ducked rises."""

import numpy as np
import pytest

from controlroom.dsp.masking import erb_levels
from controlroom.dsp.pumping import LEAST_BEATS, NO_RISE_DB, beat_rise_db, swell_db
from tests import tolerances as tol

RATE_HZ = 44100
BEAT_S, BEATS = 0.5, 24
GRID_S = 0.1 + BEAT_S * np.arange(BEATS)
AT_S = np.arange(round((BEATS * BEAT_S + 0.5) * RATE_HZ)) / RATE_HZ
PHASE = ((AT_S - 0.1) / BEAT_S) % 1.0


def held():
    return 0.1 * np.random.default_rng(2).standard_normal(AT_S.size)


def read(sound, grid_s=GRID_S):
    return beat_rise_db(erb_levels(sound[None].astype(np.float32), RATE_HZ), grid_s)


def ducked(sound, depth_db):
    return sound * 10 ** (-depth_db * np.cos(np.pi / 2 * np.minimum(PHASE / 0.85, 1.0)) / 20)


def test_what_is_held_neither_rises_nor_falls():
    assert read(held()) == pytest.approx(0.0, abs=tol.REFRAMED_DB)


def test_what_is_struck_falls():
    assert read(held() * np.exp(-3 * PHASE)) < -2.0


@pytest.mark.parametrize("shape", [np.ones_like(PHASE), np.exp(-1.5 * PHASE)])
def test_a_deeper_duck_reads_higher(shape):
    values = [read(ducked(held() * shape, depth_db)) for depth_db in (0.0, 3.0, 6.0, 10.0)]
    assert np.diff(values).min() > -tol.SWELL_OF_NOISE_DB
    assert values[-1] > 0.1
    assert values[0] < tol.SWELL_OF_NOISE_DB


def swell(sound, grid_s=GRID_S):
    return swell_db(erb_levels(sound[None].astype(np.float32), RATE_HZ), grid_s)


def test_strokes_are_no_swell():
    rng = np.random.default_rng(5)
    offbeat = 0.5 * rng.standard_normal(AT_S.size) * np.exp(-8 * ((PHASE + 0.5) % 1.0))
    assert swell(offbeat + 0.001 * held()) < 0.0


@pytest.mark.parametrize("grid_s", [GRID_S, GRID_S + BEAT_S / 2, np.sort(np.r_[GRID_S, GRID_S + BEAT_S / 2])])
def test_a_duck_is_read_where_the_beats_were_heard_half_off_or_doubled(grid_s):
    assert read(ducked(held(), 10.0), grid_s) > 1.0
    assert read(held(), grid_s) < tol.SWELL_OF_NOISE_DB


@pytest.mark.parametrize("count", [0, 1, LEAST_BEATS // 2])
def test_few_beats_swell_nowhere(count):
    assert swell(held(), GRID_S[:count]) == NO_RISE_DB


def test_gain_changes_nothing():
    sound = ducked(held(), 8.0)
    assert read(0.25 * sound) == pytest.approx(read(sound), abs=tol.BAND_LEVEL_DB)


@pytest.mark.parametrize("count", [0, 1, LEAST_BEATS])
def test_too_few_beats_tell_nothing(count):
    assert read(held(), GRID_S[:count]) == NO_RISE_DB


def test_silence_does_not_upset_it():
    assert read(np.zeros_like(PHASE)) in (NO_RISE_DB, 0.0)
