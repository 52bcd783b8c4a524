import numpy as np
import pytest

from controlroom.dsp.spectrum import decibels
from controlroom.dsp.stroke_gain import LEAD_S, StrokeShape, stroke_gain
from tests import tolerances as tol

RATE = 44100
SHAPE = StrokeShape(-4.0, 0.01, 6.0, 0.015, -3.0, 0.15)
ONSETS = np.array([3000, 20000, 22205, 60000])


def gain_db(gain):
    return decibels(np.square(gain, dtype=float))


def test_the_curve_is_anchored_to_the_first_sample():
    gain = gain_db(stroke_gain(ONSETS, SHAPE, RATE).over(0, 80000))
    for onset in (3000, 60000):
        assert gain[onset] == pytest.approx(6.0, abs=tol.FLOAT32 * 100)
        assert gain[onset - round(LEAD_S * RATE) - 4] == pytest.approx(-4.0, abs=0.1)
        assert gain[onset + round(0.1 * RATE)] == pytest.approx(-3.0, abs=tol.FLOAT32 * 100)
        assert gain[onset + round(0.3 * RATE)] == 0.0


def test_a_stretch_is_the_stretch_of_the_whole():
    made = stroke_gain(ONSETS, SHAPE, RATE)
    whole = made.over(-2000, 90000)
    for start, frames in ((-500, 4000), (2999, 2), (19000, 5000), (59990, 20)):
        assert np.array_equal(made.over(start, frames), whole[start + 2000 : start + 2000 + frames])


def test_between_strokes_nothing_is_done():
    made = stroke_gain(ONSETS, SHAPE, RATE)
    assert made.over(35000, 10000) is None
    assert stroke_gain(np.zeros(0, dtype=np.int64), SHAPE, RATE).over(0, 100) is None


def test_one_stroke_lets_go_before_the_next_without_a_step():
    gain = gain_db(stroke_gain(ONSETS, SHAPE, RATE).over(0, 80000))
    assert np.max(np.abs(np.diff(gain))) < STEEPEST_DB
    assert np.max(gain) <= 6.0 + tol.FLOAT32 * 100


STEEPEST_DB = 0.3
"""10 dB of a raised cosine in 1.5 ms (66 frames) at its steepest: 10·π/2/66."""


def test_neutral_gains_are_one():
    flat = StrokeShape(0.0, 0.0, 0.0, 0.015, 0.0, 0.15)
    assert np.all(stroke_gain(ONSETS, flat, RATE).over(0, 80000) == 1.0)
