"""Pumping: everything sinks at the beat and comes back before the next one.

What is struck falls until it is struck again, and what is held stays; no
arrangement makes most of the spectrum *rise* through the beat. A gain that is
pulled down at each beat and recovers does.
"""

from __future__ import annotations

import numpy as np

from controlroom.dsp.masking import ErbLevels
from controlroom.dsp.spectrum import Floats, decibels

PHASES = 20
EARLY = slice(3, 6)
"""0.15 to 0.3 of the beat: after the stroke, when a gain that was pulled down is still low …"""
LATE = slice(13, 16)
"""… and 0.65 to 0.8, when it has come back and the next stroke has not yet begun."""
BEATS_SHARE = 0.4
LOUD_WITHIN_DB = 15.0
LEAST_BEATS = 16
NO_RISE_DB = -99.0
"""What a sound without beats reads."""
SWELL = slice(4, 15)
"""0.2 to 0.75 of the beat: where a gain comes back little by little."""
STROKE_DB = 2.0
"""What a band rises by in a twentieth of a beat at most without being struck."""
HELD_BANDS = 0.85
"""Of the bands, the share that rise no more: what a gain lifts is heard in the bands that hold."""
ELSEWHERE_DB = 1.0
"""By how much more a swell must rise that is not on the beats as they were heard."""


def beat_rise_db(levels: ErbLevels, beats_s: Floats) -> float:
    """Return how far the level rises through the beat, in dB: the greater of two readings.

    The one takes all that sounds: median over bands of the 40 % point over
    beats, from early to late in the beat. Where much is struck and dies away
    that hides a gain that comes back, so the other leaves strokes out, see
    `swell_db`. Negative where sounds die away between strokes.

    Parameters
    ----------
    levels : ErbLevels
        Of the mix.
    beats_s : ndarray, shape (beats,)
        Rising.

    Returns
    -------
    float
        −99 with fewer than 16 beats.
    """
    inside = beats_s[beats_s < levels.power.shape[0] * levels.hop_s]
    if inside.size <= LEAST_BEATS:
        return NO_RISE_DB
    rises = [
        float(np.quantile(band[:, LATE].mean(axis=1) - band[:, EARLY].mean(axis=1), BEATS_SHARE))
        for band in folded_db(levels, inside)
    ]
    plain_db = float(np.median(rises)) if rises else NO_RISE_DB
    # a gain that sinks on each beat pulls the beats that are heard half a beat off, or doubles them
    elsewhere = ((inside[1:] + inside[:-1]) / 2, inside[::2], inside[1::2])
    swells_db = [swell_db(levels, beats) - ELSEWHERE_DB for beats in elsewhere]
    return max(plain_db, swell_db(levels, inside), *swells_db)


def folded_db(levels: ErbLevels, beats_s: Floats) -> list[Floats]:
    """Return each sounding band's level over the beats within 15 dB of the loud ones, shapes (beats, phases)."""
    at_s = beats_s[:-1, None] + (np.arange(PHASES) + 0.5) / PHASES * np.diff(beats_s)[:, None]
    frames_s = (np.arange(levels.power.shape[0]) + 1) * levels.hop_s  # a frame is two hops long
    whole = np.interp(at_s, frames_s, decibels(levels.power.sum(axis=1))).mean(axis=1)
    at_s = at_s[whole > np.quantile(whole, 0.9) - LOUD_WITHIN_DB]
    return [np.interp(at_s, frames_s, decibels(band)) for band in levels.power.T if band.any()]


def swell_db(levels: ErbLevels, beats_s: Floats) -> float:
    """Return how far the bands that hold rise little by little through the middle of the beat, in dB.

    Per band the sum of its small changes, each held within 2 dB per twentieth
    of a beat so that a stroke counts for little; of that a point under the
    median over beats, by half a standard error of it, so that few beats prove
    less; of these the 85 % point over bands.

    Returns
    -------
    float
        −99 with fewer than eight beats.
    """
    if beats_s.size <= LEAST_BEATS // 2:
        return NO_RISE_DB
    swells = []
    for band in folded_db(levels, beats_s):
        steps = np.clip(np.diff(band[:, SWELL], axis=1), -STROKE_DB, STROKE_DB)
        share = 0.5 - 0.5 / float(np.sqrt(steps.shape[0]))
        swells.append(float(np.quantile(steps.sum(axis=1), share)))
    return float(np.quantile(swells, HELD_BANDS)) if swells else NO_RISE_DB
