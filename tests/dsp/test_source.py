import numpy as np
import pytest
import soxr

from controlroom.dsp.source import CELL_HZ, ceiling, source_rate_hz, true_bits
from controlroom.dsp.spectrum import band_spectra

RATE_HZ = 44100
EDGE_TOLERANCE_HZ = 3 * CELL_HZ


def noise(seed=1, length=6.0):
    return 0.1 * np.random.default_rng(seed).standard_normal((2, round(length * RATE_HZ))).astype(np.float32)


def ceiling_of(sound, rate_hz=RATE_HZ):
    spectra = band_spectra(sound, rate_hz)
    return ceiling(spectra.mean_mid + spectra.mean_side, spectra.bin_hz)


def cut(sound, edge_hz):
    spectrum = np.fft.rfft(sound, axis=1)
    spectrum[:, np.fft.rfftfreq(sound.shape[1], 1 / RATE_HZ) > edge_hz] = 0
    return np.fft.irfft(spectrum, sound.shape[1], axis=1).astype(np.float32)


@pytest.mark.parametrize("edge_hz", [8000.0, 14000.0, 16000.0, 18500.0])
def test_an_edge_is_found_where_it_is(edge_hz):
    found = ceiling_of(cut(noise(), edge_hz))
    assert found.edge_hz == pytest.approx(edge_hz, abs=EDGE_TOLERANCE_HZ)
    assert found.drop_db > 40.0


def test_a_slope_and_a_dip_are_no_ceiling():
    freq = np.fft.rfftfreq(noise().shape[1], 1 / RATE_HZ)
    slope = np.fft.irfft(np.fft.rfft(noise(), axis=1) / np.maximum(freq, 1000.0) ** 2, axis=1).astype(
        np.float32
    )
    assert ceiling_of(slope).drop_db < 10.0
    dip = np.fft.rfft(noise(), axis=1)
    dip[:, (freq > 9000) & (freq < 10500)] = 0
    assert ceiling_of(np.fft.irfft(dip, axis=1).astype(np.float32)).drop_db < 10.0


@pytest.mark.parametrize("source_hz", [22050, 32000])
def test_a_lower_rate_is_named(source_hz):
    low = soxr.resample(noise().T, RATE_HZ, source_hz, quality="HQ")
    back = soxr.resample(low, source_hz, RATE_HZ, quality="HQ").T.copy()
    assert source_rate_hz(ceiling_of(back).edge_hz, RATE_HZ) == source_hz


def test_an_edge_that_is_no_resampler_names_no_rate():
    assert source_rate_hz(ceiling_of(cut(noise(), 14000.0)).edge_hz, RATE_HZ) == 0


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24])
def test_bits_are_counted(bits):
    steps = 2 ** (bits - 1)
    sound = (np.round(noise() * steps) / steps).astype(np.float32)
    assert true_bits(sound) == bits


def test_what_lies_on_no_grid_has_no_depth():
    assert true_bits(noise() * np.float32(np.pi)) == 0
    assert true_bits(np.zeros((2, 100), dtype=np.float32)) == 0
    assert true_bits(np.zeros((1, 0), dtype=np.float32)) == 0


@pytest.mark.parametrize("gain", [0.01, -1.0])
def test_gain_and_polarity_move_no_edge(gain):
    sound = cut(noise(), 14000.0)
    assert ceiling_of(np.float32(gain) * sound).edge_hz == ceiling_of(sound).edge_hz
