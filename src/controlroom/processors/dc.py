"""REPAIR: a constant offset, taken off."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np

from controlroom.dsp.filters import ZeroPhaseFilter, convolve_same, high_pass
from controlroom.dsp.levels import channel_offsets
from controlroom.listening.heard import envelope_of
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.step_words import StepWords, by_share
from controlroom.processors.form import Block, Offer, Processor, Trial, knob

STOP_HZ, PASS_HZ = 0.5, 5.0
CONTEXT_S = 1.82 / (PASS_HZ - STOP_HZ) + 0.001
CURED_DB = 20.0


def _tell_dc(step: Step) -> str:
    how = (
        ", with a high-pass below 5 Hz because it wanders" if step.knobs.get("method") == "high-pass" else ""
    )
    return f"bring the waveform back to its zero line{by_share(step)}{how}"


class Dc(Processor):
    """Subtracts each channel's own offset, or, where it wanders, everything below 5 Hz.

    A steady offset is subtracted as one number per channel, measured over the
    whole sound that enters: nothing else changes. A wandering one would be left
    standing in places, so a zero-phase high-pass takes it off.
    """

    name: ClassVar[str] = "dc"
    stage: ClassVar[Stage] = Stage.REPAIR
    words: ClassVar[StepWords] = StepWords("DC removal", _tell_dc)
    order: ClassVar[int] = 10
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("dc-offset",)
    claims: ClassVar[tuple[str, ...]] = ("level.dc_ratio_db",)

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="share of the offset that is taken off")
    method: Literal["subtract", "high-pass"] = knob(
        "subtract", help="subtract one number per channel, or high-pass below 5 Hz where it wanders"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the whole offset taken off, by the method that the evidence asks for."""
        listening, standards = trial.sound, trial.standards
        part = listening.part(finding.part)
        wanders = measure(part, "level.dc_drift_db", standards) > standards.number("dc.drift_db")
        before = measure(part, "level.dc_ratio_db", standards)
        claim = Claim(
            measurement="level.dc_ratio_db",
            before=before,
            expected=min(before - CURED_DB, standards.number("dc.ratio_db")),
            tolerance=standards.number("claim.tolerance_db"),
            sense="at_most",
        )
        processor = cls(amount=1.0, method="high-pass" if wanders else "subtract")
        return [Offer(processor, (claim,), part=finding.part, confidence=finding.confidence)]

    def is_neutral(self) -> bool:
        """Return whether nothing is taken off."""
        return self.amount == 0.0

    def context_s(self) -> float:
        """Return the reach of the high-pass; none is needed to subtract."""
        return CONTEXT_S if self.method == "high-pass" else 0.0

    def prepare(self, listening: Listening) -> Any:
        """Return the offsets to subtract, shape (channels, 1), or the high-pass."""
        if self.method == "subtract":
            offsets = channel_offsets(envelope_of(listening)) * self.amount
            return offsets.astype(np.float32)[:, None]
        full = high_pass(listening.audio.rate_hz, STOP_HZ, PASS_HZ)
        whole = np.zeros(full.half.size)
        whole[0] = 1.0
        return ZeroPhaseFilter(whole + self.amount * (full.half - whole))

    def apply(self, block: Block, state: Any) -> Samples:
        """Return the block without its offset."""
        if isinstance(state, ZeroPhaseFilter):
            return convolve_same(block.samples, state)
        return np.asarray(block.samples - state, dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the same method on a share of the offset."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})
