"""Tempo: the periods that the onsets repeat at, and which of them is the beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from controlroom.music.spectra import Doubles

SLOWEST_BPM = 40.0
FASTEST_BPM = 240.0
WINDOW_S = 10.0
STEP_S = 2.5
PRIOR_BPM = 116.0
PRIOR_OCTAVES = 0.55
"""Log-normal prior of the tactus; Harmonix Set p5…p95 is 74…150 with the median at 119 (standards 7.2)."""
PERIOD_OCTAVES = 1.0
"""Prior of the strongest period, which need not be the tactus: wide, or 170 is taken for 113, two thirds of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Tempogram:
    """Autocorrelation of the onset envelope.

    Attributes
    ----------
    strength : float64 array, shape (lags,)
        Mean over windows, 1 at lag 0; lag ``n`` is ``n * hop_s``.
    windows : float64 array, shape (windows, lags)
        Per window of `WINDOW_S`.
    hop_s : float
        Distance of two lags.
    """

    strength: Doubles
    windows: Doubles
    hop_s: float


@dataclass(frozen=True, slots=True)
class TempoGuess:
    """The strongest period, before its metrical level is settled.

    Attributes
    ----------
    tempo_bpm : float
        60 over the period.
    salience : float
        Mean autocorrelation at one to four periods; about 0 for noise, towards 1 for a machine.
    """

    tempo_bpm: float
    salience: float


def measure_tempogram(envelope: Doubles, hop_s: float) -> Tempogram:
    """Return the autocorrelation of the envelope over windows of ten seconds.

    Parameters
    ----------
    envelope : float64 array, shape (frames,)
        From `controlroom.music.onsets.measure_onsets`.
    hop_s : float
        Frame distance.
    """
    length = min(envelope.size, round(WINDOW_S / hop_s))
    step = max(1, round(STEP_S / hop_s))
    lags = min(length, round(8.0 / hop_s))
    if length < 8:
        return Tempogram(np.zeros(1), np.zeros((1, 1)), hop_s)
    starts = range(0, envelope.size - length + 1, step)
    frames = np.stack([envelope[at : at + length] for at in starts])
    frames = frames - frames.mean(axis=1, keepdims=True)
    size = fft.next_fast_len(2 * length, real=True)
    power = np.abs(fft.rfft(frames, size, axis=1)) ** 2
    correlation = fft.irfft(power, size, axis=1)[:, :lags]
    # unbiased: fewer products are left at long lags
    correlation *= length / (length - np.arange(lags))
    energy = np.maximum(correlation[:, :1], 1e-12)
    windows = np.where(correlation[:, :1] > 1e-9, correlation / energy, 0.0)
    return Tempogram(windows.mean(axis=0), windows, hop_s)


def at_lags(curve: Doubles, lags: Doubles) -> Doubles:
    """Return the curve at fractional lags, 0 beyond its end."""
    return np.asarray(np.interp(lags, np.arange(curve.size), curve, right=0.0))


def comb(curve: Doubles, lags: Doubles) -> Doubles:
    """Return the mean autocorrelation at one, two, three and four periods."""
    return np.asarray(np.mean([at_lags(curve, lags * m) for m in (1, 2, 3, 4)], axis=0))


def prior(tempo_bpm: Doubles, width_octaves: float = PRIOR_OCTAVES) -> Doubles:
    """Return the log-normal prior of a tactus, 1 at its mode."""
    octaves = np.log2(np.asarray(tempo_bpm) / PRIOR_BPM) / width_octaves
    return np.asarray(np.exp(-0.5 * octaves * octaves))


def estimate_tempo(tempogram: Tempogram, width_octaves: float = PERIOD_OCTAVES) -> TempoGuess | None:
    """Return the tempo whose multiples the onsets repeat at, weighted by a wide prior."""
    tempi = SLOWEST_BPM * 2.0 ** np.arange(0.0, np.log2(FASTEST_BPM / SLOWEST_BPM), 0.005)
    if tempogram.strength.size < 16:
        return None
    lags = 60.0 / tempi / tempogram.hop_s
    salience = comb(tempogram.strength, lags)
    score = np.maximum(salience, 0.0) * prior(tempi, width_octaves)
    best = int(np.argmax(score))
    return TempoGuess(float(tempi[best]), float(salience[best]))
