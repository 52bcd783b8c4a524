"""STEMS: the voice itself lifted where words are understood, when room in the backing is not enough."""

from __future__ import annotations

import math
from typing import ClassVar, Self

from controlroom.dsp.filters import ZeroPhaseFilter, bell_db, convolve_same, from_curve_db, grid_hz
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.figures import frequency, number
from controlroom.model.findings import Finding
from controlroom.model.parts import VOICES
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.processors.carve import OVER_BACKING, Carve
from controlroom.processors.form import Block, Offer, Processor, Trial, knob, song_claim

REACH_S = 0.03
LEAST_DB = 0.5


def _tell_presence(step: Step) -> str:
    gain, hz = knob_of(step, "gain_db", ""), knob_of(step, "centre_hz", "")
    if not gain or hz is None:
        return plainly(step)
    return f"{'lift' if gain > 0 else 'lower'} it by {number(abs(gain))} dB around {frequency(hz)}"


class Presence(Processor):
    """One broad zero-phase bell on the voice.

    Proposed only for what carving the backing can't give: the voice's own sound
    is the last thing to be moved, and by no more than the standards allow.
    """

    name: ClassVar[str] = "presence"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Presence", _tell_presence)
    order: ClassVar[int] = 60
    parts: ClassVar[tuple[str, ...]] = VOICES
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("masked-voice",)
    claims: ClassVar[tuple[str, ...]] = (OVER_BACKING,)

    gain_db: float = knob(
        0.0, low=-6.0, high=6.0, step=0.1, unit="dB", help="how far the voice is lifted there"
    )
    centre_hz: float = knob(2200.0, low=800.0, high=6000.0, step=10.0, unit="Hz", help="middle of the lift")
    q: float = knob(0.6, low=0.3, high=2.0, step=0.05, help="how narrow it is")

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return a lift by what is still missing after the carve that will be proposed, at most the standards'."""
        listening, standards = trial.sound, trial.standards
        if "vocals" not in listening.stems:
            return []
        before = measure(listening, OVER_BACKING, standards)
        carved = [claim.expected for o in Carve.propose(finding, trial) for claim in o.claims]
        missing = standards.number("voice.over_backing_min_db") - max([before, *carved])
        if missing <= LEAST_DB:
            return []
        processor = cls(gain_db=min(missing, standards.number("voice.max_lift_db")))
        reached = measure(trial.after(processor, "vocals"), OVER_BACKING, standards)
        claim = song_claim(OVER_BACKING, "at_least", before, reached, standards)
        return [Offer(processor, (claim,), part="vocals", confidence=finding.confidence)]

    def max_boost_db(self) -> float:
        """Return the most that a frequency or moment is raised, in dB."""
        return max(0.0, self.gain_db)

    def is_neutral(self) -> bool:
        """Return whether the voice is left as it is."""
        return self.gain_db == 0.0

    def context_s(self) -> float:
        """Return the reach of the impulse response."""
        return REACH_S

    def prepare(self, listening: Listening) -> ZeroPhaseFilter:
        """Return the impulse response at the sound's rate."""
        rate = listening.audio.rate_hz
        reach = math.floor(REACH_S * rate)
        return from_curve_db(bell_db(grid_hz(rate, reach), self.centre_hz, self.gain_db, self.q), reach)

    def apply(self, block: Block, state: ZeroPhaseFilter) -> Samples:
        """Return the block with the lift."""
        return convolve_same(block.samples, state)

    def weakened(self, amount: float) -> Self:
        """Return the same bell at a share of its gain in dB."""
        return self.model_copy(update={"gain_db": round(self.gain_db * amount, 1)})
