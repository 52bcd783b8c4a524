"""A zero-phase filter on the side alone, shared by those that narrow, widen, or bring a low end together."""

from __future__ import annotations

import math
from typing import ClassVar

from controlroom.dsp.filters import ZeroPhaseFilter, convolve_same, grid_hz, zero_phase_filter
from controlroom.dsp.spectrum import Floats
from controlroom.dsp.stereo import from_mid_side, to_mid_side
from controlroom.listening.listening import Listening
from controlroom.model.audio import Samples
from controlroom.model.base import Record
from controlroom.processors.form import Block


class SideFilter(Record):
    """Filters the side by ``side_gain``; the mid, and so a fold to mono, is not touched."""

    reach_s: ClassVar[float]
    """Half the length of the impulse response."""

    def side_gain(self, freq_hz: Floats) -> Floats:
        """Return the linear gain on the side at ``freq_hz``."""
        raise NotImplementedError

    def context_s(self) -> float:
        """Return the reach of the impulse response."""
        return self.reach_s

    def prepare(self, listening: Listening) -> ZeroPhaseFilter:
        """Return the impulse response for the side."""
        rate = listening.audio.rate_hz
        reach = math.floor(self.reach_s * rate)
        return zero_phase_filter(self.side_gain(grid_hz(rate, reach)), reach)

    def apply(self, block: Block, state: ZeroPhaseFilter) -> Samples:
        """Return the block with its side filtered; a sound of one channel as it is."""
        if block.samples.shape[0] != 2:  # there is no side
            return block.samples.copy()
        mid_side = to_mid_side(block.samples)
        mid_side[1:] = convolve_same(mid_side[1:], state)
        return from_mid_side(mid_side)
