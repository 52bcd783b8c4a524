from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import signal

from controlroom.dsp.k_weighting import (
    Biquad,
    block_edges,
    channel_weights,
    k_weighted_block_energies,
    k_weighting,
)
from tests import tolerances

# BS.1770-5, Annex 1, tables 1 and 2
SHELF_48K = Biquad(1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
HIGHPASS_48K = Biquad(1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)

# the response of those tables, dB at Hz
RESPONSE_DB = {
    20: -13.275,
    25: -10.393,
    31.5: -7.790,
    40: -5.567,
    50: -3.934,
    63: -2.664,
    80: -1.732,
    100: -1.133,
    200: -0.265,
    500: 0.042,
    997: 0.691,
    1000: 0.698,
    2000: 3.071,
    4000: 3.968,
    8000: 4.039,
    10000: 4.04,
}


def response_db(rate_hz, frequencies_hz):
    k = k_weighting(rate_hz)
    total = np.zeros(len(frequencies_hz))
    for section in (k.shelf, k.highpass):
        b, a = [section.b0, section.b1, section.b2], [1, section.a1, section.a2]
        total += 20 * np.log10(np.abs(signal.freqz(b, a, frequencies_hz, fs=rate_hz)[1]))
    return total


def test_at_48_khz_the_coefficients_are_those_of_the_recommendation():
    k = k_weighting(48000)
    for ours, table in ((k.shelf, SHELF_48K), (k.highpass, HIGHPASS_48K)):
        for name in ("b0", "b1", "b2", "a1", "a2"):
            assert getattr(ours, name) == pytest.approx(getattr(table, name), abs=tolerances.FLOAT64)


@pytest.mark.parametrize("rate_hz", [44100, 48000, 88200, 96000, 176400, 192000])
def test_every_rate_has_the_response_of_48_khz(rate_hz):
    error = response_db(rate_hz, list(RESPONSE_DB)) - np.array(list(RESPONSE_DB.values()))
    assert np.abs(error).max() <= tolerances.K_WEIGHTING_DB


@pytest.mark.parametrize("rate_hz", [44100, 48000, 96000])
def test_the_kernel_filters_as_scipy_does(rate_hz):
    rng = np.random.default_rng(1)
    samples = rng.uniform(-1, 1, (2, 2 * rate_hz)).astype(np.float32)
    k = k_weighting(rate_hz)
    filtered = samples.astype(np.float64)
    for section in (k.shelf, k.highpass):
        filtered = signal.lfilter([section.b0, section.b1, section.b2], [1, section.a1, section.a2], filtered)
    expected = (filtered**2).sum(axis=0).reshape(-1, rate_hz // 100).sum(axis=1)
    blocks = k_weighted_block_energies(samples, rate_hz)
    np.testing.assert_allclose(blocks.energy, expected, rtol=1e3 * tolerances.FLOAT64)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 22050, 32000, 44100, 48000, 192000])
def test_block_edges_never_drift(rate_hz):
    frames = 601 * rate_hz + 17
    edges = block_edges(frames, rate_hz)
    exact = np.arange(edges.size) * rate_hz / 100
    assert np.abs(edges - exact).max() <= 0.5
    assert edges[-1] <= frames < edges[-1] + rate_hz / 100 + 1


def test_a_surround_channel_counts_more_and_the_lfe_not_at_all():
    rng = np.random.default_rng(2)
    noise = rng.uniform(-1, 1, 48000).astype(np.float32)
    energies = []
    for channel in range(6):
        samples = np.zeros((6, 48000), np.float32)
        samples[channel] = noise
        energies.append(k_weighted_block_energies(samples, 48000).energy.sum())
    np.testing.assert_allclose(
        np.array(energies) / energies[0], [1, 1, 1, 0, 1.41, 1.41], rtol=tolerances.FLOAT64
    )


def test_silence_after_sound_stays_exact_and_ends_in_zero():
    samples = np.zeros((1, 20 * 44100), np.float32)
    samples[0, :44100] = 0.5
    energy = k_weighted_block_energies(samples, 44100).energy
    assert energy[-1] == 0.0
    # the high-pass (Q = 0.5) does not oscillate: its energy only falls
    tail = energy[110:]
    assert np.all(np.diff(tail) <= 0)


def test_strided_and_read_only_samples_are_taken():
    rng = np.random.default_rng(3)
    interleaved = rng.uniform(-1, 1, (44100, 2)).astype(np.float32)
    interleaved.flags.writeable = False
    strided = k_weighted_block_energies(interleaved.T, 44100).energy
    contiguous = k_weighted_block_energies(np.ascontiguousarray(interleaved.T), 44100).energy
    np.testing.assert_array_equal(strided, contiguous)


def test_what_can_not_be_weighted_is_refused():
    sound = np.zeros((2, 100), np.float32)
    with pytest.raises(ValueError, match="7999"):
        k_weighting(7999)
    with pytest.raises(ValueError, match="4 channels"):
        channel_weights(4)
    with pytest.raises(ValueError, match="3 weights"):
        k_weighted_block_energies(sound, 48000, weights=(1, 1, 1))
    with pytest.raises(ValueError, match="channels, frames"):
        k_weighted_block_energies(sound[0], 48000)


def test_a_sound_shorter_than_a_block_has_no_energies():
    assert k_weighted_block_energies(np.ones((1, 100), np.float32), 44100).energy.size == 0
    assert k_weighted_block_energies(np.ones((1, 0), np.float32), 44100).energy.size == 0


def test_997_hz_is_where_the_offset_comes_from():
    assert response_db(48000, [997])[0] == pytest.approx(0.691, abs=tolerances.K_WEIGHTING_DB)
    assert math.isclose(sum(channel_weights(6)), 5.82)
