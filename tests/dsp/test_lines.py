import numpy as np
import pytest

from controlroom.dsp.lines import birdie_density, fine_spectra, hum, mid_of, sounding, strongest_line
from tests import tolerances as tol

RATE_HZ = 44100
SECONDS = 12.0


def seconds(length=SECONDS, rate_hz=RATE_HZ):
    return np.arange(round(length * rate_hz)) / rate_hz


def noise(seed=1, length=SECONDS, rate_hz=RATE_HZ):
    return 0.1 * np.random.default_rng(seed).standard_normal(round(length * rate_hz)).astype(np.float32)


def tone(freq_hz, length=SECONDS, rate_hz=RATE_HZ):
    return np.sin(2 * np.pi * freq_hz * seconds(length, rate_hz)).astype(np.float32)


def test_powers_sum_to_the_mean_square():
    wave = noise()
    power = fine_spectra(wave, RATE_HZ).power
    assert 10 * np.log10(power.sum(axis=1).mean() / np.mean(wave**2)) == pytest.approx(
        0.0, abs=tol.NOISE_LEVEL_DB
    )


def test_the_mid_of_one_channel_is_the_sound():
    wave = noise()[None]
    assert np.array_equal(mid_of(wave), wave[0])
    assert np.allclose(mid_of(np.concatenate([wave, -wave])), 0.0, atol=tol.FLOAT32)


@pytest.mark.parametrize("rate_hz", [32000, 44100, 48000, 96000])
def test_a_standing_tone_is_found_where_it_is(rate_hz):
    sound = noise(rate_hz=rate_hz) + 0.04 * tone(3517.0, rate_hz=rate_hz)
    spectra = fine_spectra(sound, rate_hz)
    line = strongest_line(spectra, 2800.0, 14000.0)
    assert abs(line.freq_hz - 3517.0) <= spectra.bin_hz
    assert line.prominence_db > 20.0


def test_noise_holds_no_line_and_no_bird_and_no_hum():
    spectra = fine_spectra(noise(), RATE_HZ)
    assert strongest_line(spectra, 2800.0, 16000.0).prominence_db < 6.0
    assert birdie_density(spectra, 5100.0, 7200.0) < 0.01
    assert hum(noise(length=30.0), RATE_HZ).prominence_db < 3.5


def test_a_note_that_comes_and_goes_is_no_line():
    gate = (np.floor(seconds() / 0.5) % 2).astype(np.float32)
    line = strongest_line(fine_spectra(noise() + 0.1 * gate * tone(3517.0), RATE_HZ), 2800.0, 16000.0)
    assert line.prominence_db < 6.0


@pytest.mark.parametrize("mains_hz", [50.0, 60.0, 50.05])
def test_a_mains_comb_is_hum_and_one_tone_is_none(mains_hz):
    comb = sum(tone(mains_hz * k) / k for k in range(1, 9))
    assert hum(noise() + 0.01 * comb, RATE_HZ).prominence_db > 6.0
    assert hum(noise() + 0.01 * comb, RATE_HZ).freq_hz == round(mains_hz, -1)
    assert hum(noise() + 0.01 * tone(mains_hz), RATE_HZ).prominence_db < 3.5


def test_a_machine_s_pattern_on_a_mains_frequency_is_no_hum():
    # 125 BPM: the teeth of the pattern's comb are 2.083 Hz apart, every 24th is a multiple of 50 Hz
    beat_hz = 125.0 / 60.0
    stroke = np.exp(-(seconds(30.0) % (1 / beat_hz)) / 0.05).astype(np.float32) - 0.1
    pattern = 0.2 * stroke * np.sin(2 * np.pi * 24 * beat_hz * seconds(30.0)).astype(np.float32)
    assert hum(0.01 * noise(length=30.0) + pattern, RATE_HZ).prominence_db < 3.5


def test_birds_are_counted():
    rng = np.random.default_rng(3)
    sound = noise()
    for start in rng.integers(0, sound.size - RATE_HZ, 60):
        length = round(0.3 * RATE_HZ)
        bird = np.sin(2 * np.pi * rng.uniform(5100, 7200) * np.arange(length) / RATE_HZ) * np.hanning(length)
        sound[start : start + length] += 0.05 * bird.astype(np.float32)
    # sixty birds of which about 0.2 s stand out, over twelve seconds
    assert 0.3 < birdie_density(fine_spectra(sound, RATE_HZ), 5100.0, 7200.0) < 1.5


@pytest.mark.parametrize("gain", [0.01, -1.0, 3.0])
def test_gain_and_polarity_change_nothing(gain):
    sound = noise() + 0.02 * tone(3517.0)
    before, after = (fine_spectra(np.float32(g) * sound, RATE_HZ) for g in (1.0, gain))
    was, now = (strongest_line(s, 2800.0, 16000.0) for s in (before, after))
    assert now.freq_hz == was.freq_hz
    assert now.prominence_db == pytest.approx(was.prominence_db, abs=tol.BAND_LEVEL_DB)
    assert birdie_density(after, 5100.0, 7200.0) == pytest.approx(
        birdie_density(before, 5100.0, 7200.0), abs=1e-3
    )


def test_silence_at_the_end_does_not_sound():
    power = fine_spectra(np.concatenate([noise(), np.zeros(RATE_HZ * 4, dtype=np.float32)]), RATE_HZ).power
    share = np.count_nonzero(sounding(power)) / power.shape[0]
    assert share == pytest.approx(SECONDS / (SECONDS + 4.0), abs=0.01)


@pytest.mark.parametrize("frames", [0, 10, 5000])
def test_scraps_hold_nothing(frames):
    scrap = np.zeros(frames, dtype=np.float32)
    assert strongest_line(fine_spectra(scrap, RATE_HZ), 2800.0, 16000.0).prominence_db == 0.0
    assert hum(scrap, RATE_HZ).prominence_db == 0.0
    assert birdie_density(fine_spectra(scrap, RATE_HZ), 5100.0, 7200.0) == 0.0
