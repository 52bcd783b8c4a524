"""STEMS: a part taken out of the song. Only a person may decide it."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from controlroom.model.audio import Samples
from controlroom.model.figures import number
from controlroom.model.parts import MIX, ROLES
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of
from controlroom.processors.form import Block, Processor, knob


def _tell_remove(step: Step) -> str:
    share = knob_of(step, "amount", "amount") or 0.0
    return "take it out" if share >= 1.0 else f"take {number(100 * share, 0)} % of it out"


class Remove(Processor):
    """Turns a stem down to nothing, or by a share of its amplitude.

    Laid over the mix, what is left is what the stem is not: a stem that is
    coherent with the mix by c leaves about 1 − c of its power behind. From a
    poor stem ``rebuild`` the mix instead.
    """

    name: ClassVar[str] = "remove"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Removal", _tell_remove)
    order: ClassVar[int] = 150
    parts: ClassVar[tuple[str, ...]] = tuple(role for role in ROLES if role != MIX)
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("loudness.integrated_lufs",)
    person_only: ClassVar[bool] = True
    removes_part: ClassVar[bool] = True

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="share of the part that is taken out")

    def is_neutral(self) -> bool:
        """Return whether nothing is taken out."""
        return self.amount == 0.0

    def apply(self, block: Block, state: Any) -> Samples:
        """Return what is left of the block."""
        del state
        return np.asarray(block.samples * np.float32(1.0 - self.amount), dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the same with a share of it."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})
