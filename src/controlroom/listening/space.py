"""What the ears for stereo and dynamics read off the shared spectra and envelopes."""

from __future__ import annotations

import numpy as np

from controlroom.dsp import dynamics, space, stereo
from controlroom.dsp.spectrum import BandSpectra
from controlroom.listening.heard import envelope_of, spectra_of
from controlroom.listening.listening import Listening
from controlroom.model.standards import Standards

WORST_SHARE = 0.1
FEWEST_FRAMES = 8
SQUARE_FREE_DB = 99.0
WIDTH_FROM_HZ = 500.0


def high_correlation(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the correlation above 6 kHz that a tenth of the sounding frames fall below; 1 for one channel."""
    del standards, argument
    if listening.audio.channels < 2:
        return 1.0
    return worst_correlation(spectra_of(listening))


def worst_correlation(spectra: BandSpectra) -> float:
    """Return the correlation above 6 kHz that a tenth of the sounding frames fall below; 1 for silence."""
    found = space.high_correlations(spectra)
    return float(np.quantile(found, WORST_SHARE)) if found.size >= FEWEST_FRAMES else 1.0


def width(listening: Listening, standards: Standards, argument: float) -> float:
    """Return side over mid above 500 Hz, in dB, not below -99."""
    del standards, argument
    spectra = spectra_of(listening)
    return stereo.side_over_mid_db(spectra, spectra.between(WIDTH_FROM_HZ, 20000.0))


def fold_loss(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the K-weighted level above 200 Hz that a fold to mono loses, in dB."""
    del standards, argument
    return space.fold_loss_db(spectra_of(listening))


def balance_of(listening: Listening) -> space.Balance:
    """Return the balance of left and right and its drift."""
    return listening.keep(("dsp.balance",), lambda: space.balance(spectra_of(listening)))


def imbalance(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how much louder one channel is than the other, in dB; 0 for one channel."""
    del standards, argument
    return abs(balance_of(listening).mean_db) if listening.audio.channels > 1 else 0.0


def drift(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the balance walks in a straight line from start to end, in dB.

    Weighted by the root of the share of its movement that the line explains:
    a part that enters on one side is no drift.
    """
    del standards, argument
    if listening.audio.channels < 2:
        return 0.0
    found = balance_of(listening)
    return abs(found.drift_db) * float(np.sqrt(found.steadiness))


def level_change_of(listening: Listening) -> dynamics.LevelChange:
    """Return how far the same music differs in level between its places."""
    return listening.keep(("dsp.level_change",), lambda: dynamics.level_change(spectra_of(listening)))


def level_step(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the level difference between places of the same music, near the 92nd percentile, in dB."""
    del standards, argument
    return level_change_of(listening).step_db


def density(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the crest of the loud passages in dB; 99 for silence."""
    del standards, argument
    crest = dynamics.density_db(envelope_of(listening))
    return crest if crest > 0.0 else SQUARE_FREE_DB
