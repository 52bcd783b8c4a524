"""Laws of the level's arc and of the late part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlroom.music.arc import STOCK_ARCS, dynamic_arc, late_highs_loss_db
from tests import tolerances as tol

BLOCK_S = 0.01
HZ = 20.0 * 2.0 ** (np.arange(30) / 3.0)


def power_of(levels_db, seconds=60.0):
    count = round(seconds / BLOCK_S)
    places = np.linspace(0, len(levels_db) - 1, count)
    return 10 ** (np.interp(places, np.arange(len(levels_db)), levels_db) / 10)


def test_a_steady_level_has_no_spread_and_a_ramp_has_its_own():
    assert dynamic_arc(power_of([-10.0, -10.0]), BLOCK_S).spread_db == pytest.approx(0.0, abs=tol.FLOAT32)
    ramp = dynamic_arc(power_of([-12.0, 0.0]), BLOCK_S)
    # 85 % of the middle 87 % of 12 dB
    assert ramp.spread_db == pytest.approx(12.0 * 0.85 * 0.87, abs=0.6)
    assert ramp.stock == "rising"
    assert ramp.peak_at_share == 1.0


@given(gain_db=st.floats(-40.0, 20.0))
def test_the_arc_does_not_know_how_loud_a_song_is(gain_db):
    power = power_of([-20.0, -14.0, -18.0, -10.0, -16.0])
    before, after = dynamic_arc(power, BLOCK_S), dynamic_arc(power * 10 ** (gain_db / 10), BLOCK_S)
    assert after.spread_db == pytest.approx(before.spread_db, abs=tol.FLOAT32)
    assert after.stock == before.stock


@pytest.mark.parametrize("name", STOCK_ARCS)
def test_a_stock_arc_is_known_again(name):
    shape = STOCK_ARCS[name]
    # the arc is read from 3 to 90 % of the music: the shape is laid there, its ends held
    places = np.clip((np.linspace(0.0, 1.0, 400) - 0.03) / 0.87, 0.0, 1.0)
    laid = np.interp(places, np.linspace(0.0, 1.0, shape.size), 8.0 * shape / np.ptp(shape))
    arc = dynamic_arc(power_of(laid, 240.0), BLOCK_S)
    assert arc.stock == name
    assert arc.stock_share > 0.8


@pytest.mark.parametrize("power", [np.zeros(9000), np.ones(1000), np.zeros(0)])
def test_silence_and_short_sounds_have_no_arc(power):
    assert dynamic_arc(power, BLOCK_S) is None


def frames(seed=3, count=800):
    rng = np.random.default_rng(seed)
    low = rng.choice([0.0, 8.0, 14.0], size=(count, 1))
    level = low + rng.standard_normal((count, HZ.size)) - 0.3 * np.arange(HZ.size)
    return 10 ** (level / 10), np.arange(count) * 0.125


@pytest.mark.parametrize("loss_db", [0.0, 6.0, 12.0])
def test_what_a_late_shelf_takes_is_what_is_read(loss_db):
    bands, times = frames()
    cut = bands.copy()
    cut[np.ix_(times > 66.0, HZ >= 5000.0)] *= 10 ** (-loss_db / 10)
    clean = late_highs_loss_db(bands, HZ, times, 100.0)
    assert abs(clean) < 1.0
    assert late_highs_loss_db(cut, HZ, times, 100.0) - clean == pytest.approx(loss_db, abs=tol.FLOAT32)


def test_a_louder_ending_is_no_loss_of_highs():
    bands, times = frames()
    assert late_highs_loss_db(4.0 * bands, HZ, times, 100.0) == pytest.approx(
        late_highs_loss_db(bands, HZ, times, 100.0), abs=tol.FLOAT32
    )
    assert late_highs_loss_db(bands, HZ, times, 20.0) == 0.0
    assert late_highs_loss_db(np.zeros_like(bands), HZ, times, 100.0) == 0.0
