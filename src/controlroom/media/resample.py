"""Another sampling rate, by soxr at its very-high quality."""

from __future__ import annotations

import numpy as np
import soxr

from controlroom.model.audio import Audio


def resample(audio: Audio, rate_hz: int) -> Audio:
    """Return the sound at another rate.

    libsoxr's VHQ recipe: linear phase, no delay, pass band to about 0.95 of the lower
    Nyquist frequency, rejection beyond 150 dB; deterministic. Peaks between the
    old samples can rise: resample *before* a limiter.

    Parameters
    ----------
    audio : Audio
        Mono or stereo.
    rate_hz : int
        The wanted rate, > 0.

    Returns
    -------
    Audio
        ``round(frames · rate_hz / audio.rate_hz)`` frames, within one. At the
        same rate, the very same object.

    Raises
    ------
    ValueError
        If the rate is not positive.
    """
    if rate_hz <= 0:
        raise ValueError(f"rate_hz must be positive, not {rate_hz}")
    if rate_hz == audio.rate_hz:
        return audio
    channels = [soxr.resample(channel, audio.rate_hz, rate_hz, quality="VHQ") for channel in audio.samples]
    return Audio(np.stack(channels).astype(np.float32, copy=False), rate_hz)
