"""Knobs of a linear-phase equaliser of three bands, shared by those that work on the mix and on stems."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from controlroom.dsp.equaliser import SUM_GRID_HZ, BandType, EqBand, summed_curve_db
from controlroom.dsp.filters import ZeroPhaseFilter, convolve_same, from_curve_db, grid_hz
from controlroom.listening.listening import Listening
from controlroom.model.audio import Samples
from controlroom.model.base import Record
from controlroom.processors.form import Block, knob

REACH_S = 0.085
"""Half the length of the impulse response: a bell of Q 1 at 60 Hz is met within 0.06 dB."""

BANDS = 3


def _freq(default: float) -> Any:
    return knob(default, low=20.0, high=20000.0, step=1.0, unit="Hz", help="frequency of the band")


def _gain() -> Any:
    return knob(0.0, low=-6.0, high=6.0, step=0.1, unit="dB", help="gain of the band")


def _q() -> Any:
    return knob(0.7, low=0.3, high=4.0, step=0.05, help="how narrow the band is")


def _type(default: str) -> Any:
    return knob(default, help="shape: bell, low-shelf or high-shelf")


class BandKnobs(Record):
    """Three bands, their summed curve, and the zero-phase filter that they make."""

    band1_hz: float = _freq(100.0)
    band1_gain_db: float = _gain()
    band1_q: float = _q()
    band1_type: BandType = _type("low-shelf")
    band2_hz: float = _freq(1000.0)
    band2_gain_db: float = _gain()
    band2_q: float = _q()
    band2_type: BandType = _type("bell")
    band3_hz: float = _freq(8000.0)
    band3_gain_db: float = _gain()
    band3_q: float = _q()
    band3_type: BandType = _type("high-shelf")

    @property
    def bands(self) -> tuple[EqBand, ...]:
        """The bands that do something."""
        rows = (
            EqBand(self.band1_type, self.band1_hz, self.band1_gain_db, self.band1_q),
            EqBand(self.band2_type, self.band2_hz, self.band2_gain_db, self.band2_q),
            EqBand(self.band3_type, self.band3_hz, self.band3_gain_db, self.band3_q),
        )
        return tuple(band for band in rows if band.gain_db != 0.0)

    @classmethod
    def of_bands(cls, bands: tuple[EqBand, ...]) -> Self:
        """Return the processor with these bands, the others left flat."""
        knobs: dict[str, Any] = {}
        for number, band in enumerate(bands, start=1):
            knobs[f"band{number}_hz"] = band.freq_hz
            knobs[f"band{number}_gain_db"] = band.gain_db
            knobs[f"band{number}_q"] = band.q
            knobs[f"band{number}_type"] = band.kind
        return cls(**knobs)

    def max_boost_db(self) -> float:
        """Return the most that a frequency or moment is raised, in dB."""
        return max(0.0, float(np.max(summed_curve_db(self.bands, SUM_GRID_HZ))))

    def is_neutral(self) -> bool:
        """Return whether every gain is zero."""
        return not self.bands

    def context_s(self) -> float:
        """Return the reach of the impulse response."""
        return REACH_S

    def curve_db(self) -> float:
        """Return the largest gain or cut of the summed curve, in dB."""
        return float(np.max(np.abs(summed_curve_db(self.bands, SUM_GRID_HZ))))

    def prepare(self, listening: Listening) -> ZeroPhaseFilter:
        """Return the impulse response at the sound's rate."""
        rate = listening.audio.rate_hz
        reach = math.floor(REACH_S * rate)
        return from_curve_db(summed_curve_db(self.bands, grid_hz(rate, reach)), reach)

    def apply(self, block: Block, state: ZeroPhaseFilter) -> Samples:
        """Return the block through the equaliser."""
        return convolve_same(block.samples, state)

    def weakened(self, amount: float) -> Self:
        """Return the same bands with a share of their gains."""
        return type(self).of_bands(
            tuple(EqBand(b.kind, b.freq_hz, b.gain_db * amount, b.q) for b in self.bands)
        )
