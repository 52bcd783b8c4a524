from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from controlroom.dsp.oversampling import HALF_TAPS, block_peaks, interval_peaks, peak_table, windowed_sinc
from controlroom.dsp.true_peak import to_dbtp, true_peak, true_peak_itu, true_peak_reference
from tests import tolerances

RATE_HZ = 48000


def noise(seed, frames, channels=1):
    return np.random.default_rng(seed).uniform(-1, 1, (channels, frames)).astype(np.float32)


def faded(wave):
    """EBU's files: 3.2 s, with linear fades of 100 ms."""
    ramp = np.minimum(1, np.arange(wave.size) / (0.1 * RATE_HZ))
    return np.stack([wave * ramp * ramp[::-1]] * 2).astype(np.float32)


def tone(divisor, amplitude, phase_deg):
    n = np.arange(153600)
    return faded(amplitude * np.sin(2 * np.pi * n / divisor + math.radians(phase_deg)))


def burst(offset):
    """Tech 3341, cases 20 to 23: one period of fs/4 at 1.0 inside fs/6 at 0.5, made at 4·fs."""
    lead = np.tile(0.5 * np.sin(2 * np.pi * np.arange(24) / 24), 12800)
    period = np.sin(2 * np.pi * np.arange(16) / 16)
    wave = np.concatenate([lead, period, lead])
    taps = signal.firwin(1025, 0.48 * RATE_HZ, window=("kaiser", 10), fs=4 * RATE_HZ)
    return faded(signal.oaconvolve(wave, taps, mode="same")[offset::4])


METERS = [true_peak, true_peak_reference, true_peak_itu]


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize(
    "case, divisor, amplitude, phase_deg, expected_dbtp",
    [
        (15, 4, 0.5, 0, -6),
        (16, 4, 0.5, 45, -6),
        (17, 6, 0.5, 60, -6),
        (18, 8, 0.5, 67.5, -6),
        (19, 4, 1.41, 45, 3),
    ],
)
def test_ebu_tech_3341_tones(meter, case, divisor, amplitude, phase_deg, expected_dbtp):
    read = to_dbtp(meter(tone(divisor, amplitude, phase_deg)))
    assert -tolerances.TRUE_PEAK_UNDER_DB <= read - expected_dbtp <= tolerances.TRUE_PEAK_OVER_DB, case


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_ebu_tech_3341_bursts(meter, offset):
    read = to_dbtp(meter(burst(offset)))
    assert -tolerances.TRUE_PEAK_UNDER_DB <= read <= tolerances.TRUE_PEAK_OVER_DB


@pytest.mark.parametrize("offset, official_dbtp", [(0, -0.103), (1, -0.056), (2, -0.124), (3, -0.056)])
def test_the_reference_reads_the_bursts_as_the_official_files(offset, official_dbtp):
    assert to_dbtp(true_peak_reference(burst(offset))) == pytest.approx(
        official_dbtp, abs=tolerances.INTERPOLATOR_DB
    )


