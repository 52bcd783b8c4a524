"""How two channels share a sound over time, read off the shared band spectra.

Everything is a ratio of the powers of mid, side and their product, so gain and
an exchange of the channels change nothing but a sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controlroom.dsp.spectrum import POWER_FLOOR, BandSpectra, Floats, Mask, decibels, k_weighting_power

HIGH_HZ = 6000.0
SOUNDING_DB = 25.0
"""Frames further than this under the band's loud level are not judged."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Left over right in dB: of the whole, and how it moves from start to end by a straight line.

    ``steadiness`` is the share of the movement that the line explains, 0 to 1.
    """

    mean_db: float
    drift_db: float
    steadiness: float


def _loud(power: Floats) -> Mask:
    """Return the frames that lie near the loud level."""
    level = decibels(power)
    top = float(np.quantile(level, 0.95)) if level.size else -200.0
    return np.asarray(level > max(top - SOUNDING_DB, -120.0))


def _weighted(spectra: BandSpectra, low_hz: float, high_hz: float) -> tuple[Floats, Floats, Floats]:
    """Return K-weighted mid, side and cross power per frame of some bands."""
    bands = spectra.between(low_hz, high_hz)
    weights = k_weighting_power(spectra.centres_hz[bands])
    rows = (spectra.mid, spectra.side, spectra.cross)
    mid, side, cross = (np.asarray((row[:, bands] * weights).sum(axis=1, dtype=np.float64)) for row in rows)
    return mid, side, cross


def high_correlations(spectra: BandSpectra, low_hz: float = HIGH_HZ) -> Floats:
    """Return the correlation of the channels above ``low_hz``, in each sounding frame.

    Parameters
    ----------
    spectra : BandSpectra
        Of two channels; frames are about 0.2 s apart.

    Returns
    -------
    ndarray of float64
        −1 to 1, as many as frames sound; empty for silence.
    """
    bands = spectra.between(low_hz, 20000.0)
    rows = (spectra.mid, spectra.side, spectra.cross)
    mid, side, cross = (row[:, bands].sum(axis=1, dtype=np.float64) for row in rows)
    left, right = mid + side + 2.0 * cross, mid + side - 2.0 * cross
    loud = _loud(mid + side)
    product = np.sqrt(np.maximum(left * right, POWER_FLOOR**2))
    return np.asarray(np.clip((mid - side) / product, -1.0, 1.0)[loud])


def fold_loss_db(spectra: BandSpectra, low_hz: float = 200.0) -> float:
    """Return the K-weighted level above ``low_hz`` that a fold to mono loses, in dB.

    0 for no side, 3.01 for unrelated channels, without bound for opposite ones.
    """
    mid, side, _ = _weighted(spectra, low_hz, 20000.0)
    middle, whole = float(mid.sum()), float(mid.sum() + side.sum())
    return 0.0 if whole <= POWER_FLOOR else float(decibels(whole / max(middle, whole * 1e-10)))


def balance(spectra: BandSpectra) -> Balance:
    """Return the balance of left and right, K-weighted, 20 Hz to 20 kHz.

    The drift is the slope of a straight line through the balance of each
    sounding frame, weighted by the root of its power so that quiet parts count,
    times the length of the sound.
    """
    mid, side, cross = _weighted(spectra, 20.0, 20000.0)
    left, right = mid + side + 2.0 * cross, mid + side - 2.0 * cross
    total = left.sum() + right.sum()
    if total <= POWER_FLOOR:
        return Balance(0.0, 0.0, 0.0)
    floor = total * 1e-7
    mean = float(decibels(max(left.sum(), floor)) - decibels(max(right.sum(), floor)))
    loud = _loud(left + right)
    if np.count_nonzero(loud) < 16:
        return Balance(mean, 0.0, 0.0)
    floors = 1e-5 * (left + right)[loud] + POWER_FLOOR
    ratio = decibels(np.maximum(left[loud], floors)) - decibels(np.maximum(right[loud], floors))
    at = np.flatnonzero(loud) / max(1, loud.size - 1) - 0.5
    weight = (left + right)[loud] ** 0.25
    weight = weight / weight.sum()
    centred = at - np.sum(weight * at)
    away = ratio - np.sum(weight * ratio)
    slope = float(np.sum(weight * centred * away) / max(np.sum(weight * centred**2), 1e-12))
    moved = float(np.sum(weight * away**2))
    explained = slope**2 * float(np.sum(weight * centred**2)) / max(moved, 1e-9)
    return Balance(mean, slope, min(1.0, explained))
