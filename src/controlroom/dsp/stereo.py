"""Width and agreement of two channels, read off the shared band spectra.

With L = M + S and R = M − S all second-order stereo figures follow from three
powers per band: M², S² and Re(M·S*). None of them changes with gain.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from controlroom.dsp.spectrum import POWER_FLOOR, BandSpectra, Floats, Mask, decibels
from controlroom.model.audio import Samples

WIDTH_FLOOR_DB = -99.0
"""Side over mid of a sound without any side."""


def to_mid_side(samples: Samples) -> Samples:
    """Return (M, S) = ((L+R)/2, (L−R)/2) of two channels, shape (2, frames)."""
    return np.stack([samples[0] + samples[1], samples[0] - samples[1]]) * np.float32(0.5)


def from_mid_side(mid_side: Samples) -> Samples:
    """Return (L, R) = (M+S, M−S), shape (2, frames)."""
    return np.stack([mid_side[0] + mid_side[1], mid_side[0] - mid_side[1]])


def side_over_mid_db(spectra: BandSpectra, bands: Mask, frames: Mask | None = None) -> float:
    """Return E_S/E_M over the chosen bands in dB, not below −99."""
    mid, side, _ = _sums(spectra, bands, frames)
    if mid + side <= POWER_FLOOR:
        return WIDTH_FLOOR_DB
    return max(WIDTH_FLOOR_DB, float(decibels(side / max(mid, POWER_FLOOR * 1e-3))))


def correlation(spectra: BandSpectra, bands: Mask, frames: Mask | None = None) -> float:
    """Return ρ = ΣLR / √(ΣL²·ΣR²) over the chosen bands, −1 to 1; 1 for silence or one channel alone.

    A channel that is silent on its own has no correlation; it is width, not
    disagreement, and reads 0.
    """
    mid, side, cross = _sums(spectra, bands, frames)
    left, right = mid + side + 2.0 * cross, mid + side - 2.0 * cross
    if left + right <= POWER_FLOOR:
        return 1.0
    if min(left, right) <= 1e-12 * max(left, right):
        return 0.0
    return float(np.clip((mid - side) / np.sqrt(left * right), -1.0, 1.0))


def band_correlations(spectra: BandSpectra, frames: Mask | None = None) -> Floats:
    """Return the correlation in each third-octave band, shape (bands,)."""
    masks = np.eye(spectra.centres_hz.size, dtype=np.bool_)
    return np.array([correlation(spectra, mask, frames) for mask in masks])


def mono_fold_loss_db(spectra: BandSpectra) -> float:
    """Return how much K-weighted level a fold to mono loses, in dB.

    10·log10((M² + S²)/M²): 0 for a sound without side, 3.01 for two unrelated
    channels, without bound when they are opposite.
    """
    mid = float(spectra.loud_mid.sum(dtype=np.float64))
    side = float(spectra.loud_side.sum(dtype=np.float64))
    if mid + side <= POWER_FLOOR:
        return 0.0
    return float(decibels((mid + side) / max(mid, (mid + side) * 1e-10)))


def _sums(spectra: BandSpectra, bands: Mask, frames: Mask | None) -> npt.NDArray[np.float64]:
    chosen = slice(None) if frames is None else frames
    rows = (spectra.mid, spectra.side, spectra.cross)
    return np.array([float(row[chosen][:, bands].sum(dtype=np.float64)) for row in rows])
