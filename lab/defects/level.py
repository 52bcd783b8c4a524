"""Level: a song that is too quiet for its standard, and peaks over the ceiling. Strengths are set by the standards."""

from __future__ import annotations

import numpy as np
from scipy import signal

from controlroom.dsp.loudness import measure
from lab.defects.form import Defect, Flawed, Host, of_mix
from lab.defects.sound import decibels, linear

TARGET_LUFS = -14.0
CEILING_DBTP = -1.0


def quiet(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Plain gain until the song lies under −14 LUFS by the strength."""
    level = measure(host.mix.samples, host.mix.rate_hz).integrated_lufs
    return of_mix(host.mix.samples * np.float32(linear(TARGET_LUFS - strength - level)), host.mix.rate_hz)


def hot_peaks(host: Host, strength: float, _rng: np.random.Generator) -> Flawed:
    """Plain gain until the true peak lies over −1 dBTP by the strength, as hot lossy files decode."""
    gain = linear(CEILING_DBTP + strength - true_peak_dbtp(host.mix.samples))
    return of_mix(host.mix.samples * np.float32(gain), host.mix.rate_hz)


def true_peak_dbtp(samples: np.ndarray) -> float:
    """Return the peak at 8 points per sample, read around the largest samples by FFT resampling."""
    reach, worst = 2048, 0.0
    for channel in samples:
        for place in np.argsort(np.abs(channel))[-8:]:
            piece = channel[max(0, place - reach) : place + reach]
            fine = signal.resample(piece * np.hanning(piece.size), 8 * piece.size)
            shape = signal.resample(np.hanning(piece.size), 8 * piece.size)
            inner = slice(2 * piece.size, 6 * piece.size)
            worst = max(worst, float(np.abs(fine[inner] / shape[inner]).max()))
    return decibels(max(worst, float(np.abs(samples).max())))


DEFECTS = (
    Defect("quiet", "level", "LU under -14 LUFS", (1.5, 4.0, 9.0), quiet),
    Defect("hot-peaks", "true-peak", "dB over -1 dBTP", (0.5, 2.0, 6.0), hot_peaks),
)
