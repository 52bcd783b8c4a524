"""Onset envelopes: how much new energy arrives, per group of bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from controlroom.music.spectra import Doubles, FastSpectrum, Floats

GROUP_EDGES_HZ = (0.0, 160.0, 800.0, 3200.0, 1e9)
"""Kick and bass; body of snare, voice and chords; attack of snare and voice; hats and cymbals."""
LAG_FRAMES = 2
LATENCY_S = 0.004
"""The flux of a step peaks this much before the step's own time (measured with clicks; see tests)."""
MEAN_S = 1.0
SCALE_S = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Onsets:
    """Onset envelopes on the fast spectrum's frames.

    Attributes
    ----------
    groups : float32 array, shape (frames, groups)
        Mean rise of the log level per group of bands, ≥ 0.
    envelope : float64 array, shape (frames,)
        All groups together, less its local mean, over its local scale, ≥ 0.
    hop_s : float
        Frame distance; frame ``n`` stands for time ``n * hop_s + LATENCY_S``.
    """

    groups: Floats
    envelope: Doubles
    hop_s: float


def superflux(levels: Floats) -> Floats:
    """Return the rise of each band over the loudest of its neighbours a moment ago.

    SuperFlux (Böck and Widmer, DAFx 2013): comparing with the maximum of three
    neighbouring bands, two frames back, ignores vibrato and slides.

    Parameters
    ----------
    levels : float32 array, shape (frames, bands)
        Log levels.

    Returns
    -------
    float32 array, shape (frames, bands)
        ≥ 0; the first `LAG_FRAMES` frames are compared with silence before the start only
        if the sound starts with it, so they are 0.
    """
    rise = np.zeros_like(levels)
    if levels.shape[0] <= LAG_FRAMES:
        return rise
    before = levels[:-LAG_FRAMES]
    widest = before.copy()
    np.maximum(widest[:, 1:], before[:, :-1], out=widest[:, 1:])
    np.maximum(widest[:, :-1], before[:, 1:], out=widest[:, :-1])
    np.subtract(levels[LAG_FRAMES:], widest, out=rise[LAG_FRAMES:])
    return np.maximum(rise, 0.0, out=rise)


def stand_out(curve: Doubles, hop_s: float) -> Doubles:
    """Return a curve less its local mean, clipped at 0, over its local RMS.

    Loud and quiet parts of a song then have the same say in tempo and beats.
    """
    mean = ndimage.uniform_filter1d(curve, max(3, round(MEAN_S / hop_s)), mode="nearest")
    above = np.maximum(curve - mean, 0.0)
    square = ndimage.uniform_filter1d(above * above, max(3, round(SCALE_S / hop_s)), mode="nearest")
    floor = 0.05 * float(np.sqrt(np.mean(above * above))) + 1e-9
    return np.asarray(above / np.sqrt(np.maximum(square, floor * floor)), dtype=np.float64)


def measure_onsets(fast: FastSpectrum) -> Onsets:
    """Return the onset envelopes of a sound.

    Parameters
    ----------
    fast : FastSpectrum
        From `controlroom.music.spectra.look`.
    """
    rise = superflux(fast.levels)
    group = np.digitize(fast.centres_hz, GROUP_EDGES_HZ[1:-1])
    columns = [
        rise[:, group == g].mean(axis=1) if np.any(group == g) else np.zeros(rise.shape[0], np.float32)
        for g in range(len(GROUP_EDGES_HZ) - 1)
    ]
    groups = np.stack(columns, axis=1).astype(np.float32)
    return Onsets(groups, stand_out(groups.sum(axis=1, dtype=np.float64), fast.hop_s), fast.hop_s)
