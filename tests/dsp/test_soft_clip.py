from __future__ import annotations

import numpy as np

from controlroom.dsp.limiter import LimiterSettings, limit
from controlroom.dsp.soft_clip import CHUNK_FRAMES, KNEE_DB, clip_curve, soft_clip
from controlroom.dsp.true_peak import to_dbtp, true_peak_reference
from tests.tolerances import FLOAT32, LIMITER_OVERSHOOT_DB


def noise(level: float, frames: int = 9600):
    return np.random.default_rng(0).normal(0, level, (2, frames)).astype(np.float32)


def test_under_the_knee_the_sound_comes_back_bit_for_bit():
    quiet = noise(0.05)
    np.testing.assert_array_equal(soft_clip(quiet, 0.0), quiet)


def test_far_from_a_top_nothing_changes():
    sound = noise(0.02)
    sound[:, 5000] = 1.5
    changed = np.flatnonzero(np.any(soft_clip(sound, 0.0) != sound, axis=0))
    assert changed.size
    assert changed.min() > 4800
    assert changed.max() < 5200


def test_the_curve_is_odd_rises_and_never_passes_its_saturation():
    x = np.linspace(-4, 4, 4001)
    y = clip_curve(x, 0.8)
    np.testing.assert_allclose(y, -y[::-1], atol=FLOAT32)
    assert np.all(np.diff(y) >= 0)
    assert np.abs(y).max() <= 0.8
    straight = np.abs(x) < 0.8 * 10 ** (-KNEE_DB / 20)
    np.testing.assert_array_equal(y[straight], x[straight])


def test_chunks_leave_no_seam():
    long = noise(0.4, CHUNK_FRAMES + 4000)
    start = CHUNK_FRAMES - 2000
    np.testing.assert_allclose(
        soft_clip(long, 0.0)[:, start + 500 : start + 3500],
        soft_clip(long[:, start:], 0.0)[:, 500:3500],
        atol=FLOAT32,
    )


def test_before_the_limiter_it_leaves_less_to_hold_and_the_ceiling_holds():
    loud = noise(0.5)
    knobs = LimiterSettings(clip_above_db=2.0)
    made = limit(loud, 48000, knobs, 3.0)
    assert to_dbtp(true_peak_reference(made, 32)) <= knobs.ceiling_dbtp + LIMITER_OVERSHOOT_DB
    assert not np.array_equal(made, limit(loud, 48000, LimiterSettings(), 3.0))


def test_off_by_default():
    assert LimiterSettings().clip_above_db is None
