"""Where a voice hisses: short-time power of its consonants beside that of its vowels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from controlroom.dsp.spectrum import Floats, decibels
from controlroom.model.audio import Samples

FRAME_S = 0.012
HISSING_HZ = (4500.0, 11000.0)
VOWEL_HZ = (400.0, 4000.0)
SOUNDING_DB = 40.0
SILENCE_DB = -100.0
HISSING_DB = (-6.0, 0.0)
"""Hiss over vowel within one frame, from where it begins to count as a consonant to where it fully does."""
_BATCH = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Hiss:
    """A voice's hiss and vowel power over time, in dB, at Hann frames of two hops, about 6 ms apart.

    ``loud_vowel_db`` is the 90th percentile of the vowel power of sounding frames, not below -100.
    """

    hop_s: float
    hiss_db: Floats
    vowel_db: Floats
    loud_vowel_db: float

    @property
    def consonant(self) -> Floats:
        """How far each frame is a hissing consonant, 0 to 1, shape (frames,)."""
        low, high = HISSING_DB
        share = np.clip((self.hiss_db - self.vowel_db - low) / (high - low), 0.0, 1.0)
        return np.asarray(share * share * (3.0 - 2.0 * share))

    def over_db(self, threshold_db: float) -> Floats:
        """Return how far consonants rise over the loud vowels by more than ``threshold_db``, in dB per frame."""
        return np.asarray(np.maximum(self.hiss_db - self.loud_vowel_db - threshold_db, 0.0) * self.consonant)

    def contrast_db(self) -> float:
        """Return how much more a consonant hisses than a vowel does: medians of sounding frames, in dB; 0 without either."""
        sounds = np.maximum(self.hiss_db, self.vowel_db) > self.loud_vowel_db - SOUNDING_DB / 2.0
        hissing, sung = sounds & (self.consonant > 0.5), sounds & (self.consonant == 0.0)
        if not np.any(hissing) or not np.any(sung):
            return 0.0
        return float(np.median(self.hiss_db[hissing]) - np.median(self.hiss_db[sung]))


def hiss_of(samples: Samples, rate_hz: int) -> Hiss:
    """Measure a voice's consonants; what two channels have in common is heard.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
    rate_hz : int
        Bands beyond Nyquist hold what there is of them.
    """
    frame = 2 * max(1, round(FRAME_S * rate_hz / 2.0))
    hop = frame // 2
    mid = samples.mean(axis=0)
    mid = np.pad(mid, (0, max(0, frame - mid.size)))
    views = np.lib.stride_tricks.sliding_window_view(mid, frame)[::hop]
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    window *= np.float32(np.sqrt(2.0 / (frame * np.sum(window.astype(np.float64) ** 2))))
    hz = np.arange(hop + 1) * rate_hz / frame
    bands = [(hz >= low) & (hz <= high) for low, high in (HISSING_HZ, VOWEL_HZ)]
    levels = np.empty((2, len(views)))
    for first in range(0, len(views), _BATCH):
        spectra = fft.rfft(views[first : first + _BATCH] * window, axis=1)
        power = spectra.real**2 + spectra.imag**2
        for row, band in enumerate(bands):
            levels[row, first : first + len(power)] = decibels(power[:, band].sum(axis=1))
    hiss, vowel = levels
    sounds = vowel > vowel.max() - SOUNDING_DB
    loud = max(SILENCE_DB, float(np.quantile(vowel[sounds], 0.9))) if np.any(sounds) else SILENCE_DB
    return Hiss(hop / rate_hz, hiss, vowel, loud)
