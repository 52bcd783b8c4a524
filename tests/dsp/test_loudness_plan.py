from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from controlroom.dsp.limiter import LimiterSettings, apply_gain, limit, limiter_gain
from controlroom.dsp.loudness import measure
from controlroom.dsp.loudness_plan import Budgets, Plan, gain_for_target, plan
from controlroom.dsp.true_peak import to_dbtp, true_peak_reference
from controlroom.model.audio import Samples
from tests.tolerances import LIMITER_OVERSHOOT_DB, LOUDNESS_LU, PLAN_READING_DB

RATE_HZ = 32000
SECONDS = 8
MORE_LU = 0.3
DARK = signal.butter(4, 6000, fs=RATE_HZ, output="sos")


def drums(seed: int = 0, bed: float = 0.05) -> Samples:
    """Decaying hits over a bed of noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(SECONDS * RATE_HZ) / RATE_HZ
    hits = np.zeros_like(t)
    for start in np.arange(0.1, SECONDS - 0.5, 0.25 + 0.01 * seed):
        n = int(start * RATE_HZ)
        age = t[: t.size - n]
        hits[n:] += rng.uniform(0.5, 1.0) * np.exp(-age * 30) * np.sin(2 * np.pi * 70 * age)
    return np.stack([hits, hits]).astype(np.float32) + noise(seed, bed)


def noise(seed: int = 0, level: float = 0.2) -> Samples:
    white = np.random.default_rng(seed).normal(0, level, (2, SECONDS * RATE_HZ))
    return signal.sosfilt(DARK, white).astype(np.float32)


def dense(seed: int = 0) -> Samples:
    """Noise that was limited hard already: no room in its peaks."""
    return limit(noise(seed), RATE_HZ, LimiterSettings(ceiling_dbtp=-3.0), 12.0)


def scaled_to(samples: Samples, lufs: float) -> Samples:
    return samples * np.float32(10 ** ((lufs - measure(samples, RATE_HZ).integrated_lufs) / 20))


def rendered(samples: Samples, made: Plan) -> Samples:
    found = limiter_gain(samples, RATE_HZ, LimiterSettings(), made.gain_db)
    return apply_gain(samples, found.gain)


def crest_db(samples: Samples) -> float:
    return 20 * np.log10(np.abs(samples).max()) - 10 * np.log10(np.mean(samples.astype(np.float64) ** 2))


def reading(name: str, source: Samples, made: Plan) -> float:
    """One budget, read from the sound itself."""
    out = apply_gain(source, made.limiter.gain)
    span = slice(0, SECONDS * RATE_HZ)
    return {
        "reduction_p95_db": made.limiter.reduction.p95_db,
        "reduction_max_db": made.limiter.reduction.max_db,
        "psr_p5_db": -measure(out, RATE_HZ).psr_p5_db,
        "crest_loss_db": crest_db(source[:, span]) - crest_db(out[:, span]),
    }[name]


def limit_of(name: str, budgets: Budgets) -> float:
    return -budgets.psr_p5_db if name == "psr_p5_db" else getattr(budgets, name)


@pytest.mark.parametrize(
    "source", [drums(1), drums(2, 0.15), noise(3)], ids=["drums", "drums in noise", "noise"]
)
@pytest.mark.parametrize("own_lufs", [-24.0, -17.0])
def test_the_level_is_the_loudest_that_the_budgets_allow(source, own_lufs):
    budgets = Budgets(crest_window_s=float(SECONDS))
    take = scaled_to(source, own_lufs)
    made = plan(take, RATE_HZ, budgets)
    out = rendered(take, made)
    assert abs(measure(out, RATE_HZ).integrated_lufs - made.target_lufs) <= LOUDNESS_LU
    assert to_dbtp(true_peak_reference(out, 32)) <= -1.0 + LIMITER_OVERSHOOT_DB
    assert made.target_lufs <= budgets.loudest_lufs + LOUDNESS_LU
    assert not made.over_budget
    for name in ("reduction_p95_db", "reduction_max_db", "psr_p5_db", "crest_loss_db"):
        assert reading(name, take, made) <= limit_of(name, budgets) + PLAN_READING_DB
    if made.held_by is None:
        assert abs(made.target_lufs - budgets.loudest_lufs) <= LOUDNESS_LU
    else:
        more = gain_for_target(take, RATE_HZ, made.target_lufs + MORE_LU)
        assert reading(made.held_by, take, more) > limit_of(made.held_by, budgets)


@pytest.mark.parametrize(
    "name, tight",
    [("reduction_p95_db", 0.5), ("reduction_max_db", 1.0), ("psr_p5_db", 9.0), ("crest_loss_db", 0.4)],
)
def test_the_budget_that_is_tightened_is_the_one_that_holds(name, tight):
    wide = {"reduction_p95_db": 60.0, "reduction_max_db": 60.0, "psr_p5_db": -60.0, "crest_loss_db": 60.0}
    budgets = Budgets(**{**wide, name: tight, "loudest_lufs": -6.0, "crest_window_s": float(SECONDS)})
    take = scaled_to(drums(4, 0.1), -26.0)
    made = plan(take, RATE_HZ, budgets)
    assert made.held_by == name
    assert reading(name, take, made) <= limit_of(name, budgets) + PLAN_READING_DB
    more = gain_for_target(take, RATE_HZ, made.target_lufs + MORE_LU)
    assert reading(name, take, more) > limit_of(name, budgets)


def test_a_take_inside_the_range_is_not_turned_down_even_when_it_breaks_a_budget():
    take = scaled_to(dense(), -10.0)
    made = plan(take, RATE_HZ, Budgets(psr_p5_db=14.0))
    assert made.over_budget
    assert made.held_by == "psr_p5_db"
    assert abs(made.target_lufs + 10.0) <= LOUDNESS_LU


def test_a_take_that_is_too_loud_comes_down_to_the_loud_end():
    made = plan(scaled_to(dense(), -6.0), RATE_HZ)
    assert abs(made.target_lufs + 9.0) <= LOUDNESS_LU
    assert made.held_by is None


def test_where_the_budgets_forbid_the_quiet_end_the_level_stays_below_it():
    spiky = noise(5, 0.003)
    spiky[:, :: RATE_HZ // 20] = 0.9
    made = plan(spiky, RATE_HZ, Budgets(crest_loss_db=60.0, psr_p5_db=-60.0))
    assert made.target_lufs < -14.0
    assert made.held_by in {"reduction_max_db", "reduction_p95_db"}


@pytest.mark.parametrize("target_lufs", [-30.0, -16.0, -9.0, -7.0])
def test_a_target_is_met_after_limiting(target_lufs):
    take = scaled_to(drums(6, 0.1), -20.0)
    made = gain_for_target(take, RATE_HZ, target_lufs)
    assert made.reached
    out = rendered(take, made)
    assert abs(measure(out, RATE_HZ).integrated_lufs - target_lufs) <= LOUDNESS_LU
    assert to_dbtp(true_peak_reference(out, 32)) <= -1.0 + LIMITER_OVERSHOOT_DB


def test_a_target_that_no_gain_reaches_is_told():
    made = gain_for_target(drums(7), RATE_HZ, 20.0)
    assert not made.reached
    assert made.target_lufs < 20.0


@pytest.mark.parametrize("frames", [0, 1, 1000, RATE_HZ // 5])
def test_what_has_no_loudness_is_left_alone(frames):
    made = plan(np.full((2, frames), 0.1, np.float32), RATE_HZ)
    assert made.gain_db == 0.0
    assert made.target_lufs == -np.inf
    assert not gain_for_target(np.zeros((1, frames), np.float32), RATE_HZ, -14.0).reached


def test_a_range_upside_down_is_refused():
    with pytest.raises(ValueError, match="quietest_lufs"):
        Budgets(quietest_lufs=-8.0)
