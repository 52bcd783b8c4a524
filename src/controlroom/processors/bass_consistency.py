"""STEMS: bass notes brought to one level, slowly."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.gain_lane import GainLane, node_times, node_width
from controlroom.dsp.levelling import LevellingTimes, at_nodes, levelled_db
from controlroom.listening.heard import envelope_of
from controlroom.listening.listening import Listening
from controlroom.listening.notes import NOTE_S, sounding
from controlroom.model.audio import Samples
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, by_share
from controlroom.processors.form import Block, Processor, knob

NODE_S = 0.01
GAP_S, LEAD_S = 0.12, 0.15


def _tell_bass_consistency(step: Step) -> str:
    return f"bring its notes towards one level{by_share(step)}"


class BassConsistency(Processor):
    """Brings notes towards the level of the middle note by one gain for all channels.

    Level is the power over a note's length, so a note's own attack and decay
    stay; what is quicker than the speed is not followed. Silence between notes
    is not raised. Person-made: how even a bass shall be is style.
    """

    name: ClassVar[str] = "bass_consistency"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Even bass", _tell_bass_consistency)
    order: ClassVar[int] = 100
    parts: ClassVar[tuple[str, ...]] = ("bass",)
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("level.note_range_db",)

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="share of the difference that is levelled")
    range_db: float = knob(6.0, low=0.5, high=12.0, step=0.5, unit="dB", help="how far down, at most")
    boost_db: float = knob(3.0, low=0.0, high=6.0, step=0.5, unit="dB", help="how far up, at most")
    speed_ms: float = knob(
        250.0, low=100.0, high=2000.0, step=10.0, unit="ms", help="time in which the gain comes or goes"
    )

    def max_boost_db(self) -> float:
        """Return the most that a frequency or moment is raised, in dB."""
        return self.amount * self.boost_db

    def is_neutral(self) -> bool:
        """Return whether nothing is levelled."""
        return self.amount == 0.0

    def prepare(self, listening: Listening) -> GainLane:
        """Return the gain over the song."""
        audio, envelope = listening.audio, envelope_of(listening)
        power = envelope.power.mean(axis=0)
        hop_s = envelope.block_frames / envelope.rate_hz
        wanted = levelled_db(power, sounding(power), hop_s, LevellingTimes(NOTE_S, GAP_S, LEAD_S))
        gain = np.clip(self.amount * wanted, -self.range_db, self.boost_db)
        width = node_width(audio.rate_hz, NODE_S)
        times_s = (
            node_times(audio.frames, width, audio.rate_hz) + hop_s / 2.0
        )  # a block's middle is half a hop in
        return GainLane(at_nodes(gain, hop_s, times_s, self.speed_ms / 1000.0), width)

    def apply(self, block: Block, state: GainLane) -> Samples:
        """Return the block times the gain."""
        return block.samples * state.over(block.start_frame, block.samples.shape[1])

    def weakened(self, amount: float) -> Self:
        """Return the same levelling by a share."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})
