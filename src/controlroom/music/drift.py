"""Drift over a song: a tempo that speeds up or slows down, a tuning that glides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from controlroom.music.pitch import estimate_tuning
from controlroom.music.spectra import SLOW_HOP_S, SLOW_WINDOW_S, Doubles, Floats, SlowSpectrum

WINDOW_S = 8.0
STEP_S = 2.0
MOST_DRIFT = 0.16
DRIFT_STEP = 0.0025
HARMONICS = 8
AROUND = 0.12
"""The tempo that was found may lie anywhere in a drift of twice this."""
FREQUENCY_STEP = 0.001
LEAST_WINDOWS = 4
RISE_FLOOR_DB = 45.0

TUNING_PLACES = 6
TUNING_LONGEST_S = 10.0
TUNING_END_SHARE = 0.93
LEAST_TUNING_CONFIDENCE = 0.2


@dataclass(frozen=True, slots=True)
class TempoDrift:
    """A linear change of tempo over the song.

    Attributes
    ----------
    drift_percent : float
        How much faster the end is than the start; negative when slower.
    gain : float
        Periodic energy found along the drifting tempo over that along a
        constant one, ≥ 1; near 1 there is no evidence for a drift.
    """

    drift_percent: float
    gain: float


@dataclass(frozen=True, slots=True)
class TuningDrift:
    """A linear change of tuning over the song.

    Attributes
    ----------
    cents : float
        End over start.
    scatter_cents : float
        How far the places lie from the line, RMS.
    """

    cents: float
    scatter_cents: float


def rises(power: Doubles) -> Doubles:
    """Return how the level rises from block to block, in decibels, ≥ 0, shape as given."""
    floor = max(float(np.quantile(power, 0.9)) * 10 ** (-RISE_FLOOR_DB / 10), 1e-14) if power.size else 1.0
    level = 10.0 * np.log10(power + floor)
    return np.maximum(np.diff(level, prepend=level[:1]), 0.0)


def tempo_drift(power: Doubles, block_s: float, tempo_bpm: float) -> TempoDrift | None:
    """Return how the tempo drifts from start to end, or None when the sound is too short to tell.

    Each window's onset spectrum is summed over eight harmonics of a tempo; the
    straight line through windows and tempi that collects most of it wins
    (a Hough transform over tempo and drift).

    Parameters
    ----------
    power : float64 array, shape (blocks,)
        Mean square per block of about 10 ms.
    block_s : float
    tempo_bpm : float
        Of the song as a whole, good to ±4 %; any metrical level.
    """
    length, step = round(WINDOW_S / block_s), round(STEP_S / block_s)
    starts = np.arange(0, power.size - length + 1, step)
    if starts.size < LEAST_WINDOWS:
        return None
    curve = rises(power)
    frames = curve[starts[:, None] + np.arange(length)]
    frames = (frames - frames.mean(axis=1, keepdims=True)) * np.hanning(length)
    size = fft.next_fast_len(4 * length, real=True)
    spectrum = np.abs(fft.rfft(frames, size, axis=1))
    offsets = np.arange(-AROUND, AROUND + FREQUENCY_STEP / 2, FREQUENCY_STEP)
    tempi_hz = tempo_bpm / 60.0 * np.exp(offsets)
    bins = np.arange(spectrum.shape[1])
    scores = np.empty((starts.size, offsets.size))
    for row, values in enumerate(spectrum):
        harmonics = [
            np.interp(h * tempi_hz * size * block_s, bins, values, right=0.0) for h in range(1, HARMONICS + 1)
        ]
        scores[row] = np.sum(harmonics, axis=0)
    scores /= np.maximum(scores.mean(axis=1, keepdims=True), 1e-12)
    return _best_line(scores, offsets, (starts + length / 2) / power.size - 0.5)


def _best_line(scores: Doubles, offsets: Doubles, places: Doubles) -> TempoDrift:
    """Return the drift of the straight line that collects most; places run from −½ to ½."""
    drifts = np.arange(-MOST_DRIFT, MOST_DRIFT + DRIFT_STEP / 2, DRIFT_STEP)
    centre = offsets[np.abs(offsets) <= AROUND - MOST_DRIFT / 2 + 1e-9]
    best = np.empty(drifts.size)
    for at, drift in enumerate(drifts):
        total = np.zeros(centre.size)
        for row, place in zip(scores, places, strict=True):
            total += np.interp(centre + drift * place, offsets, row)
        best[at] = total.max()
    top = int(np.argmax(best))
    still = float(best[drifts.size // 2])
    return TempoDrift(100.0 * float(np.expm1(drifts[top])), float(best[top]) / max(still, 1e-12))


def tuning_drift(mono: Floats, rate_hz: float) -> TuningDrift | None:
    """Return how the tuning glides from start to end, or None where too little is tonal.

    The tuning of six places is taken each on its own, unwrapped (offsets are
    known up to a semitone), and a line is laid through them.

    Parameters
    ----------
    mono : float32 array, shape (frames,)
        The sound at 5 to 6 kHz.
    rate_hz : float
    """
    whole = TUNING_END_SHARE * mono.size
    length = int(min(whole / TUNING_PLACES, TUNING_LONGEST_S * rate_hz))
    centres = (np.arange(TUNING_PLACES) + 0.5) / TUNING_PLACES
    cents, places, weights = [], [], []
    for centre in centres:
        first = int(centre * whole - length / 2)
        tuning = estimate_tuning(_slow_spectrum(mono[first : first + length], rate_hz))
        if tuning is not None and tuning.confidence >= LEAST_TUNING_CONFIDENCE:
            cents.append(tuning.cents)
            places.append(float(centre))
            weights.append(tuning.confidence)
    if len(cents) < TUNING_PLACES - 1:
        return None
    straight = np.unwrap(np.asarray(cents), period=100.0)
    slope, offset = np.polyfit(places, straight, 1, w=np.sqrt(weights))
    scatter = float(np.sqrt(np.mean((straight - offset - slope * np.asarray(places)) ** 2)))
    return TuningDrift(float(slope), scatter)


def _slow_spectrum(mono: Floats, rate_hz: float) -> SlowSpectrum:
    """Return windows of 372 ms, every other hop of the shared spectrogram; the tuning needs no more."""
    length, hop = (
        fft.next_fast_len(round(SLOW_WINDOW_S * rate_hz), real=True),
        round(2 * SLOW_HOP_S * rate_hz),
    )
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(mono, (0, max(0, length - mono.size))), length)[
        ::hop
    ]
    magnitudes = np.abs(fft.rfft(frames * np.hanning(length).astype(np.float32), axis=1)).astype(np.float32)
    top = float(magnitudes.max(initial=0.0))
    return SlowSpectrum(magnitudes / np.float32(top if top > 0 else 1.0), rate_hz / length, hop / rate_hz)
