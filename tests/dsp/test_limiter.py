from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from controlroom.dsp.gain_curve import CurveTimes, bridged, lasting, reduction_nodes, sliding_max, smoothed
from controlroom.dsp.limiter import LimiterSettings, apply_gain, limit, limiter_gain, peak_map
from controlroom.dsp.true_peak import to_dbtp, true_peak_reference
from controlroom.model.audio import Samples
from tests.tolerances import (
    EXACT,
    FLOAT32,
    INTERMODULATION_DB,
    LIMITER_OVERSHOOT_DB,
    RECOVERY_DB,
    RUNNING_SUM_DB,
)

RATE_HZ = 48000
KINDS = ("noise", "uniform", "signs", "impulses", "squares", "near half the rate", "quarter", "two tones")


def sound(kind: str, frames: int, rate_hz: int, seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    t = np.arange(frames) / rate_hz
    spikes = np.zeros((2, frames))
    spikes[:, :: max(1, frames // 7)] = 1
    spikes[:, -1] = -1
    rows = {
        "noise": rng.normal(0, 0.5, (2, frames)),
        "uniform": rng.uniform(-1, 1, (2, frames)),
        "signs": np.sign(rng.normal(0, 1, (2, frames))),
        "impulses": spikes,
        "squares": np.sign(np.sin(2 * np.pi * np.array([[440.0], [1000.0]]) * t + 0.1)),
        "near half the rate": np.stack(
            [np.cos(np.pi * np.arange(frames)), np.sin(0.98 * np.pi * rate_hz * t)]
        ),
        "quarter": np.stack([np.sin(np.pi / 2 * np.arange(frames) + np.pi / 4)] * 2),
        "two tones": np.stack(
            [0.8 * np.sin(2 * np.pi * 60 * t) + 0.2 * np.sin(0.6 * np.pi * rate_hz * t)] * 2
        ),
    }
    return rows[kind].astype(np.float32)


def common_meter(samples: Samples) -> float:
    """The true peak that a reader would write: 32× by scipy's default filter."""
    return max(
        float(np.abs(signal.resample_poly(np.pad(row, 64).astype(np.float64), 32, 1)).max())
        for row in samples
    )


def overshoot_db(samples: Samples, ceiling_dbtp: float) -> float:
    return to_dbtp(max(true_peak_reference(samples, 32), common_meter(samples))) - ceiling_dbtp


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    rate_hz=st.sampled_from([8000, 11025, 44100, 48000, 96000, 192000]),
    milliseconds=st.sampled_from([1, 10, 80]),
    drive_db=st.floats(-3, 24),
    ceiling_dbtp=st.floats(-6, 0),
    look_ahead_ms=st.floats(0.5, 20),
    link=st.sampled_from([0.0, 0.7, 1.0]),
    channels=st.sampled_from([1, 2]),
    seed=st.integers(0, 9),
)
def test_no_sound_passes_the_ceiling(
    kind, rate_hz, milliseconds, drive_db, ceiling_dbtp, look_ahead_ms, link, channels, seed
):
    samples = sound(kind, max(2, rate_hz * milliseconds // 1000), rate_hz, seed)[:channels]
    knobs = LimiterSettings(ceiling_dbtp=ceiling_dbtp, look_ahead_ms=look_ahead_ms, link=link)
    made = limit(samples, rate_hz, knobs, drive_db)
    assert made.dtype == np.float32
    assert made.shape == samples.shape
    assert overshoot_db(made, ceiling_dbtp) <= LIMITER_OVERSHOOT_DB


def test_what_stays_under_the_ceiling_gets_a_gain_of_exactly_one():
    samples = sound("noise", RATE_HZ // 2, RATE_HZ) * np.float32(0.1)
    found = limiter_gain(samples, RATE_HZ, LimiterSettings())
    assert np.all(found.gain == 1.0)
    assert found.reduction.max_db == EXACT
    np.testing.assert_array_equal(apply_gain(samples, found.gain), samples)


def test_far_from_a_peak_the_gain_is_exactly_one():
    samples = sound("noise", RATE_HZ, RATE_HZ) * np.float32(0.05)
    samples[:, RATE_HZ // 2] = 2.0
    gain = limiter_gain(samples, RATE_HZ, LimiterSettings()).gain
    away = np.abs(np.arange(RATE_HZ) - RATE_HZ // 2) > 0.006 * RATE_HZ
    assert np.all(gain[away] == 1.0)
    assert gain[RATE_HZ // 2] < 0.5


@pytest.mark.parametrize("frames", [0, 1, 7, 4800])
def test_silence_stays_silence(frames):
    found = limiter_gain(np.zeros((2, frames), np.float32), RATE_HZ, LimiterSettings(), 12.0)
    assert found.true_peak_dbtp == -np.inf
    assert found.reduction.p95_db == EXACT
    assert not limit(np.zeros((2, frames), np.float32), RATE_HZ, LimiterSettings()).any()


@pytest.mark.parametrize("link", [0.0, 1.0])
def test_swapping_the_channels_commutes_with_limiting(link):
    samples = sound("noise", RATE_HZ // 4, RATE_HZ)
    knobs = LimiterSettings(link=link)
    swapped = limit(np.ascontiguousarray(samples[::-1]), RATE_HZ, knobs, 3.0)
    np.testing.assert_array_equal(swapped[::-1], limit(samples, RATE_HZ, knobs, 3.0))


def test_level_before_and_pre_gain_are_the_same():
    samples = sound("noise", RATE_HZ // 4, RATE_HZ)
    halved = limit(samples * np.float32(0.5), RATE_HZ, LimiterSettings(), 20 * np.log10(2) + 6)
    np.testing.assert_allclose(halved, limit(samples, RATE_HZ, LimiterSettings(), 6.0), atol=FLOAT32)


def test_linked_channels_keep_their_ratio_and_unlinked_do_not():
    samples = sound("noise", RATE_HZ // 4, RATE_HZ)
    samples[1] *= 0.1
    linked = limiter_gain(samples, RATE_HZ, LimiterSettings(link=1.0), 6.0).gain
    apart = limiter_gain(samples, RATE_HZ, LimiterSettings(link=0.0), 6.0).gain
    assert linked.shape == samples.shape[1:]
    assert apart.shape == samples.shape
    assert apart[0].min() < 1.5 < apart[1].min()


def test_an_isolated_peak_is_let_go_within_milliseconds_and_a_burst_within_400():
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    burst = np.where((t > 0.5) & (t < 0.7), 1.0, 0.1) * np.sin(2 * np.pi * 1000 * t)
    gain = limiter_gain(burst[np.newaxis].astype(np.float32), RATE_HZ, LimiterSettings(), 9.0).gain
    rest_db = 20 * np.log10(gain[-1])
    assert 20 * np.log10(gain[int(0.6 * RATE_HZ)]) < rest_db - 9
    assert rest_db - 20 * np.log10(gain[int(1.1 * RATE_HZ)]) <= RECOVERY_DB


def test_a_lasting_bass_note_does_not_modulate_what_is_above_it():
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    tones = (0.8 * np.sin(2 * np.pi * 60 * t) + 0.2 * np.sin(2 * np.pi * 7000 * t)).astype(np.float32)
    made = limit(tones[np.newaxis], RATE_HZ, LimiterSettings(), 6.0)[0, RATE_HZ // 2 : 3 * RATE_HZ // 2]
    power = np.abs(np.fft.rfft(made * np.blackman(made.size))) ** 2
    sidebands = sum(power[7000 + 60 * n - 3 : 7000 + 60 * n + 4].sum() for n in range(-8, 9) if n)
    assert 10 * np.log10(sidebands / power[6997:7004].sum()) < INTERMODULATION_DB


def test_the_map_of_peaks_gives_the_same_gain():
    samples = sound("noise", RATE_HZ // 4, RATE_HZ)
    known = peak_map(samples, RATE_HZ)
    fresh = limiter_gain(samples, RATE_HZ, LimiterSettings(), 3.0)
    kept = limiter_gain(samples, RATE_HZ, LimiterSettings(), 3.0, known)
    np.testing.assert_array_equal(fresh.gain, kept.gain)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 999), density=st.floats(0.001, 1), look=st.floats(0.5, 20), release=st.floats(0, 80)
)
def test_the_curve_covers_every_need_at_its_node_and_both_neighbours(seed, density, look, release):
    rng = np.random.default_rng(seed)
    need = np.maximum(rng.normal(0, 4, 3000), 0) * (rng.random(3000) < density)
    times = CurveTimes(
        look_ahead_ms=look,
        release_ms=release,
        bridge_ms=rng.uniform(0, 30),
        sustain_ms=rng.choice([0.0, 50.0, 200.0]),
        sustain_bridge_ms=25.0,
        sustain_attack_ms=40.0,
        sustain_release_ms=150.0,
    )
    nodes = reduction_nodes(need, 0.25, times)
    assert (need - nodes).max() <= RUNNING_SUM_DB
    assert (need[:-1] - nodes[1:]).max() <= RUNNING_SUM_DB
    assert (need[1:] - nodes[:-1]).max() <= RUNNING_SUM_DB


def test_sliding_max_is_the_greatest_of_its_window():
    values = np.random.default_rng(0).normal(size=200)
    for before, after in ((0, 0), (3, 1), (0, 7), (300, 300)):
        expected = [values[max(0, i - before) : i + after + 1].max() for i in range(200)]
        np.testing.assert_array_equal(sliding_max(values, before, after), expected)


def test_bridging_fills_narrow_gaps_and_lasting_drops_short_needs():
    need = np.zeros(100)
    need[[20, 26]] = (4.0, 2.0)
    need[60:80] = 3.0
    filled = bridged(need, 8)
    np.testing.assert_array_equal(filled[20:27], [4, 2, 2, 2, 2, 2, 2])
    assert np.all(filled >= need)
    kept = lasting(filled, 12)
    assert not kept[:60].any()
    np.testing.assert_array_equal(kept[60:80], 3.0)


def test_smoothing_keeps_a_constant_and_the_sum():
    values = np.zeros(400)
    values[150:250] = 1.0
    for width in (1, 5, 20, 61):
        smooth = smoothed(values, width)
        assert abs(smooth.sum() - 100) < RUNNING_SUM_DB
        assert abs(smoothed(np.ones(50), width) - 1).max() < RUNNING_SUM_DB
        assert abs(smooth - smooth[::-1]).max() < RUNNING_SUM_DB


@pytest.mark.parametrize(
    "knobs",
    [
        {"link": 1.5},
        {"look_ahead_ms": 0.0},
        {"release_ms": -1.0},
        {"oversampling": 4},
        {"ceiling_dbtp": np.nan},
    ],
)
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs)).split("_")[0]):
        LimiterSettings(**knobs)


def test_shapes_and_gains_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="channels, frames"):
        limiter_gain(np.zeros(10, np.float32), RATE_HZ, LimiterSettings())
    with pytest.raises(ValueError, match="pre_gain_db"):
        limiter_gain(np.zeros((1, 10), np.float32), RATE_HZ, LimiterSettings(), np.inf)
