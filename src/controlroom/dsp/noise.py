"""Noise: the floor that music never sinks below, and highs that beat at a codec's frame rate."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import fft

from controlroom.dsp.lines import FineSpectra, prominence_db, sounding
from controlroom.dsp.spectrum import Floats, decibels
from controlroom.model.audio import Samples

HISS_EDGES_HZ = (500.0, 2000.0, 2800.0, 4000.0, 5600.0, 8000.0, 11200.0, 15000.0)
FLUTTER_LOW_HZ = 20.0
FLUTTER_HIGH_HZ = 90.0
_BATCH_FRAMES = 2048
_FLUTTER_FRAME_S = 0.006
_FLUTTER_WINDOW_S = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class NoiseFloor:
    """What is left in each band of ``HISS_EDGES_HZ`` when the music pauses.

    Parameters
    ----------
    floor_db : ndarray, shape (bands,)
        Mean power of the floor in dB against the mean power of the whole sound.
    flat : ndarray, shape (bands,)
        How much steeper than the music's own pauses the lower end of the level
        distribution ends: the share of sounding frames within 2 dB of the floor.
    depth_db : ndarray, shape (bands,)
        How far the band's loud frames (90 %) lie above its floor.
    """

    floor_db: Floats
    flat: Floats
    depth_db: Floats


def noise_floor(spectra: FineSpectra) -> NoiseFloor:
    """Return the floor of each band by minimum statistics over the sounding frames.

    References
    ----------
    R. Martin, "Noise power spectral density estimation based on optimal
    smoothing and minimum statistics", IEEE Trans. Speech Audio Proc. 9 (2001).
    """
    rows = spectra.power[sounding(spectra.power)]
    whole = float(rows.sum(dtype=np.float64) / max(1, rows.shape[0]))
    edges = [spectra.bins(low, high) for low, high in pairwise(HISS_EDGES_HZ)]
    levels = decibels(np.array([rows[:, e].sum(axis=1) for e in edges]) / max(whole, 1e-20))
    if levels.shape[1] == 0:
        return NoiseFloor(np.full(len(edges), -200.0), np.zeros(len(edges)), np.zeros(len(edges)))
    low, high = np.quantile(levels, (0.01, 0.9), axis=1)
    flat = np.mean(levels < low[:, None] + 2.0, axis=1)
    return NoiseFloor(low, flat, high - low)


def flutter_levels_db(mid: Samples, rate_hz: int, low_hz: float, high_hz: float) -> tuple[Floats, Floats]:
    """Return modulation frequencies in hertz, and the typical modulation spectrum of a band in dB.

    The log envelope of the band in frames of 6 ms, half overlapped; its Hann
    spectra over 1.5 s; their median over time, so that what beats now and then
    (a rolled r, a bass note that rattles) does not count.
    """
    frame = max(16, round(_FLUTTER_FRAME_S * rate_hz) // 2 * 2)
    hop = frame // 2
    if mid.size < frame:
        mid = np.pad(mid, (0, frame - mid.size))
    views = np.lib.stride_tricks.sliding_window_view(mid, frame)[::hop]
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(frame) / frame)).astype(np.float32)
    low, high = int(np.ceil(low_hz * frame / rate_hz)), int(high_hz * frame / rate_hz) + 1
    envelope = np.empty(views.shape[0])
    for first in range(0, views.shape[0], _BATCH_FRAMES):
        part = fft.rfft(views[first : first + _BATCH_FRAMES] * window, axis=-1)[:, low:high]
        envelope[first : first + _BATCH_FRAMES] = np.sum(part.real**2 + part.imag**2, axis=-1)
    step = rate_hz / hop
    length = round(_FLUTTER_WINDOW_S * step)
    if envelope.size < length:
        return np.empty(0), np.empty(0)
    logs = np.log(np.maximum(envelope, 1e-6 * envelope.mean() + 1e-20))
    pieces = np.lib.stride_tricks.sliding_window_view(logs, length)[:: length // 2]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(length)
    power = np.abs(fft.rfft(pieces, axis=-1)) ** 2
    return np.arange(power.shape[1]) * step / length, decibels(np.median(power, axis=0))


@dataclass(frozen=True, slots=True)
class Beat:
    """One line of a modulation spectrum: its frequency, and how far it stands out."""

    freq_hz: float
    prominence_db: float


def flutter(mid: Samples, rate_hz: int, low_hz: float, high_hz: float) -> Beat:
    """Return the beat at 20–90 Hz that stands out most in a band of a sound of one channel.

    How far it stands over its surroundings *and* over every other line: a drum
    machine's envelope is a comb of many equal lines, a codec's beat is one. A
    line at twice or half its frequency belongs to it.

    References
    ----------
    standards.md 5.5: HF amplitude flutter at codec frame rates, 25–86 Hz.
    """
    freq_hz, levels_db = flutter_levels_db(mid, rate_hz, low_hz, high_hz)
    inside = np.flatnonzero((freq_hz >= FLUTTER_LOW_HZ) & (freq_hz <= FLUTTER_HIGH_HZ))
    if inside.size < 8:
        return Beat(0.0, 0.0)
    over = prominence_db(levels_db, 15)
    at = int(inside[np.argmax(over[inside])])
    ratio = freq_hz[inside] / freq_hz[at]
    other = (np.abs(inside - at) > 3) & (np.abs(ratio - 2) > 0.1) & (np.abs(ratio - 0.5) > 0.1)
    rival = max(0.0, float(np.max(over[inside][other], initial=0.0)))
    return Beat(float(freq_hz[at]), max(0.0, float(over[at]) - rival))
