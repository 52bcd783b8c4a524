import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.dsp.equaliser import (
    SUM_GRID_HZ,
    EqLimits,
    Target,
    fit_bands,
    summed_curve_db,
)
from controlroom.dsp.spectrum import NOMINAL_HZ, outside_db
from tests import tolerances as tol

FREQ = np.array([f for f in NOMINAL_HZ if 40 <= f <= 12500])
LIMITS = EqLimits(max_bands=3, max_q=1.5, max_sum_db=3.0, min_gain_db=0.5)


def target(residual):
    return Target(FREQ, np.asarray(residual, dtype=float), np.full(FREQ.size, -3.0), np.full(FREQ.size, 3.0))


def outside_after(residual, bands):
    moved = residual + summed_curve_db(bands, FREQ)
    return np.abs(outside_db(moved - np.median(moved), np.full(FREQ.size, -3.0), np.full(FREQ.size, 3.0)))


residuals = st.lists(st.floats(-9, 9), min_size=5, max_size=9).map(
    # smooth, as balances are: a few points, interpolated over the octaves
    lambda points: np.interp(np.linspace(0, 1, FREQ.size), np.linspace(0, 1, len(points)), points)
)


@settings(max_examples=40, deadline=None)
@given(residuals)
def test_bands_keep_to_their_limits_and_do_no_harm(residual):
    residual = residual - np.median(residual)
    bands = fit_bands(target(residual), LIMITS)
    assert len(bands) <= 3
    assert all(band.q <= LIMITS.max_q and abs(band.gain_db) >= LIMITS.min_gain_db for band in bands)
    assert np.max(np.abs(summed_curve_db(bands, SUM_GRID_HZ))) <= LIMITS.max_sum_db + tol.FLOAT32
    before = np.abs(outside_db(residual, np.full(FREQ.size, -3.0), np.full(FREQ.size, 3.0)))
    after = outside_after(residual, bands)
    assert np.sum(after**2) <= np.sum(before**2) + tol.FLOAT64
    assert np.max(after - before) <= tol.OUTSIDE_DB + tol.FLOAT32
    assert not bands or np.sum(after) < np.sum(before)


def test_what_lies_inside_is_left_alone():
    assert fit_bands(target(np.linspace(-2.9, 2.9, FREQ.size)), LIMITS) == ()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_bump_is_answered_by_one_band_there(sign):
    residual = sign * 5.0 * np.exp(-0.5 * (np.log2(FREQ / 250.0) / 0.7) ** 2)
    (band,) = fit_bands(target(residual), LIMITS)
    assert 160.0 <= band.freq_hz <= 400.0
    assert np.sign(band.gain_db) == -sign
    assert np.max(outside_after(residual, [band])) < tol.OUTSIDE_DB


def test_a_dark_top_is_answered_by_a_high_boost():
    residual = np.where(FREQ > 3000.0, -4.5, 0.0)
    bands = fit_bands(target(residual), LIMITS)
    curve = summed_curve_db(bands, FREQ)
    assert np.all(curve[FREQ > 5000.0] > 1.0)
    assert np.all(np.abs(curve[FREQ < 500.0]) < 0.5)
