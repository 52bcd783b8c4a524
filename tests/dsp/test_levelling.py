"""Slow gains: one level for every phrase, nothing quick, nothing raised in silence."""

import numpy as np

from controlroom.dsp.levelling import LevellingTimes, at_nodes, curve_of_frames, levelled_db
from tests import tolerances as tol

HOP_S = 0.02
TIMES = LevellingTimes(window_s=2.0, gap_s=0.3, lead_s=0.5)


def phrases(levels_db, sung=100, silent=100):
    power = np.concatenate([np.r_[np.full(sung, 10 ** (db / 10)), np.full(silent, 1e-9)] for db in levels_db])
    return power, power > 1e-6


def test_each_phrase_gets_the_gain_to_the_median():
    power, sounds = phrases([-20.0, -14.0, -26.0])
    gain = levelled_db(power, sounds, HOP_S, TIMES)
    for number, expected in enumerate((0.0, -6.0, 6.0)):
        inside = slice(200 * number, 200 * number + 100)
        assert np.allclose(gain[inside], expected, atol=tol.RUNNING_SUM_DB)


def test_far_from_any_sound_nothing_is_raised():
    power, sounds = phrases([-20.0, -14.0, -26.0])
    gain = levelled_db(power, sounds, HOP_S, TIMES)
    assert np.all(gain[330:370] <= 0.0)
    assert np.all(gain[550:] <= 0.0)
    assert gain[500 + 10] > 0.0


def test_silence_asks_for_nothing():
    assert not levelled_db(np.zeros(50), np.zeros(50, dtype=bool), HOP_S, TIMES).any()
    assert at_nodes(np.zeros(0), HOP_S, np.arange(5) * 0.01, 0.1).shape == (5,)


def test_a_curve_is_there_when_it_is_asked_for_and_keeps_its_height():
    frames = np.zeros((200, 2))
    frames[80:120, 1] = 4.0
    curve = curve_of_frames(frames, HOP_S, 0.005, 0.1, 0.2)
    at = (np.arange(80, 120) + 1) * HOP_S
    assert np.allclose(
        np.interp(at, np.arange(len(curve)) * 0.005, curve[:, 1]), 4.0, atol=tol.RUNNING_SUM_DB
    )
    assert not curve[:, 0].any()
    assert curve.min() >= -tol.RUNNING_SUM_DB
