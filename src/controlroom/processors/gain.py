"""LOUDNESS: one gain for the whole sound."""

from __future__ import annotations

from typing import ClassVar, Self

from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage
from controlroom.model.standards import Standards
from controlroom.model.step_words import StepWords
from controlroom.processors.form import Offer, Processor, Trial, knob
from controlroom.processors.gain_knob import GainKnob, tell_gain

MOST_DB = 60.0


class Gain(GainKnob, Processor):
    """Turns a sound up or down by a constant."""

    name: ClassVar[str] = "gain"
    stage: ClassVar[Stage] = Stage.LOUDNESS
    words: ClassVar[StepWords] = StepWords("Gain", tell_gain)
    order: ClassVar[int] = 10
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("level",)
    claims: ClassVar[tuple[str, ...]] = ("loudness.integrated_lufs",)

    gain_db: float = knob(
        0.0, low=-MOST_DB, high=MOST_DB, step=0.01, unit="dB", help="how far to turn up or down"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the gain that brings a level outside the target range to its nearer end.

        How much louder the budgets of the limiter allow is planned for the whole
        LOUDNESS stage (``dsp.loudness_plan``); this is the answer without a limiter.
        """
        standards = trial.standards
        if finding.standard is None:
            return []
        before = finding.value("loudness.integrated_lufs")
        processor = cls(gain_db=finding.standard.limit - before)
        return [processor.offer(before, finding.part, standards)]

    def offer(self, integrated_lufs: float, part: str, standards: Standards) -> Offer:
        """Return this gain as an offer for a sound of a known loudness."""
        claim = Claim(
            measurement="loudness.integrated_lufs",
            before=integrated_lufs,
            expected=integrated_lufs + self.gain_db,
            tolerance=standards.number("loudness.tolerance_lu"),
        )
        return Offer(self, (claim,), part=part)

    def weakened(self, amount: float) -> Self:
        """Return a share of the gain in dB."""
        return self.model_copy(update={"gain_db": round(self.gain_db * amount, 2)})
