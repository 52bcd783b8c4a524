"""STEMS: the fader of one part."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from controlroom.model.audio import Samples
from controlroom.model.proposals import Stage
from controlroom.processors.form import Block, Processor, knob


class Level(Processor):
    """Turns one part up or down by a constant; a boost raises a separator's errors too, and is bounded."""

    name: ClassVar[str] = "level"
    stage: ClassVar[Stage] = Stage.STEMS
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("loudness.integrated_lufs",)

    gain_db: float = knob(
        0.0, low=-24.0, high=6.0, step=0.1, unit="dB", help="how far the part is turned up or down"
    )

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

    def weakened(self, amount: float) -> Self:
        """Return a share of the gain in dB."""
        return self.model_copy(update={"gain_db": round(self.gain_db * amount, 1)})
