"""The corridor's arithmetic, and the file that ships."""

from __future__ import annotations

import numpy as np
import pytest
from lab.corridor import (
    FIT,
    FLOOR_DB,
    FREQ_HZ,
    Master,
    aligned,
    corridor_of,
    inside_share,
    smoothed,
    weighted_quantile,
)
from lab.defects.balance import shipped_corridor

from tests.tolerances import FLOAT64, ROUNDED_HUNDREDTH


def masters(artists: int, tracks: int, spread_db: float) -> list[Master]:
    rng = np.random.default_rng(3)
    shape = np.linspace(8, -8, len(FREQ_HZ))
    return [
        Master(f"artist {a}", shape + spread_db * rng.standard_normal(len(FREQ_HZ)))
        for a in range(artists)
        for _ in range(tracks)
    ]


def test_a_quantile_weighs_its_values():
    values = np.array([1.0, 2.0, 3.0])
    assert weighted_quantile(values, np.ones(3), 0.5) == 2.0
    assert weighted_quantile(values, np.array([1.0, 1.0, 10.0]), 0.5) > 2.5
    assert weighted_quantile(values, np.ones(3), 0.0) == 1.0


def test_level_is_taken_out_before_anything_is_compared():
    plain = masters(6, 2, 2.0)
    shifted = [Master(m.artist, m.levels_db + 7 * i) for i, m in enumerate(plain)]
    for a, b in zip(aligned(plain), aligned(shifted), strict=True):
        spread = np.ptp(a.levels_db - b.levels_db)
        assert spread == pytest.approx(0.0, abs=1e3 * FLOAT64)


def test_the_corridor_holds_its_median_and_is_never_narrower_than_its_floor():
    narrow = corridor_of(masters(8, 3, 0.1))
    assert np.allclose(narrow.high_db - narrow.median_db, FLOOR_DB)
    assert np.allclose(narrow.median_db - narrow.low_db, FLOOR_DB)
    wide = corridor_of(masters(8, 3, 4.0))
    assert np.mean(wide.high_db - wide.low_db) > 8
    assert np.mean(wide.median_db[FIT]) == pytest.approx(0.0, abs=1e3 * FLOAT64)
    assert (wide.tracks, wide.artists) == (24, 8)


def test_artists_left_out_fall_inside_about_as_often_as_the_tails_say():
    # 10 % and 90 % points, widened for few artists: a little more than 80 %
    assert 0.75 < inside_share(masters(8, 3, 3.0)) < 0.95


def test_an_artist_with_many_tracks_does_not_outvote_the_others():
    few = masters(6, 1, 1.0)
    loud = [Master("prolific", np.linspace(-8, 8, len(FREQ_HZ)))]
    once, often = corridor_of(few + loud), corridor_of(few + 9 * loud)
    assert np.allclose(once.median_db, often.median_db, atol=1.0)


def test_smoothing_keeps_the_ends_and_a_straight_line():
    line = np.linspace(0, 5, 29)
    assert np.allclose(smoothed(line), line)


def test_the_shipped_corridor_is_whole():
    shipped = shipped_corridor()
    assert shipped["freq_hz"].tolist() == list(FREQ_HZ)
    assert np.all(shipped["low_db"] <= shipped["median_db"] - FLOOR_DB + ROUNDED_HUNDREDTH)
    assert np.all(shipped["high_db"] >= shipped["median_db"] + FLOOR_DB - ROUNDED_HUNDREDTH)
    assert np.mean(shipped["median_db"][FIT]) == pytest.approx(0.0, abs=ROUNDED_HUNDREDTH)
