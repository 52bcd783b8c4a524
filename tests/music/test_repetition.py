"""Laws of copied bars."""

import numpy as np
import pytest

from controlroom.music.repetition import bar_likeness
from tests import tolerances as tol

RATE_HZ = 5512.5
BAR_S = 2.0
COPY_DB = -16.0


def bars_of_noise(count, seed=1):
    rng = np.random.default_rng(seed)
    wave = rng.standard_normal(round(count * BAR_S * RATE_HZ) + 1)
    smooth = np.convolve(wave, np.hanning(9), "same")
    return smooth.astype(np.float32), np.arange(count + 1) * BAR_S


def paste(mono, source, target):
    length, start = round(BAR_S * RATE_HZ), round(source * BAR_S * RATE_HZ)
    at = round(target * BAR_S * RATE_HZ)
    out = mono.copy()
    out[at : at + length] = mono[start : start + length]
    return out


def test_bars_that_are_played_anew_are_no_copies():
    assert bar_likeness(*_asked(*bars_of_noise(8))).copied_share(COPY_DB) == 0.0


def _asked(mono, lines):
    return mono, RATE_HZ, lines


@pytest.mark.parametrize("shift_s", [0.0, 0.0137, -0.02])
def test_a_pasted_bar_and_its_source_are_copies_wherever_the_grid_lies(shift_s):
    mono, lines = bars_of_noise(8)
    likeness = bar_likeness(paste(mono, 2, 5), RATE_HZ, lines + 0.05 + shift_s)
    assert set(np.nonzero(likeness.residual_db < COPY_DB)[0]) == {2, 5}
    assert likeness.most_alike[2] == 5
    assert likeness.most_alike[5] == 2


@pytest.mark.parametrize("gain", [0.01, -1.0, 7.0])
def test_gain_and_polarity_change_nothing(gain):
    mono, lines = bars_of_noise(6)
    mono = paste(mono, 0, 4)
    before, after = bar_likeness(mono, RATE_HZ, lines), bar_likeness(np.float32(gain) * mono, RATE_HZ, lines)
    heard = before.residual_db > -40.0  # below, float32 rounding is all that is left
    assert np.allclose(before.residual_db[heard], after.residual_db[heard], atol=tol.BAND_LEVEL_DB)
    assert before.copied_share(COPY_DB) == after.copied_share(COPY_DB)


def test_what_is_left_is_the_energy_of_what_differs():
    mono, lines = bars_of_noise(6)
    other, _ = bars_of_noise(6, seed=2)
    mixed = paste(mono, 1, 3) + np.float32(0.1) * other
    left = bar_likeness(mixed, RATE_HZ, lines).residual_db[1]
    # both bars carry their own -20 dB of something else
    assert left == pytest.approx(-17.0, abs=1.0)


@pytest.mark.parametrize("lines", [np.zeros(0), np.array([0.0, 2.0]), np.array([0.0, 0.3, 0.6, 0.9])])
def test_too_few_or_too_short_bars_say_nothing(lines):
    mono, _ = bars_of_noise(4)
    assert bar_likeness(mono, RATE_HZ, lines).residual_db.size == 0
    assert (
        bar_likeness(np.zeros(60000, dtype=np.float32), RATE_HZ, np.arange(5) * 2.0).copied_share(0.0) == 0.0
    )
