"""STEMS: what leaks into a stem between its own strokes or phrases, turned down."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np

from controlroom.dsp.expander import GateShape, gate_reduction_db
from controlroom.dsp.gain_lane import GainLane, node_times, node_width
from controlroom.dsp.spectrum import decibels
from controlroom.listening.listening import Listening
from controlroom.listening.strokes import strokes_of
from controlroom.model.audio import Samples
from controlroom.model.figures import number
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.processors.form import Block, Processor, knob


def _tell_bleed_gate(step: Step) -> str:
    depth = knob_of(step, "range_db", "")
    return f"turn down what leaks in between by up to {number(depth)} dB" if depth else plainly(step)


class BleedGate(Processor):
    """A soft gate: open while the part sounds, from a moment before; a bounded step down while it does not.

    Levels are counted from the part's own loud level, so that it does the same
    to a quiet stem. Nothing proposes it: that a stem bleeds is a matter of trust,
    told in ``controlroom stems``, and whether it is heard is for a person.
    """

    name: ClassVar[str] = "bleed_gate"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Bleed gate", _tell_bleed_gate)
    order: ClassVar[int] = 20
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("dynamics.between_db",)

    range_db: float = knob(0.0, low=0.0, high=60.0, step=0.5, unit="dB", help="how far bleed is turned down")
    open_db: float = knob(
        -30.0, low=-60.0, high=-3.0, step=0.5, unit="dB", help="level at which it opens, under the loud level"
    )
    hysteresis_db: float = knob(
        8.0, low=0.0, high=30.0, step=0.5, unit="dB", help="how far below that it closes again"
    )
    attack_ms: float = knob(
        6.0, low=1.0, high=100.0, step=1.0, unit="ms", help="how long before a stroke it begins to open"
    )
    hold_ms: float = knob(
        40.0, low=0.0, high=500.0, step=5.0, unit="ms", help="how long it stays open after one"
    )
    release_ms: float = knob(
        120.0, low=10.0, high=1000.0, step=5.0, unit="ms", help="how long it takes to close"
    )
    key: Literal["all", "low", "body", "crack", "high"] = knob(
        "all", help="what opens it: all, or 40-130 Hz, 150-500 Hz, 2-7 kHz, 7-15 kHz"
    )

    def is_neutral(self) -> bool:
        """Return whether nothing is turned down."""
        return self.range_db == 0.0

    def prepare(self, listening: Listening) -> GainLane:
        """Return the gain over the song."""
        audio, envelopes = listening.audio, strokes_of(listening)
        shape = GateShape(
            open_db=self.open_db,
            hysteresis_db=self.hysteresis_db,
            range_db=self.range_db,
            attack_s=self.attack_ms / 1000.0,
            hold_s=self.hold_ms / 1000.0,
            release_s=self.release_ms / 1000.0,
        )
        reduction = gate_reduction_db(decibels(envelopes.power[self.key]), envelopes.hop_s, shape)
        width = node_width(audio.rate_hz)
        times = node_times(audio.frames, width, audio.rate_hz)
        nodes = np.interp(times, np.arange(reduction.size) * envelopes.hop_s, -reduction)
        return GainLane(nodes.astype(np.float32), width)

    def apply(self, block: Block, state: GainLane) -> Samples:
        """Return the block under its gain."""
        gain = state.over(block.start_frame, block.samples.shape[1])
        return np.asarray(block.samples * gain, dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the same gate at a share of its range in dB."""
        return type(self)(**{**self.model_dump(), "range_db": self.range_db * amount})
