"""STEMS: the fader of one part."""

from __future__ import annotations

from typing import ClassVar, Self

from controlroom.model.proposals import Stage
from controlroom.model.step_words import StepWords
from controlroom.processors.form import Processor, knob
from controlroom.processors.gain_knob import GainKnob, tell_gain


class Level(GainKnob, Processor):
    """Turns one part up or down by a constant; a boost raises a separator's errors too, and is bounded."""

    name: ClassVar[str] = "level"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Level", tell_gain)
    order: ClassVar[int] = 40
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("loudness.integrated_lufs",)

    gain_db: float = knob(
        0.0, low=-24.0, high=6.0, step=0.1, unit="dB", help="how far the part is turned up or down"
    )

    def weakened(self, amount: float) -> Self:
        """Return a share of the gain in dB."""
        return self.model_copy(update={"gain_db": round(self.gain_db * amount, 1)})
