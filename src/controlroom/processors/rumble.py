"""REPAIR: what lies below 20 Hz, turned down without touching the bass."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.filters import ZeroPhaseFilter, convolve_same, high_pass
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.figures import frequency, number
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.step_words import StepWords, knob_of
from controlroom.processors.form import Block, Offer, Processor, Trial, knob

PASS_RATIO = 1.5
"""Where the bass is whole again, over where rumble ends: 30 Hz over 20 Hz."""

STOP_DB = 60.0
REACH_HZ_S = 1.82
"""Reach of a 60 dB Kaiser high-pass times its transition width (3.63/2, Kaiser's formula)."""


def _tell_rumble(step: Step) -> str:
    hz, depth = knob_of(step, "below_hz", "_hz"), knob_of(step, "attenuation_db", "_db")
    by = f" by {number(depth, 0)} dB" if depth else ""
    return f"turn down what lies below {frequency(hz if hz is not None else 20.0)}{by}"


class Rumble(Processor):
    """A zero-phase high-pass that stops below 20 Hz and is whole again at 30 Hz.

    The steep slope needs 0.18 s of sound on either side. Its ringing is at the
    edge itself, below hearing, and weaker than the rumble that causes it.
    """

    name: ClassVar[str] = "rumble"
    stage: ClassVar[Stage] = Stage.REPAIR
    words: ClassVar[StepWords] = StepWords("Rumble filter", _tell_rumble)
    order: ClassVar[int] = 20
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("rumble",)
    claims: ClassVar[tuple[str, ...]] = ("level.infrasonic_db",)

    attenuation_db: float = knob(
        0.0, low=0.0, high=60.0, step=0.5, unit="dB", help="how far rumble is turned down"
    )
    below_hz: float = knob(
        20.0, low=10.0, high=20.0, step=0.5, unit="Hz", help="rumble is what lies below this"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the high-pass at the standards' depth; its claim is at most the standard itself."""
        listening, standards = trial.sound, trial.standards
        processor = cls(
            attenuation_db=standards.number("rumble.attenuation_db"),
            below_hz=standards.number("rumble.below_hz"),
        )
        before = measure(listening.part(finding.part), "level.infrasonic_db", standards)
        claim = Claim(
            measurement="level.infrasonic_db",
            before=before,
            expected=min(before, standards.number("rumble.infrasonic_db")),
            tolerance=standards.number("claim.tolerance_db"),
            sense="at_most",
        )
        return [Offer(processor, (claim,), part=finding.part, confidence=finding.confidence)]

    def is_neutral(self) -> bool:
        """Return whether nothing is turned down."""
        return self.attenuation_db == 0.0

    def context_s(self) -> float:
        """Return the reach of the high-pass, with a millisecond for rounding."""
        return REACH_HZ_S / (self.below_hz * (PASS_RATIO - 1.0)) + 0.001

    def prepare(self, listening: Listening) -> ZeroPhaseFilter:
        """Return the impulse response: the sound minus a share of what lies below."""
        full = high_pass(
            listening.audio.rate_hz, self.below_hz, self.below_hz * PASS_RATIO, attenuation_db=STOP_DB
        )
        whole = np.zeros(full.half.size)
        whole[0] = 1.0
        share = 1.0 - 10.0 ** (-self.attenuation_db / 20.0)
        return ZeroPhaseFilter(whole + share * (full.half - whole))

    def apply(self, block: Block, state: ZeroPhaseFilter) -> Samples:
        """Return the block without rumble."""
        return convolve_same(block.samples, state)

    def weakened(self, amount: float) -> Self:
        """Return the same high-pass at a share of its depth in dB."""
        return self.model_copy(update={"attenuation_db": round(2.0 * self.attenuation_db * amount) / 2.0})
