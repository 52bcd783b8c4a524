"""A soft clipper for the tops that a limiter should not have to hold: oversampled, and local.

Only what the clipper takes off is filtered and added, so a sound that stays
under the knee comes back bit for bit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Samples

FACTOR = 4
"""Points per sample at which the curve is applied; its images above that fold back under −60 dB."""

HALF_TAPS = 32
BETA = 9.0

CHUNK_FRAMES = 1 << 16
CONTEXT_FRAMES = 2 * HALF_TAPS
KNEE_DB = 3.0
"""The curve is straight up to this far under its saturation."""


def clip_curve(values: npt.NDArray[np.float64], saturation: float) -> npt.NDArray[np.float64]:
    """Return the soft clipper's curve: straight to the knee, then a tanh that never passes ``saturation``.

    Value and slope are continuous at the knee, KNEE_DB under the saturation.
    """
    knee = saturation * 10 ** (-KNEE_DB / 20)
    room = saturation - knee
    beyond = np.maximum(np.abs(values) - knee, 0.0)
    return np.sign(values) * (np.abs(values) - beyond + room * np.tanh(beyond / room))


def soft_clip(samples: Samples, saturation_dbtp: float) -> Samples:
    """Return the samples with their tops rounded off.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples; not changed.
    saturation_dbtp : float
        Level that the curve approaches. The band limit afterwards may let
        single peaks pass it by fractions of a dB: the limiter comes after.

    Returns
    -------
    ndarray of float32, shape (channels, frames)
        The input itself, uncopied, if nothing reaches the knee.
    """
    from scipy import signal  # late: it brings scipy.stats along, a second of CPU

    saturation = 10 ** (saturation_dbtp / 20)
    # between samples a wave may rise above them: the search starts well under the knee
    near = saturation * 10 ** (-(KNEE_DB + 6.0) / 20)
    frames = samples.shape[1]
    out = samples
    taps = signal.firwin(2 * HALF_TAPS * FACTOR + 1, 1 / FACTOR, window=("kaiser", BETA))
    for first in range(0, frames, CHUNK_FRAMES):
        last = min(first + CHUNK_FRAMES, frames)
        if float(np.abs(samples[:, first:last]).max(initial=0.0)) < near:
            continue
        low, high = max(0, first - CONTEXT_FRAMES), min(frames, last + CONTEXT_FRAMES)
        taken = _taken_off(samples[:, low:high], saturation, taps)[:, first - low : last - low]
        if taken.any():
            out = samples.copy() if out is samples else out
            out[:, first:last] = samples[:, first:last] - taken
    return out


def _taken_off(samples: Samples, saturation: float, taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what the curve takes off, band-limited to the samples' rate; exactly 0 far from any top."""
    from scipy import signal  # late: it brings scipy.stats along, a second of CPU

    delay, frames = HALF_TAPS * FACTOR, samples.shape[1]
    wave = signal.upfirdn(FACTOR * taps, samples.astype(np.float64), up=FACTOR, axis=1)
    wave = wave[:, delay : delay + FACTOR * frames]
    excess = wave - clip_curve(wave, saturation)
    if not excess.any():
        return np.zeros(samples.shape)
    taken = signal.upfirdn(taps, excess, down=FACTOR, axis=1)
    return np.asarray(taken[:, HALF_TAPS : HALF_TAPS + frames])
