import numpy as np
import pytest

from controlroom.dsp.gain_lane import GainLane, node_times, node_width
from tests import tolerances as tol

RNG = np.random.default_rng(5)
LANE = GainLane((-6.0 * RNG.random(200)).astype(np.float32), 44)


@pytest.mark.parametrize("start,frames", [(-100, 300), (0, 8800), (4321, 1), (8700, 400), (20000, 50)])
def test_a_stretch_is_the_stretch_of_the_whole(start, frames):
    whole = LANE.over(-1000, 30000)
    assert np.array_equal(LANE.over(start, frames), whole[start + 1000 : start + 1000 + frames])


def test_it_stays_within_its_nodes_and_has_no_steps():
    gain = LANE.over(0, 8800)
    nodes = 10.0 ** (LANE.nodes_db / 20.0)
    assert nodes.min() - tol.FLOAT32 <= gain.min()
    assert gain.max() <= nodes.max() + tol.FLOAT32
    assert np.max(np.abs(np.diff(gain))) <= np.ptp(nodes) / LANE.width_frames + tol.FLOAT32


def test_a_level_lane_is_its_gain_exactly():
    assert np.all(GainLane(np.zeros(9, dtype=np.float32), 44).over(-50, 900) == 1.0)
    assert np.all(GainLane(np.zeros(0, dtype=np.float32), 44).over(0, 10) == 1.0)
    assert GainLane(np.zeros(9, dtype=np.float32), 44).over(3, 0).size == 0


def test_nodes_stand_in_the_middle_of_their_frames():
    assert node_width(44100) == 44
    assert np.allclose(node_times(100, 44, 44100) * 44100, [22.0, 66.0, 110.0], atol=tol.FLOAT32)
