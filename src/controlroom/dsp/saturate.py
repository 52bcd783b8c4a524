"""A memoryless curve on an oversampled wave, without delay: what it adds is kept below the sound's own Nyquist."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

from controlroom.model.audio import Samples

Wave = npt.NDArray[np.floating]

OVERSAMPLED_HZ = 170000
"""The wave is drawn at this rate or more: what the curve makes above it folds back weak."""

TAPER = 0.92
"""What the curve adds fades out from this share of Nyquist to Nyquist, so that nothing rings there."""


def drive_curve(wave: Wave, drive: float, reference: float) -> Wave:
    """Return ``tanh`` of a wave, straight for small values: slope 1 at zero, bent more the greater the drive.

    Parameters
    ----------
    wave : ndarray
        Samples.
    drive : float
        ≥ 0; 0 is a straight line. A value at ``reference`` comes out as ``tanh(drive)/drive`` of it.
    reference : float
        Level that counts as loud, > 0.
    """
    if drive == 0.0:
        return wave
    scale = wave.dtype.type(drive / reference)
    return np.asarray(np.tanh(wave * scale) / scale)


def saturated(samples: Samples, rate_hz: int, drive: float, reference: float) -> Samples:
    """Return what ``drive_curve`` changes of the samples, band-limited: add it to them.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Sound goes on beyond both ends in truth: hand in a hundredth of a second more.
    """
    frames = samples.shape[1]
    if frames == 0:
        return samples.copy()
    factor = 1
    while rate_hz * factor < OVERSAMPLED_HZ and factor < 16:
        factor *= 2
    size = 2 * int(fft.next_fast_len(-(-frames // 2), real=True))
    keep = np.minimum(1.0, (1.0 - np.arange(size // 2 + 1) / (size // 2)) / (1.0 - TAPER))
    keep = np.sin(0.5 * np.pi * keep).astype(np.float32) ** 2
    out = np.empty_like(samples)
    for channel, row in enumerate(samples):
        spectrum = fft.rfft(row, n=size)
        spectrum[-1] = 0.0
        wave = fft.irfft(spectrum, n=size * factor) * np.float32(factor)
        added = fft.rfft(drive_curve(wave, drive, reference) - wave)[: size // 2 + 1] * keep
        out[channel] = fft.irfft(added, n=size)[:frames] / np.float32(factor)
    return out
