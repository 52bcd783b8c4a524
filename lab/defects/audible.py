"""How far a fault lies over what masks it in its host."""

from __future__ import annotations

import numpy as np
from scipy import signal

from controlroom.dsp.masking import spreading
from controlroom.dsp.spectrum import erb_frequency, erb_number
from lab.defects.sound import MASKED_TONE_DB

CLEARLY_DB = 6.0
"""A clear fault lies so far over its masked threshold (the definition of the three grades)."""

SHARE_OF_TIME = 0.1
LOWEST_HZ, HIGHEST_HZ = 35.0, 16000.0
FRAME_S = 0.09


def over_masked_db(sound: np.ndarray, fault: np.ndarray, rate_hz: int) -> float:
    """Return how far a fault lies over its masked threshold in its best ERB band, for a tenth of the time.

    Parameters
    ----------
    sound, fault : ndarray, shape (channels, frames)
        The host, and what is added to it.
    rate_hz : int

    Notes
    -----
    Bands of one ERB on frames of 0.09 s; the host's power spreads from band to
    band (``controlroom.dsp.masking``) and masks what lies 5 dB under it
    (Moore, ``MASKED_TONE_DB``). What is heard in pauses is heard: so not the mean over
    time counts, but what a tenth of the frames reaches.
    """
    edges = erb_frequency(np.arange(erb_number(LOWEST_HZ), erb_number(min(HIGHEST_HZ, 0.49 * rate_hz)), 1.0))
    covers = _bands(sound, rate_hz, edges) @ spreading(edges)
    over = 10 * np.log10(_bands(fault, rate_hz, edges) / np.maximum(covers, 1e-16) + 1e-20)
    return float(np.quantile(over.max(axis=1), 1 - SHARE_OF_TIME) - MASKED_TONE_DB)


def _bands(samples: np.ndarray, rate_hz: int, edges_hz: np.ndarray) -> np.ndarray:
    """Return the mid's power over time in bands, shape (stft_frames, bands)."""
    frame = 1 << round(np.log2(FRAME_S * rate_hz))
    freq_hz, _, spectra = signal.stft(
        samples.mean(axis=0), rate_hz, nperseg=frame, noverlap=frame // 2, boundary=None, padded=False
    )
    first = np.searchsorted(freq_hz, edges_hz)
    return np.asarray(np.add.reduceat(np.abs(spectra) ** 2, first, axis=0)[:-1].T)
