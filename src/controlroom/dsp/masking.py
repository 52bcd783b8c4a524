"""What covers what: levels in ERB bands over time, and the share of a sound that others lie over.

References
----------
B. R. Glasberg and B. C. J. Moore, "Derivation of auditory filter shapes from
notched-noise data", Hearing Research 47 (1990).
M. R. Schroeder, B. S. Atal, J. L. Hall, "Optimizing digital speech coders by
exploiting masking properties of the human ear", JASA 66 (1979): the spread of
masking along the basilar membrane, steep downwards and shallow upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from controlroom.dsp.spectrum import POWER_FLOOR, decibels, erb_edges, erb_number
from controlroom.model.audio import Samples

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

FRAME_S = 0.046
LOW_HZ, HIGH_HZ = 100.0, 15000.0
BANDS = 32
UPWARD_DB_PER_ERB = 9.0
"""Spread of masking towards higher bands; 10 dB per Bark (Schroeder 1979), an ERB being about 0.9 Bark."""
DOWNWARD_DB_PER_ERB = 22.0
"""Towards lower bands: 25 dB per Bark."""
_BATCH = 512


@dataclass(frozen=True, slots=True, eq=False)
class ErbLevels:
    """Power over time in ERB-spaced bands.

    Parameters
    ----------
    hop_s : float
        Distance of two frames, 23 ms; frame n starts at n·hop_s.
    edges_hz : ndarray, shape (bands + 1,)
    power : ndarray of float32, shape (frames, bands)
        Mean square over channels.
    """

    hop_s: float
    edges_hz: Floats
    power: Singles

    @property
    def middles_hz(self) -> Floats:
        """Each band's middle, shape (bands,)."""
        return np.asarray(np.sqrt(self.edges_hz[1:] * self.edges_hz[:-1]))

    def between(self, low_hz: float, high_hz: float) -> Mask:
        """Return which bands have their middle in [low_hz, high_hz]."""
        middle = self.middles_hz
        return np.asarray((middle >= low_hz) & (middle <= high_hz))


def erb_levels(samples: Samples, rate_hz: int) -> ErbLevels:
    """Return power in 32 ERB-spaced bands, 100 Hz to 15 kHz, every 23 ms.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        The middle of two channels is measured: what both ears get alike.
    rate_hz : int
        Its rate, > 0. Bands over Nyquist read nothing.
    """
    # as long at every rate: what is read of consonants and vowels follows the frame
    hop = fft.next_fast_len(round(FRAME_S * rate_hz / 2), real=True)
    frame = 2 * hop
    mid = samples[0] if samples.shape[0] == 1 else (samples[0] + samples[1]) * np.float32(0.5)
    count = max(1, 1 + (mid.size - frame) // hop)
    if mid.size < frame:
        mid = np.pad(mid, (0, frame - mid.size))
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    window *= np.float32(np.sqrt(2.0 / (frame * np.sum(window.astype(np.float64) ** 2))))
    edges = erb_edges(LOW_HZ, HIGH_HZ, BANDS)
    bins = np.clip(np.round(edges / (rate_hz / frame)).astype(np.int64), 0, hop)
    views = np.lib.stride_tricks.sliding_window_view(mid, frame)[::hop]
    out = np.empty((count, BANDS), dtype=np.float32)
    for first in range(0, count, _BATCH):
        spectra = fft.rfft(views[first : min(first + _BATCH, count)] * window, axis=1)
        power = spectra.real**2 + spectra.imag**2
        sums = np.add.reduceat(power, bins, axis=1)[:, :-1]
        out[first : first + power.shape[0]] = sums * (np.diff(bins) > 0)
    return ErbLevels(hop / rate_hz, edges, out)


def spreading(edges_hz: Floats) -> Floats:
    """Return the share of each band's power that reaches each other band, shape (from, to)."""
    place = erb_number(np.sqrt(edges_hz[1:] * edges_hz[:-1]))
    away = place[None, :] - place[:, None]
    down = np.where(away >= 0, UPWARD_DB_PER_ERB * away, -DOWNWARD_DB_PER_ERB * away)
    return np.asarray(10.0 ** (-down / 10.0))


def excitation(levels: ErbLevels) -> Singles:
    """Return the power that a sound brings to each band's place on the ear's scale, shape (frames, bands)."""
    spread = spreading(levels.edges_hz).astype(np.float32)
    return np.asarray(np.einsum("fb,bc->fc", levels.power, spread, optimize=False), dtype=np.float32)


def active(levels: ErbLevels, bands: Mask, below_db: float = 20.0) -> Mask:
    """Return the frames in which the bands' power lies within ``below_db`` of its loud level, shape (frames,)."""
    power = decibels(levels.power[:, bands].sum(axis=1))
    loud = float(np.quantile(power, 0.95)) if power.size else -200.0
    return np.asarray(power > max(loud - below_db, -100.0))


def signal_to_mask_db(signal: ErbLevels, cover: ErbLevels, bands: Mask, frames: Mask) -> float:
    """Return the level of a sound over what covers it, median over bands of the mean power over frames, in dB.

    Parameters
    ----------
    signal, cover : ErbLevels
        The same length of both.
    bands, frames : ndarray of bool
        Where it is asked; nan when nowhere.
    """
    if not np.any(bands) or not np.any(frames):
        return float("nan")
    own = signal.power[frames][:, bands].mean(axis=0, dtype=np.float64)
    over = excitation(cover)[frames][:, bands].mean(axis=0, dtype=np.float64)
    return float(np.median(decibels(own) - decibels(over)))


def covered_share(
    signal: ErbLevels, cover: ErbLevels, bands: Mask, frames: Mask, margin_db: float = 0.0
) -> float:
    """Return the share of a sound's sounding cells (frame, band) that lie under what covers them, 0 to 1.

    A cell counts when it lies within 20 dB of the band's loud level.
    """
    own = decibels(signal.power[frames][:, bands])
    if own.size == 0:
        return 0.0
    over = decibels(np.maximum(excitation(cover)[frames][:, bands], POWER_FLOOR))
    counts = own > np.quantile(own, 0.95, axis=0) - 20.0
    return float(np.mean((own < over + margin_db)[counts])) if np.any(counts) else 0.0
