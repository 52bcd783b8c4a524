"""STEMS: the mix made anew from its stems. Only a person may decide it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.filters import ZeroPhaseFilter, convolve_same, grid_hz, zero_phase_filter
from controlroom.listening.listening import Listening
from controlroom.model.audio import Samples
from controlroom.model.figures import frequency
from controlroom.model.parts import MIX, leaves
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, by_share, knob_of
from controlroom.processors.form import Block, Processor, knob

REACH_S = 0.04
LOWEST_HZ, HIGHEST_HZ = 20.0, 20000.0


@dataclass(frozen=True, slots=True, eq=False)
class Rebuilt:
    """The sum of the stems, and what of it is let through; None lets all through."""

    total: Samples
    response: ZeroPhaseFilter | None


def _tell_rebuild(step: Step) -> str:
    low, high = knob_of(step, "low_hz", "low_hz") or 20.0, knob_of(step, "high_hz", "high_hz") or 20000.0
    where = "" if low <= 20.0 and high >= 20000.0 else f" from {frequency(low)} to {frequency(high)}"
    return f"make the mix anew from its stems{where}{by_share(step)}"


class Rebuild(Processor):
    """Replaces the mix, or a band of it, by the sum of its stems as they are now.

    Overlay leaves alone what nobody touched and can't change what a stem is not
    coherent with. Rebuilding is the other choice: everything then is the stems,
    with all that the separator or the generator got wrong. Where the stems add
    up to the mix it changes nothing.
    """

    name: ClassVar[str] = "rebuild"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Rebuilding from stems", _tell_rebuild)
    order: ClassVar[int] = 10
    parts: ClassVar[tuple[str, ...]] = (MIX,)
    claims: ClassVar[tuple[str, ...]] = ("loudness.integrated_lufs",)
    person_only: ClassVar[bool] = True
    region_knobs: ClassVar[tuple[str, ...]] = ("low_hz", "high_hz")
    rebuilds_mix: ClassVar[bool] = True

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="share of the mix that is replaced")
    low_hz: float = knob(
        LOWEST_HZ,
        low=LOWEST_HZ,
        high=HIGHEST_HZ,
        step=1.0,
        unit="Hz",
        help="lower end of the band; 20 for all",
    )
    high_hz: float = knob(
        HIGHEST_HZ, low=LOWEST_HZ, high=HIGHEST_HZ, step=1.0, unit="Hz",
        help="upper end of the band; 20000 for all",
    )  # fmt: skip

    def is_neutral(self) -> bool:
        """Return whether nothing is replaced."""
        return self.amount == 0.0 or self.low_hz >= self.high_hz

    def is_whole(self) -> bool:
        """Return whether the whole spectrum is replaced."""
        return self.low_hz <= LOWEST_HZ and self.high_hz >= HIGHEST_HZ

    def context_s(self) -> float:
        """Return the reach of the band's filter."""
        return 0.0 if self.is_whole() else REACH_S

    def prepare(self, listening: Listening) -> Rebuilt:
        """Return the sum of the leaf stems; the mix itself where there are none."""
        roles = leaves(listening.stems)
        if not roles:
            return Rebuilt(listening.audio.samples, None)
        total = listening.keep(("rebuild.total",), lambda: _total(listening, roles))
        return Rebuilt(total, self._response(listening.audio.rate_hz))

    def _response(self, rate_hz: int) -> ZeroPhaseFilter | None:
        if self.is_whole():
            return None
        reach = math.floor(REACH_S * rate_hz)
        hz = grid_hz(rate_hz, reach)
        low = hz >= (self.low_hz if self.low_hz > LOWEST_HZ else 0.0)
        high = hz < self.high_hz if self.high_hz < HIGHEST_HZ else np.ones(hz.size, bool)
        return zero_phase_filter((low & high).astype(np.float64), reach)

    def apply(self, block: Block, state: Rebuilt) -> Samples:
        """Return the block with the stems' sum in its place."""
        if self.amount == 1.0 and state.response is None:
            return _at(state.total, block.start_frame, block.samples)
        change = _at(state.total, block.start_frame, block.samples) - block.samples
        if state.response is not None:
            change = convolve_same(change, state.response)
        return np.asarray(block.samples + np.float32(self.amount) * change, dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the same with a share of it."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})


def _total(listening: Listening, roles: Sequence[str]) -> Samples:
    """Return the sum of some stems."""
    total = np.zeros(listening.audio.samples.shape)
    for role in roles:
        total += listening.stems[role].audio.samples
    return total.astype(np.float32)


def _at(total: Samples, start: int, like: Samples) -> Samples:
    """Return the frames of ``total`` that lie under a block; zeros beyond its ends."""
    out = np.zeros_like(like)
    first, last = max(0, start), min(total.shape[1], start + like.shape[1])
    if first < last:
        out[:, first - start : last - start] = total[:, first:last]
    return out
