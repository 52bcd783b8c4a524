"""ERB levels and what covers what."""

import numpy as np
import pytest

from controlroom.dsp import masking
from tests import tolerances as tol

RATE_HZ = 44100


def noise(seed, seconds=3.0):
    return (0.1 * np.random.default_rng(seed).standard_normal((1, round(seconds * RATE_HZ)))).astype(
        np.float32
    )


def levels(samples):
    return masking.erb_levels(samples, RATE_HZ)


def test_bands_hold_the_power_that_lies_in_them():
    found = levels(noise(1))
    share = np.diff(found.edges_hz) / (RATE_HZ / 2)
    expected = 10 * np.log10(0.01 * share)
    wide = np.diff(found.edges_hz) > 300.0  # narrow bands hold few bins, and their edges fall between bins
    got = 10 * np.log10(found.power.mean(axis=0))
    assert got[wide] == pytest.approx(expected[wide], abs=tol.NOISE_LEVEL_DB)


def test_spreading_keeps_a_band_and_falls_faster_downwards():
    spread = masking.spreading(levels(noise(1)).edges_hz)
    assert np.diag(spread) == pytest.approx(1.0)
    assert np.all(np.triu(spread, 1)[:-1].max(axis=1) > np.tril(spread, -1)[1:].max(axis=1))
    found = levels(noise(2))
    assert np.all(masking.excitation(found) >= found.power * (1 - 1e-6))


@pytest.mark.parametrize("gain_db", [-12.0, -3.0, 6.0])
def test_the_ratio_moves_by_the_gain_of_the_signal(gain_db):
    voice, cover = noise(3), levels(noise(4))
    bands, frames = cover.between(1000, 4000), np.ones(cover.power.shape[0], dtype=bool)
    before = masking.signal_to_mask_db(levels(voice), cover, bands, frames)
    after = masking.signal_to_mask_db(levels(voice * np.float32(10 ** (gain_db / 20))), cover, bands, frames)
    assert after - before == pytest.approx(gain_db, abs=1e-3)


def test_covered_share_goes_from_none_to_all():
    voice, cover = levels(noise(3)), noise(4)
    bands, frames = voice.between(1000, 4000), np.ones(voice.power.shape[0], dtype=bool)
    shares = [
        masking.covered_share(voice, levels(cover * np.float32(10 ** (db / 20))), bands, frames)
        for db in (-60.0, 0.0, 40.0)
    ]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[2] == 1.0


def test_nowhere_is_no_number():
    found = levels(noise(1))
    none = np.zeros(found.power.shape[0], dtype=bool)
    assert np.isnan(masking.signal_to_mask_db(found, found, found.between(1000, 4000), none))
    assert masking.covered_share(found, found, found.between(1000, 4000), none) == 0.0


def test_active_frames_are_those_that_sound():
    sound = noise(1)
    sound[:, RATE_HZ : 2 * RATE_HZ] *= np.float32(1e-3)
    found = levels(sound)
    active = masking.active(found, found.between(200, 8000))
    at_s = np.arange(active.size) * found.hop_s
    assert not np.any(active[(at_s > 1.05) & (at_s < 1.9)])
    assert np.all(active[(at_s < 0.9) | (at_s > 2.05)])
