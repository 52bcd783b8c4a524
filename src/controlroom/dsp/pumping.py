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


def beat_rise_db(levels: ErbLevels, beats_s: Floats) -> float:
    """Return how far the level rises through the beat, in dB: median over bands of the 40 % point over beats.

    Negative where sounds die away between strokes. Beats within 15 dB of the
    loud ones count.

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
    at_s = inside[:-1, None] + (np.arange(PHASES) + 0.5) / PHASES * np.diff(inside)[:, None]
    frames_s = (np.arange(levels.power.shape[0]) + 1) * levels.hop_s  # a frame is two hops long
    whole = np.interp(at_s, frames_s, decibels(levels.power.sum(axis=1))).mean(axis=1)
    at_s = at_s[whole > np.quantile(whole, 0.9) - LOUD_WITHIN_DB]
    rises = [_rise(np.interp(at_s, frames_s, decibels(band))) for band in levels.power.T if band.any()]
    return float(np.median(rises)) if rises else NO_RISE_DB


def _rise(folded_db: Floats) -> float:
    """Return one band's rise from levels of shape (beats, phases)."""
    rise = folded_db[:, LATE].mean(axis=1) - folded_db[:, EARLY].mean(axis=1)
    return float(np.quantile(rise, BEATS_SHARE))
