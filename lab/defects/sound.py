"""Sound tools that several defects share: curves, noise, levels, envelopes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft, ndimage, signal

from controlroom.dsp.spectrum import erb_frequency, erb_number

Curve = Callable[[np.ndarray], np.ndarray]
"""Frequencies in hertz to gain in dB."""

MASKED_TONE_DB = -5.0
"""A tone is just heard in noise when it lies this far from the noise in one ERB around it.

Moore, An Introduction to the Psychology of Hearing, ch. 3: the detection
efficiency K of a tone in noise, about −4 to −5 dB in mid and high frequencies.
"""


def shaped(samples: np.ndarray, rate_hz: int, curve: Curve) -> np.ndarray:
    """Filter (channels, frames) by a zero-phase curve in dB."""
    frames = samples.shape[-1]
    size = fft.next_fast_len(frames + rate_hz // 4, real=True)
    spectrum = fft.rfft(samples, size, axis=-1)
    bins = fft.rfftfreq(size, 1 / rate_hz)
    gain = 10 ** (curve(np.maximum(bins, 1.0)) / 20)
    spectrum *= gain.astype(np.float32)
    return np.asarray(fft.irfft(spectrum, size, axis=-1, overwrite_x=True)[..., :frames])


def band_pass(samples: np.ndarray, rate_hz: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Zero-phase band of fourth-order slopes; ``low_hz`` 0 or a high edge over Nyquist leave that side open."""

    def curve(f: np.ndarray) -> np.ndarray:
        gain = -10 * np.log10(1 + (f / high_hz) ** 8)
        return gain if low_hz <= 0 else gain - 10 * np.log10(1 + (low_hz / f) ** 8)

    return shaped(samples, rate_hz, curve)


def rms(samples: np.ndarray) -> float:
    """Root mean square over everything."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)) + 1e-30))


def decibels(ratio: float) -> float:
    """Amplitude ratio in dB."""
    return float(20 * np.log10(max(ratio, 1e-15)))


def linear(db: float) -> float:
    """Return the amplitude ratio of a level in dB."""
    return float(10 ** (db / 20))


def noise_like(
    samples: np.ndarray, rate_hz: int, low_hz: float, high_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """Independent Gaussian noise per channel in a band, RMS 1, shaped like ``samples``."""
    noise = rng.standard_normal(samples.shape, dtype=np.float32)
    noise = band_pass(noise, rate_hz, low_hz, high_hz)
    return noise / rms(noise)


def envelope(samples: np.ndarray, rate_hz: int, window_s: float) -> np.ndarray:
    """Smoothed RMS over channels, shape (frames,)."""
    power = np.mean(np.square(samples), axis=0)
    size = max(1, int(window_s * rate_hz))
    return np.sqrt(np.maximum(ndimage.uniform_filter1d(power, size, mode="nearest"), 0.0))


def masked_tone_rms(samples: np.ndarray, rate_hz: int, frequency_hz: float) -> float:
    """Return the RMS of a tone that the sound, on average, just masks."""
    place = float(erb_number(frequency_hz))
    low, high = (float(erb_frequency(place + half)) for half in (-0.5, 0.5))
    f, power = signal.welch(samples, rate_hz, nperseg=8192, axis=-1)
    inside = (f >= low) & (f <= high)
    noise = float(np.mean(power.sum(axis=0)[inside]) / samples.shape[0] * (high - low))
    return float(np.sqrt(noise * 10 ** (MASKED_TONE_DB / 10)) + 1e-9)


def smooth_gain(points_s: list[float], gains_db: list[float], frames: int, rate_hz: int) -> np.ndarray:
    """Return a gain curve (linear, shape (frames,)) through points in time, interpolated in dB."""
    coarse = np.arange(0, frames + 441, 441)
    db = np.interp(coarse / rate_hz, points_s, gains_db)
    return np.interp(np.arange(frames), coarse, 10 ** (db / 20)).astype(np.float32)


def onset_gain(
    onsets_s: np.ndarray, depth_db: float, length_s: float, frames: int, rate_hz: int
) -> np.ndarray:
    """Return a gain that is ``depth_db`` down at each onset and back after ``length_s``."""
    gain = np.ones(frames, dtype=np.float32)
    length, lead = int(3 * length_s * rate_hz), int(0.002 * rate_hz)
    t = np.arange(length) / rate_hz
    dip = 10 ** (-depth_db * np.exp(-((t / length_s) ** 2)) / 20)
    notch = np.concatenate([np.linspace(1, dip[0], lead), dip]).astype(np.float32)
    for onset in onsets_s:
        start = max(0, round(onset * rate_hz) - lead)
        piece = gain[start : start + notch.size]
        np.minimum(piece, notch[: piece.size], out=piece)
    return gain


def recorrelated(
    samples: np.ndarray, rate_hz: int, band_hz: tuple[float, float], target: float
) -> np.ndarray:
    """Give a band of a stereo sound the correlation ``target``, its power unchanged.

    Mid and its Hilbert transform are uncorrelated and equally strong, so
    M = a·m, S = b·H(m) with a² + b² = 1 has correlation a² − b².
    """
    band = band_pass(samples, rate_hz, *band_hz)
    mid = band.mean(axis=0)
    mid *= rms(band) / (rms(mid) + 1e-12)
    size = fft.next_fast_len(mid.size, real=True)
    spectrum = fft.rfft(mid, size)
    quarter = fft.irfft(-1j * spectrum, size)[: mid.size]
    a, b = np.sqrt((1 + target) / 2), np.sqrt((1 - target) / 2)
    return np.asarray(samples - band + np.stack([a * mid + b * quarter, a * mid - b * quarter]))
