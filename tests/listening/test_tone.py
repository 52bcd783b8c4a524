import numpy as np
import pytest

from controlroom.dsp.equaliser import EqBand
from controlroom.dsp.filters import convolve_same, from_curve_db, grid_hz
from controlroom.listening.listening import Listening
from controlroom.listening.tone import tonal_balance
from controlroom.model.audio import Audio
from tests import tolerances as tol
from tests.detectors.sounds import CORRIDOR_HALF_DB, clean, standards, with_samples


def balance_of(sound: Audio):
    return tonal_balance(Listening(sound), standards())


def equalised(sound: Audio, band: EqBand) -> Audio:
    reach = round(0.08 * sound.rate_hz)
    response = from_curve_db(band.curve_db(grid_hz(sound.rate_hz, reach)), reach)
    return with_samples(sound, convolve_same(sound.samples, response))


def test_a_sound_on_the_corridor_has_no_residual():
    balance = balance_of(clean(channels=1))  # no side, which would lift the top
    steady = balance.judged & (balance.freq_hz >= 100.0)  # below, a few seconds of noise have too few bins
    assert np.max(np.abs(balance.residual_db[steady])) < 2 * tol.NOISE_LEVEL_DB
    assert balance.worst_db == 0.0
    assert np.allclose(balance.high_db, CORRIDOR_HALF_DB, atol=tol.FLOAT32)


def test_only_the_range_of_the_standards_is_judged():
    balance = balance_of(clean())
    judged = balance.freq_hz[balance.judged]
    assert judged.min() == standards().number("tone.judge_low_hz")
    assert judged.max() == standards().number("tone.judge_high_hz")


@pytest.mark.parametrize(
    "band",
    [
        EqBand("bell", 250.0, 5.0, 0.7),
        EqBand("low-shelf", 160.0, -4.0, 0.7),
        EqBand("high-shelf", 4000.0, 4.0, 0.7),
    ],
)
def test_what_an_equaliser_will_do_is_known_before_it_is_done(band):
    foreseen = balance_of(clean()).equalised(band.curve_db(balance_of(clean()).freq_hz))
    found = balance_of(equalised(clean(), band))
    judged = foreseen.judged
    assert np.allclose(
        foreseen.residual_db[judged], found.residual_db[judged], atol=standards().number("claim.tolerance_db")
    )


def test_one_lone_band_is_not_a_matter_of_balance():
    at_s = np.arange(clean().frames) / clean().rate_hz
    tone = 0.03 * np.sin(2 * np.pi * 2500.0 * at_s)
    with_tone = balance_of(with_samples(clean(), clean().samples + tone))
    plain = balance_of(clean())
    rise = with_tone.residual_at(2500.0) - plain.residual_at(2500.0)
    spectra_rise = 10 * np.log10(1 + 0.5 * 0.03**2 / 10 ** (_band_level(clean(), 2500.0) / 10))
    assert 0.0 < rise == pytest.approx(spectra_rise / 2, abs=tol.NOISE_LEVEL_DB)


def _band_level(sound: Audio, freq_hz: float) -> float:
    from controlroom.dsp.spectrum import band_spectra, loudest_frames, third_octave_levels

    spectra = band_spectra(sound.samples, sound.rate_hz)
    levels = third_octave_levels(spectra, loudest_frames(spectra))
    return float(levels[np.argmin(np.abs(spectra.nominal_hz - freq_hz))])


def test_a_band_with_nothing_in_it_is_not_judged():
    sound = clean()
    reach = round(0.08 * sound.rate_hz)
    grid = grid_hz(sound.rate_hz, reach)
    dull = from_curve_db(np.where(grid > 5000.0, -60.0, 0.0), reach)
    balance = balance_of(with_samples(sound, convolve_same(sound.samples, dull)))
    assert not np.any(balance.judged[balance.freq_hz >= 8000.0])
    assert np.all(balance.judged[(balance.freq_hz >= 100.0) & (balance.freq_hz <= 3150.0)])
