"""Clean synthetic sounds, the standards they are judged by, and defects to plant in them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import numpy as np

from controlroom.dsp.filters import bell_db, convolve_same, from_curve_db, grid_hz
from controlroom.dsp.spectrum import NOMINAL_HZ, decibels, k_weighting_power
from controlroom.model.audio import Audio, Samples
from controlroom.model.standards import Standard, Standards

RATE_HZ = 44100
CLEAN_LUFS = -13.0
CORRIDOR_HALF_DB = 3.0


def corridor_median_db(freq_hz):
    """A made-up corridor: level to 100 Hz, then falling by 3 dB per octave in third-octave bands."""
    return -3.0 * np.log2(np.maximum(freq_hz, 100.0) / 100.0)


@cache
def standards() -> Standards:
    """Return the shipped numbers with the made-up corridor, so that no test moves with the real one."""
    text = resources.files("controlroom.data").joinpath("standards.toml").read_text(encoding="utf-8")
    shipped = Standards.from_document(tomllib.loads(text))
    freq = np.array(NOMINAL_HZ)
    median = corridor_median_db(freq)
    curves = {
        "freq_hz": freq,
        "median_db": median,
        "low_db": median - CORRIDOR_HALF_DB,
        "high_db": median + CORRIDOR_HALF_DB,
    }
    entries = dict(shipped.entries)
    for name, curve in curves.items():
        entries[f"tone.corridor_{name}"] = Standard(
            value=tuple(float(v) for v in curve), help="made up", origin="tests"
        )
    return Standards(entries=entries)


def noise(seconds: float, rate_hz: int, seed: int) -> Samples:
    """Return one channel of noise with the corridor's median as its spectrum, RMS 1, nothing below 30 Hz."""
    frames = round(seconds * rate_hz)
    rng = np.random.default_rng(seed)
    freq = np.fft.rfftfreq(frames, 1 / rate_hz)
    # constant power per third octave is 1/f in density
    power = 10 ** (corridor_median_db(freq) / 10) / np.maximum(freq, 1.0)
    power[(freq < 30.0) | (freq > 18000.0)] = 0.0
    spectrum = np.sqrt(power) * np.exp(2j * np.pi * rng.random(freq.size))
    wave = np.fft.irfft(spectrum, frames)
    return (wave / np.sqrt(np.mean(wave**2))).astype(np.float32)[None]


@cache
def clean(seconds: float = 8.0, rate_hz: int = RATE_HZ, channels: int = 2, seed: int = 440) -> Audio:
    """Return a sane sound: tone on the corridor, mono low end, moderate width, quiet ends, no peak too high."""
    mid = noise(seconds, rate_hz, seed)
    if channels == 2:
        reach = round(0.05 * rate_hz)
        grid = grid_hz(rate_hz, reach)
        side = convolve_same(
            noise(seconds, rate_hz, seed + 1), from_curve_db(-8.0 - 30.0 / (1 + (grid / 200.0) ** 4), reach)
        )
        samples = np.concatenate([mid + side, mid - side])
    else:
        samples = mid
    at_s = np.arange(samples.shape[1]) / rate_hz
    samples = np.tanh(samples / 1.8) * (1.0 + 0.2 * np.sin(2 * np.pi * 0.5 * at_s))
    ends = np.clip(np.minimum(at_s / 0.05, (at_s[-1] - at_s) / 0.5), 0.0, 1.0)
    samples = (samples * (0.5 - 0.5 * np.cos(np.pi * ends))).astype(np.float32)
    return Audio(samples * np.float32(10 ** ((CLEAN_LUFS - k_level(samples, rate_hz)) / 20)), rate_hz)


def k_level(samples: Samples, rate_hz: int) -> float:
    """Return the ungated K-weighted level in LUFS, straight from one transform."""
    power = np.abs(np.fft.rfft(samples, axis=1)) ** 2 / samples.shape[1] ** 2 * 2
    freq = np.fft.rfftfreq(samples.shape[1], 1 / rate_hz)
    return float(decibels(np.sum(power * k_weighting_power(freq)))) - 0.691


def with_samples(sound: Audio, samples) -> Audio:
    return Audio(np.asarray(samples, dtype=np.float32), sound.rate_hz)


def finished(sound: Audio, samples) -> Audio:
    """Return samples with the clean sound's quiet end and level again, so that one defect is planted and not two."""
    left_s = (sound.frames - np.arange(sound.frames)) / sound.rate_hz
    samples = samples * (0.5 - 0.5 * np.cos(np.pi * np.clip(left_s / 0.5, 0.0, 1.0)))
    return with_samples(sound, samples * 10 ** ((CLEAN_LUFS - k_level(samples, sound.rate_hz)) / 20))


def seconds_of(sound: Audio):
    return np.arange(sound.frames) / sound.rate_hz


def plant_level(sound: Audio) -> Audio:
    return with_samples(sound, sound.samples * 10 ** (-12 / 20))


def plant_true_peak(sound: Audio) -> Audio:
    samples = sound.samples.copy()
    at = sound.frames // 2
    samples[:, at : at + 3] += np.float32([0.6, 1.2, 0.6])
    return with_samples(sound, samples)


def plant_tone(sound: Audio) -> Audio:
    """A broad bump at 250 Hz: mud."""
    reach = round(0.08 * sound.rate_hz)
    curve = bell_db(grid_hz(sound.rate_hz, reach), 250.0, 7.0, 0.9)
    return finished(sound, convolve_same(sound.samples, from_curve_db(curve, reach)))


def plant_rumble(sound: Audio) -> Audio:
    wave = np.sin(2 * np.pi * 11.0 * seconds_of(sound)) + np.sin(2 * np.pi * 7.3 * seconds_of(sound))
    return finished(sound, sound.samples + 0.03 * wave)


def plant_dc(sound: Audio) -> Audio:
    return with_samples(sound, sound.samples + np.float32(0.02))


def plant_width(sound: Audio) -> Audio:
    """Unrelated low ends left and right, as strong as the low end that is there."""
    reach = round(0.05 * sound.rate_hz)
    grid = grid_hz(sound.rate_hz, reach)
    low = from_curve_db(-12.0 * np.log2(np.maximum(grid, 90.0) / 90.0), reach)
    side = convolve_same(noise(sound.duration_s, sound.rate_hz, 7), low)
    side *= np.sqrt(np.mean(sound.samples**2))  # the noise has an RMS of 1
    return finished(sound, sound.samples + np.concatenate([side, -side]))


def plant_start_silence(sound: Audio) -> Audio:
    return with_samples(sound, np.pad(sound.samples, ((0, 0), (3 * sound.rate_hz, 0))))


def plant_end_silence(sound: Audio) -> Audio:
    return with_samples(sound, np.pad(sound.samples, ((0, 0), (0, 7 * sound.rate_hz))))


def plant_cut(sound: Audio) -> Audio:
    return with_samples(sound, sound.samples[:, : sound.frames - sound.rate_hz])


PLANTS = {
    "level": plant_level,
    "true-peak": plant_true_peak,
    "tonal-balance": plant_tone,
    "rumble": plant_rumble,
    "dc-offset": plant_dc,
    "low-end-width": plant_width,
    "start-silence": plant_start_silence,
    "end-silence": plant_end_silence,
    "cut-off-end": plant_cut,
}
"""What puts each finding kind into a clean sound."""
