"""Traces of a lossy codec: bands that it left empty for a moment.

At a low bit rate an encoder rounds whole groups of coefficients to zero, here
and there, from one block of some ten milliseconds to the next. What is left are
deep holes with sound on both sides of them. A brickwall filter or a lower
sampling rate leaves none: there nothing lies above.

References
----------
standards.md 5.14: source audit; ISO/IEC 11172-3, 2.4.3.4: scale factor bands
of layer III, some 0.5 to 3 kHz wide between 4 and 16 kHz.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from controlroom.dsp.spectrum import POWER_FLOOR, Floats, decibels
from controlroom.model.audio import Samples

FRAME_S = 0.0116
LOW_HZ, HIGH_HZ = 4000.0, 13000.0
CELL_HZ = 350.0
REACH = 2
"""Sound within 700 Hz on both sides makes a gap a hole."""
DEEP_DB = 24.0
BACK_FRAMES = 4
"""A gap between the partials of a held note stays; a hole is filled again within some 50 ms."""
FILLED_DB = 12.0
SOUNDING_DB = -40.0
_BATCH = 1024


def holes_per_minute(samples: Samples, rate_hz: int) -> float:
    """Return how many cells (12 ms, 350 Hz) between 4 and 13 kHz are holes, per minute that sounds.

    A hole lies 24 dB under sound within 700 Hz on either side, and is filled at
    some time within 50 ms before *and* after it. The channel with more holes counts.
    Of some 130 000 cells in a minute.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
    rate_hz : int
    """
    return max((_holes(channel, rate_hz) for channel in samples), default=0.0)


def _holes(channel: Samples, rate_hz: int) -> float:
    frame = 1 << round(np.log2(FRAME_S * rate_hz))
    if channel.size < frame * (2 * BACK_FRAMES + 2):
        return 0.0
    levels = _cells(channel, frame, rate_hz / frame)
    if levels.shape[1] <= 2 * REACH:
        return 0.0
    beside = np.full((2, *levels.shape), -np.inf, dtype=np.float32)
    for step in range(1, REACH + 1):
        np.maximum(beside[0, :, step:], levels[:, :-step], out=beside[0, :, step:])
        np.maximum(beside[1, :, :-step], levels[:, step:], out=beside[1, :, :-step])
    under = np.minimum(beside[0], beside[1]) - levels
    filled = under < FILLED_DB
    before, after = np.zeros_like(filled), np.zeros_like(filled)
    for step in range(1, BACK_FRAMES + 1):
        before[step:] |= filled[:-step]
        after[:-step] |= filled[step:]
    holes = (under > DEEP_DB) & before & after
    minutes = levels.shape[0] * frame / rate_hz / 60.0
    return float(np.count_nonzero(holes[:, 1:-1]) / max(minutes, 1e-3))


def _cells(channel: Samples, frame: int, bin_hz: float) -> Floats:
    """Return levels in dB of the sounding frames, shape (frames, cells)."""
    per = max(1, round(CELL_HZ / bin_hz))
    first = int(LOW_HZ / bin_hz)
    count = max(0, int((min(HIGH_HZ, 0.45 * frame * bin_hz) - LOW_HZ) / bin_hz) // per)
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    window /= np.float32(frame)
    views = channel[: channel.size // frame * frame].reshape(-1, frame)
    cells = np.empty((views.shape[0], count), dtype=np.float32)
    whole = np.empty(views.shape[0], dtype=np.float32)
    for at in range(0, views.shape[0], _BATCH):
        spectrum = fft.rfft(views[at : at + _BATCH] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        whole[at : at + power.shape[0]] = power.sum(axis=1)
        rows = power[:, first : first + count * per].reshape(power.shape[0], count, per)
        cells[at : at + power.shape[0]] = rows.mean(axis=2)
    sounds = whole > np.quantile(whole, 0.95) * 10 ** (SOUNDING_DB / 10)
    return np.asarray(decibels(np.maximum(cells[sounds & (whole > POWER_FLOOR)], POWER_FLOOR)), np.float32)