@pytest.mark.parametrize("factor", [4, 8, 16])
def test_every_phase_is_flat_to_20_khz_at_44100(factor):
    table = peak_table(factor)
    odd = np.zeros_like(table.even)
    odd[: table.odd.shape[0]] = table.odd
    taps = np.concatenate([(table.even + odd)[:, ::-1], table.even - odd], axis=1)
    position = np.arange(1 - HALF_TAPS, HALF_TAPS + 1)
    fraction = np.arange(1, factor // 2 + 1)[:, np.newaxis] / factor
    for hertz in np.linspace(0, 20000, 200):
        angle = 2 * np.pi * hertz / 44100 * (position - fraction)
        response = np.abs((taps * np.exp(1j * angle)).sum(axis=1))
        assert np.abs(20 * np.log10(response)).max() <= tolerances.INTERPOLATOR_DB


def direct_interval_peaks(wave, factor):
    """The definition, written out: every tap at every point, in float64."""
    k = np.arange(1 - HALF_TAPS, HALF_TAPS + 1)
    padded = np.pad(wave.astype(np.float64), 2 * HALF_TAPS)
    left = np.arange(-HALF_TAPS, wave.size + HALF_TAPS - 1)
    inside = np.zeros(left.size)
    for p in range(1, factor):
        taps = windowed_sinc(p / factor - k, HALF_TAPS, 5.0)
        taps /= taps.sum()
        points = sum(t * padded[left + 2 * HALF_TAPS + step] for t, step in zip(taps, k, strict=True))
        inside = np.maximum(inside, np.abs(points))
    out = np.abs(wave).astype(np.float64)
    np.maximum.at(out, np.clip(left, 0, wave.size - 1), inside)
    np.maximum.at(out, np.clip(left + 1, 0, wave.size - 1), inside)
    return out


@pytest.mark.parametrize("frames", [1, 2, 17, 127, 128, 129, 300])
@pytest.mark.parametrize("factor", [2, 3, 7, 8])
def test_interval_peaks_are_their_definition(frames, factor):
    wave = noise(frames, frames)
    np.testing.assert_allclose(
        interval_peaks(wave, factor), direct_interval_peaks(wave[0], factor), atol=10 * tolerances.FLOAT32
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 2000),
    spread=st.floats(0, 6),
    block=st.integers(1, 400),
)
def test_pruning_changes_nothing(seed, frames, spread, block):
    rng = np.random.default_rng(seed)
    level = 10 ** (-spread * rng.uniform(0, 1, -(-frames // 50)).repeat(50)[:frames])
    samples = (noise(seed, frames, 2) * level).astype(np.float32)
    edges = np.append(np.arange(0, frames, block), frames)
    by_block = block_peaks(samples, edges)
    around = interval_peaks(samples)
    assert by_block.max() == around.max() == np.float32(true_peak(samples))
    for b, (start, stop) in enumerate(pairwise(edges)):
        assert by_block[b] <= around[start : stop + 1].max()
        assert by_block[b] >= np.abs(samples[:, start:stop]).max(initial=0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), start=st.integers(0, 500), length=st.integers(2 * HALF_TAPS + 3, 700))
def test_an_excerpt_reads_as_its_part_of_the_whole(seed, start, length):
    samples = noise(seed, 1300, 2)
    margin = HALF_TAPS + 1
    part = interval_peaks(samples[:, start : start + length])[margin:-margin]
    whole = interval_peaks(samples)[start : start + length][margin:-margin]
    np.testing.assert_array_equal(part, whole)


def test_time_polarity_channels_and_powers_of_two_change_nothing():
    samples = noise(5, 1000, 2)
    around = interval_peaks(samples)
    np.testing.assert_array_equal(interval_peaks(samples[:, ::-1]), around[::-1])
    np.testing.assert_array_equal(interval_peaks(-samples), around)
    np.testing.assert_array_equal(interval_peaks(samples[::-1]), around)
    np.testing.assert_array_equal(interval_peaks(samples / 8), around / 8)
    np.testing.assert_array_equal(
        np.maximum(interval_peaks(samples[:1]), interval_peaks(samples[1:])), around
    )


@pytest.mark.parametrize("seed", range(5))
def test_eight_points_read_a_20_khz_band_as_the_reference_does(seed):
    wide = signal.oaconvolve(
        np.clip(np.random.default_rng(seed).normal(0, 0.5, (1, 44100)), -0.9, 0.9),
        signal.firwin(2047, 20000, fs=44100, window=("kaiser", 9))[np.newaxis],
        axes=1,
        mode="same",
    ).astype(np.float32)
    under = to_dbtp(true_peak(wide)) - to_dbtp(true_peak_reference(wide))
    assert -(tolerances.GRID_8X_DB + tolerances.INTERPOLATOR_DB) <= under <= tolerances.INTERPOLATOR_DB


def test_the_reference_is_scipys_long_resampler():
    samples = noise(6, 5000)
    taps = signal.firwin(32 * 512 + 1, 1 / 32, window=("kaiser", 10))
    expected = np.abs(signal.resample_poly(samples[0].astype(np.float64), 32, 1, window=taps)).max()
    assert true_peak_reference(samples) == pytest.approx(expected, rel=10 * tolerances.FLOAT32)


def test_silence_emptiness_and_a_constant():
    assert to_dbtp(true_peak(np.zeros((2, 1000), np.float32))) == -math.inf
    assert true_peak(np.zeros((2, 0), np.float32)) == 0.0
    assert true_peak_reference(np.zeros((2, 0), np.float32)) == 0.0
    assert interval_peaks(np.zeros((2, 0), np.float32)).size == 0
    plateau = interval_peaks(np.full((1, 500), 0.5, np.float32))[100:400]
    np.testing.assert_allclose(plateau, 0.5, atol=tolerances.FLOAT32)


def test_read_only_and_strided_samples_are_taken():
    interleaved = np.ascontiguousarray(noise(7, 400, 2).T)
    interleaved.flags.writeable = False
    np.testing.assert_array_equal(
        interval_peaks(interleaved.T), interval_peaks(np.ascontiguousarray(interleaved.T))
    )


def test_what_can_not_be_read_is_refused():
    sound = np.zeros((1, 10), np.float32)
    with pytest.raises(ValueError, match="factor"):
        true_peak(sound, 1)
    with pytest.raises(ValueError, match="channels, frames"):
        interval_peaks(sound[0])
    for edges in ([0, 11], [-1, 5], [5, 3], []):
        with pytest.raises(ValueError, match="ascend"):
            block_peaks(sound, np.array(edges, dtype=np.int64))
