"""What is read of a part that plays one note after another, such as a bass."""

from __future__ import annotations

import numpy as np

from controlroom.dsp.spectrum import Floats, Mask, decibels
from controlroom.listening.heard import envelope_of
from controlroom.listening.listening import Listening
from controlroom.model.standards import Standards

NOTE_S = 0.4
SOUNDING_DB = 25.0
LEAST_NOTES = 8


def sounding(power: Floats) -> Mask:
    """Return the blocks within 25 dB of the loud level."""
    level = decibels(power)
    loud = float(np.quantile(level, 0.95)) if level.size else -200.0
    return np.asarray(level > max(loud - SOUNDING_DB, -100.0))


def note_range(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the level walks from note to note, in dB: 10th to 90th percentile of windows of 0.4 s that sound."""
    del standards, argument
    envelope = envelope_of(listening)
    power = envelope.power.mean(axis=0)
    per = max(1, round(NOTE_S * envelope.rate_hz / envelope.block_frames))
    whole = power.size // per
    sounds = sounding(power)[: whole * per].reshape(whole, per)
    enough = sounds.mean(axis=1) >= 0.5
    if np.count_nonzero(enough) < LEAST_NOTES:
        return 0.0
    sums = (power[: whole * per].reshape(whole, per) * sounds).sum(axis=1)
    levels = decibels(sums[enough] / sounds.sum(axis=1)[enough])
    return float(np.ptp(np.quantile(levels, [0.1, 0.9])))
