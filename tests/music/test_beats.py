from __future__ import annotations

import numpy as np
import pytest

from controlroom.music.beats import fit_grid, fold, grid_frames, peak_phases, refine_period, track

HOP_S = 0.0116


def pulses(period: float, phase: float, frames: int = 6000) -> np.ndarray:
    """Gaussian pulses at fractional frames, with noise under them."""
    at = np.arange(frames)
    nearest = (at - phase + period / 2) % period - period / 2
    noise = np.random.default_rng(1).random(frames)
    return np.exp(-0.5 * nearest**2) + 0.1 * noise


@pytest.mark.parametrize("period", [27.31, 43.07, 61.9])
@pytest.mark.parametrize("off", [-0.025, 0.0, 0.025])
def test_the_period_is_refined_far_below_a_frame(period: float, off: float) -> None:
    found = refine_period(pulses(period, 5.0), period * (1 + off))
    # over the whole envelope the grid must not slip by a frame
    assert abs(found - period) * 6000 / period < 1.0


def test_a_constant_pulse_is_steady_and_its_phase_is_found() -> None:
    envelope = pulses(43.07, 11.4)
    grid = fit_grid(envelope, HOP_S, 43.0)
    assert grid.steady_share == 1.0
    phase = peak_phases(fold(envelope, grid.period_frames))[0] * grid.period_frames
    found = grid_frames(grid.period_frames, phase, envelope.size)
    assert np.max(np.abs((found - 11.4 + 21.5) % 43.07 - 21.5)) < 1.0


def test_a_pulse_that_slows_is_not_steady() -> None:
    envelope = np.concatenate([pulses(43.0, 5.0, 3000), pulses(43.9, 30.0, 3000)])
    assert fit_grid(envelope, HOP_S, 43.4).steady_share < 1.0


def test_tracking_follows_a_changing_period() -> None:
    beats, at, period = [], 10.0, 40.0
    while at < 5900:
        beats.append(at)
        at += period
        period += 0.03
    envelope = np.zeros(6000)
    envelope[np.round(beats).astype(int)] = 1.0
    found = track(envelope, np.interp(np.arange(6000), [0, 5999], [40.0, period]))
    found = found[found < 5900]
    assert np.all(np.min(np.abs(found[:, None] - np.array(beats)[None]), axis=1) <= 1.0)
    assert abs(found.size - len(beats)) <= 1


def test_the_second_phase_is_the_off_beat_wherever_it_swings() -> None:
    profile = np.zeros(100)
    profile[[20, 78]] = [1.0, 0.6]
    assert peak_phases(profile) == pytest.approx([0.2, 0.78], abs=0.01)
