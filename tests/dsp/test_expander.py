import numpy as np
import pytest

from controlroom.dsp.expander import GateShape, gate_reduction_db, open_times

HOP_S = 0.003
SHAPE = GateShape(-20.0, 6.0, 24.0, 0.03, 0.06, 0.3)


def level(bleed_db=-50.0):
    """A stroke of 90 ms each second, over bleed."""
    out = np.full(3333, bleed_db)
    for start in range(333, 3000, 333):
        out[start : start + 30] = -6.0 - 0.5 * np.arange(30)
    return out


def test_it_is_open_for_strokes_and_down_by_its_range_between():
    gain = gate_reduction_db(level(), HOP_S, SHAPE)
    for start in range(333, 3000, 333):
        assert np.all(gain[start - 1 : start + 30] == 0.0)
        assert gain[start + 200] == pytest.approx(24.0)
    assert gain.max() <= 24.0


def test_it_opens_before_a_stroke_and_closes_slowly_after():
    gain = gate_reduction_db(level(), HOP_S, SHAPE)
    opening = gain[333 - 12 : 333]
    assert opening[0] == pytest.approx(24.0)
    assert np.all(np.diff(opening) <= 0.0)
    closing = gain[363 : 363 + 140]
    assert np.all(closing[: round(0.06 / HOP_S)] == 0.0)
    assert np.max(np.diff(closing)) <= 24.0 * HOP_S / 0.3 * 1.01


def test_bleed_that_reaches_the_closing_level_only_does_not_open_it():
    under = np.array([-40.0, -23.0, -23.0, -40.0, -23.0, -19.0, -23.0, -40.0])
    assert open_times(under, SHAPE).tolist() == [False] * 4 + [True] * 3 + [False]


def test_bleed_just_under_it_is_left_and_the_gain_of_the_sound_does_not_matter():
    near = gate_reduction_db(level(-32.0), HOP_S, SHAPE)
    assert near.max() < 1.0
    assert np.allclose(
        gate_reduction_db(level() - 17.0, HOP_S, SHAPE), gate_reduction_db(level(), HOP_S, SHAPE)
    )


def test_silence_and_nothing():
    assert not gate_reduction_db(np.full(100, -200.0), HOP_S, SHAPE).any()
    assert gate_reduction_db(np.zeros(0), HOP_S, SHAPE).size == 0
    assert not gate_reduction_db(np.full(100, -20.0), HOP_S, SHAPE).any()
