"""The tonal balance of a sound against a corridor, level removed.

Measured on the loudest third of the song, where an arrangement is full and a
listener judges tone; a quiet intro says nothing of the mix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controlroom.dsp.spectrum import (
    Floats,
    Mask,
    broadband_gain_db,
    loudest_frames,
    outside_db,
    third_octave_levels,
)
from controlroom.listening.heard import spectra_of
from controlroom.listening.listening import Listening
from controlroom.model.standards import Standards

LOUDEST_SHARE = 1 / 3
SILENT_DBFS = -150.0
"""A band this weak is below the rounding of 24-bit audio: there is nothing in it."""


@dataclass(frozen=True, slots=True, eq=False)
class TonalBalance:
    """Third-octave levels laid over a corridor.

    All arrays are shaped (bands,), over the bands that both the sound and the
    corridor have.

    Parameters
    ----------
    freq_hz : ndarray
        Nominal mid-frequencies.
    residual_db : ndarray
        Level minus the corridor's median, after the best broadband gain, smoothed
        over three bands (¼, ½, ¼): one lone band is a note or a resonance, and
        no matter of balance.
    low_db, high_db : ndarray
        The corridor, relative to its median.
    judged : ndarray of bool
        The bands that count: inside the standards' range, and not absent.
    """

    freq_hz: Floats
    residual_db: Floats
    low_db: Floats
    high_db: Floats
    judged: Mask

    @property
    def outside_db(self) -> Floats:
        """How far each judged band lies outside: negative below, 0 inside or not judged."""
        return np.where(self.judged, outside_db(self.residual_db, self.low_db, self.high_db), 0.0)

    @property
    def worst_db(self) -> float:
        """Largest distance outside, in dB."""
        return float(np.max(np.abs(self.outside_db), initial=0.0))

    @property
    def mean_db(self) -> float:
        """Mean distance outside over the judged bands, in dB."""
        return float(np.sum(np.abs(self.outside_db)) / max(1, np.count_nonzero(self.judged)))

    def residual_at(self, freq_hz: float) -> float:
        """Return the residual of the band nearest to ``freq_hz``."""
        return float(self.residual_db[np.argmin(np.abs(np.log(self.freq_hz / freq_hz)))])

    def equalised(self, curve_db: Floats) -> TonalBalance:
        """Return the balance after a gain per band, level fitted anew."""
        moved = self.residual_db + _smoothed(curve_db, self.judged)
        gain = broadband_gain_db(moved, np.zeros_like(moved), self.judged)
        return TonalBalance(self.freq_hz, moved - gain, self.low_db, self.high_db, self.judged)


def tonal_balance(listening: Listening, standards: Standards) -> TonalBalance:
    """Return the balance of the loudest third against the standards' corridor; kept."""
    corridor = tuple(
        standards.curve(f"tone.corridor_{name}") for name in ("freq_hz", "median_db", "low_db", "high_db")
    )
    judge = tuple(standards.number(f"tone.{name}") for name in ("judge_low_hz", "judge_high_hz", "absent_db"))
    return listening.keep(
        ("tone.balance", corridor, judge), lambda: _balance(listening, np.array(corridor), judge)
    )


def _balance(listening: Listening, corridor: Floats, judge: tuple[float, ...]) -> TonalBalance:
    spectra = spectra_of(listening)
    levels = third_octave_levels(spectra, loudest_frames(spectra, LOUDEST_SHARE))
    # corridor and sound meet where nominal or exact centres agree within 3 %
    distance = np.abs(np.log(corridor[0][:, None] / spectra.centres_hz))
    shared = np.min(distance, axis=1, initial=np.inf) < np.log(1.03)
    freq, median, low, high = corridor[:, shared]
    levels = levels[np.argmin(distance[shared], axis=1)] if np.any(shared) else np.empty(0)
    in_range = (freq >= judge[0]) & (freq <= judge[1])
    residual = levels - median
    residual = residual - broadband_gain_db(levels, median, in_range)
    judged = in_range & (residual > -judge[2]) & (levels > SILENT_DBFS)
    residual = _smoothed(residual, judged)
    residual = residual - broadband_gain_db(residual, np.zeros_like(residual), judged)
    return TonalBalance(freq, residual, low - median, high - median, judged)


def _smoothed(residual_db: Floats, judged: Mask) -> Floats:
    """Return residuals averaged with their judged neighbours, weights ¼, ½, ¼."""
    weights = np.pad(judged.astype(np.float64), 1)
    values = np.pad(residual_db, 1) * weights
    total = 0.25 * weights[:-2] + 0.5 * weights[1:-1] + 0.25 * weights[2:]
    summed = 0.25 * values[:-2] + 0.5 * values[1:-1] + 0.25 * values[2:]
    return np.where(judged, summed / np.maximum(total, 0.25), residual_db)
