"""STEMS: overtones for one part, without making it louder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from controlroom.dsp.saturate import drive_curve, saturated
from controlroom.listening.heard import envelope_of
from controlroom.listening.listening import Listening
from controlroom.model.audio import Samples
from controlroom.model.figures import number
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.processors.form import Block, Processor, knob

CONTEXT_S = 0.01
LOUD_SHARE = 0.95
LEVELS = 512


@dataclass(frozen=True, slots=True)
class SaturationState:
    """The level that counts as loud, and the gain that keeps the part's power."""

    reference: float
    gain: float


def _tell_saturation(step: Step) -> str:
    drive, wet = knob_of(step, "drive_db", ""), knob_of(step, "wet", "")
    if not drive or not wet:
        return plainly(step)
    share = f", {number(wet * 100, 0)} % of it" if wet < 1 else ""
    return f"add overtones with {number(drive)} dB of drive{share}, at the same level"


class Saturation(Processor):
    """A tanh curve on the oversampled wave, set by the part's own level, its power kept.

    Memoryless and linear-phase: nothing is delayed, and each channel is bent by
    itself. Person-made: dirt is taste.
    """

    name: ClassVar[str] = "saturation"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Saturation", _tell_saturation)
    order: ClassVar[int] = 130
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("peak.plr_db",)

    drive_db: float = knob(
        0.0, low=0.0, high=18.0, step=0.1, unit="dB", help="how hard loud moments are bent"
    )
    wet: float = knob(1.0, low=0.0, high=1.0, step=0.01, help="share of the bent sound")

    def is_neutral(self) -> bool:
        """Return whether the curve is straight, or none of it is heard."""
        return self.drive_db == 0.0 or self.wet == 0.0

    def context_s(self) -> float:
        """Return how far the band limit of what is added reaches."""
        return CONTEXT_S

    @property
    def drive(self) -> float:
        """Slope times level of the curve: 0 at 0 dB, 1 at 6 dB."""
        return float(10.0 ** (self.drive_db / 20.0) - 1.0)

    def prepare(self, listening: Listening) -> SaturationState:
        """Return the part's loud level and the gain that keeps its power."""
        peaks = envelope_of(listening).peak.max(axis=0, initial=0.0)
        reference = max(float(np.quantile(peaks, LOUD_SHARE)) if peaks.size else 0.0, 1e-6)
        counts, top = listening.keep(("saturation.visits",), lambda: _visits(listening.audio.samples))
        return SaturationState(reference, self._gain(counts, top, reference))

    def _gain(self, counts: npt.NDArray[np.float64], top: float, reference: float) -> float:
        """Return the ratio of power before and after, from how often each level is visited."""
        level = (np.arange(LEVELS) + 0.5) * (top / LEVELS)
        bent = level + self.wet * (drive_curve(level, self.drive, reference) - level)
        return float(np.sqrt(np.sum(counts * level**2) / max(np.sum(counts * bent**2), 1e-30)))

    def apply(self, block: Block, state: SaturationState) -> Samples:
        """Return the bent block at the part's own power."""
        added = saturated(block.samples, block.rate_hz, self.drive, state.reference)
        return np.float32(state.gain) * (block.samples + np.float32(self.wet) * added)

    def weakened(self, amount: float) -> Self:
        """Return the same curve with a share of the bent sound."""
        return self.model_copy(update={"wet": round(self.wet * amount, 2)})


def _visits(samples: Samples) -> tuple[npt.NDArray[np.float64], float]:
    """Return how often each of ``LEVELS`` levels is visited, and the highest level."""
    top = max(float(np.abs(samples).max(initial=0.0)), 1e-9)
    counts = np.zeros(LEVELS)
    for row in samples:
        counts += np.histogram(np.abs(row), bins=LEVELS, range=(0.0, top))[0]
    return counts, top
