"""A constant gain, shared by the fader of a part and the gain of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from controlroom.model.audio import Samples
from controlroom.model.base import Record
from controlroom.model.figures import number
from controlroom.model.proposals import Step
from controlroom.model.step_words import knob_of, plainly
from controlroom.processors.form import Block


def tell_gain(step: Step) -> str:
    """Return what a gain does, for both processors that are one."""
    gain = knob_of(step, "gain_db", "_db")
    if gain is None:
        return plainly(step)
    digits = 1 if round(gain, 1) == round(gain, 2) else 2  # as the knob shows it
    return f"{'raise' if gain > 0 else 'lower'} {_whole(step)} by {number(abs(gain), digits)} dB"


def _whole(step: Step) -> str:
    return "the level" if step.part == "mix" and step.span is None else "it"


class GainKnob(Record):
    """Multiplies by ``gain_db``, the knob that the processor declares with its own range."""

    gain_db: float

    def max_boost_db(self) -> float:
        """Return the most that a frequency or moment is raised, in dB."""
        return max(0.0, self.gain_db)

    def is_neutral(self) -> bool:
        """Return whether the gain is 0 dB."""
        return self.gain_db == 0.0

    def apply(self, block: Block, state: Any) -> Samples:
        """Return the block times the gain."""
        del state
        return np.asarray(block.samples * np.float32(10.0 ** (self.gain_db / 20.0)), dtype=np.float32)
