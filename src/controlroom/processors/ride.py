"""STEMS: the voice's fader, ridden from phrase to phrase."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from controlroom.dsp import masking
from controlroom.dsp.gain_lane import GainLane, node_times, node_width
from controlroom.dsp.levelling import LevellingTimes, at_nodes, levelled_db
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.voice import SUNG_HZ, erb_levels_of
from controlroom.model.audio import Samples
from controlroom.model.figures import number
from controlroom.model.findings import Finding
from controlroom.model.parts import VOICES
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, by_share, knob_of, plainly
from controlroom.processors.form import Block, Offer, Processor, Trial, knob, song_claim

RANGE = "voice.level_range_db"
NODE_S = 0.01
WINDOW_S, GAP_S, LEAD_S = 2.0, 0.4, 0.6
LEAST_BETTER_DB = 0.5


def _tell_ride(step: Step) -> str:
    down, up = knob_of(step, "range_db", ""), knob_of(step, "boost_db", "")
    if down is None or up is None:
        return plainly(step)
    return f"ride its level towards the middle phrase{by_share(step)}, at most {number(down)} dB down and {number(up)} dB up"


class Ride(Processor):
    """Brings phrases towards the level of the middle phrase, by one slow gain.

    The level is that of the sung frames alone, within a phrase; in pauses the
    gain falls back and never raises what bleeds there. Nothing in the curve is
    quicker than its speed, so words keep their own dynamics.
    """

    name: ClassVar[str] = "ride"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Level ride", _tell_ride)
    order: ClassVar[int] = 110
    parts: ClassVar[tuple[str, ...]] = VOICES
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("voice-level",)
    claims: ClassVar[tuple[str, ...]] = (RANGE,)

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="share of the difference that is ridden")
    range_db: float = knob(6.0, low=0.5, high=12.0, step=0.5, unit="dB", help="how far down, at most")
    boost_db: float = knob(3.0, low=0.0, high=6.0, step=0.5, unit="dB", help="how far up, at most")
    speed_ms: float = knob(
        800.0, low=200.0, high=4000.0, step=50.0, unit="ms", help="time in which the gain comes or goes"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the gentlest ride that keeps to the standard, or the whole of it when it helps."""
        listening, standards = trial.sound, trial.standards
        if "vocals" not in listening.stems:
            return []
        before = measure(listening, RANGE, standards)
        tried = []
        for amount in (0.5, 0.75, 1.0):
            processor = cls(amount=amount, boost_db=standards.number("voice.max_lift_db"))
            tried.append((measure(trial.after(processor, "vocals"), RANGE, standards), processor))
            if tried[-1][0] <= standards.number("voice.level_range_max_db"):
                break
        reached, processor = min(tried, key=lambda pair: pair[0])
        if reached > before - LEAST_BETTER_DB:
            return []
        claim = song_claim(RANGE, "at_most", before, reached, standards)
        return [Offer(processor, (claim,), part="vocals", confidence=finding.confidence)]

    def max_boost_db(self) -> float:
        """Return the most that a frequency or moment is raised, in dB."""
        return self.amount * self.boost_db

    def is_neutral(self) -> bool:
        """Return whether nothing is ridden."""
        return self.amount == 0.0

    def prepare(self, listening: Listening) -> GainLane:
        """Return the gain over the song."""
        audio = listening.audio
        levels = erb_levels_of(listening)
        bands = levels.between(*SUNG_HZ)
        times = LevellingTimes(WINDOW_S, GAP_S, LEAD_S)
        wanted = levelled_db(
            levels.power[:, bands].sum(axis=1, dtype=np.float64),
            masking.active(levels, bands),
            levels.hop_s,
            times,
        )
        gain = np.clip(self.amount * wanted, -self.range_db, self.boost_db)
        width = node_width(audio.rate_hz, NODE_S)
        nodes = at_nodes(
            gain, levels.hop_s, node_times(audio.frames, width, audio.rate_hz), self.speed_ms / 1000
        )
        return GainLane(nodes, width)

    def apply(self, block: Block, state: GainLane) -> Samples:
        """Return the block times the gain, one for all channels."""
        return block.samples * state.over(block.start_frame, block.samples.shape[1])

    def weakened(self, amount: float) -> Self:
        """Return the same ride by a share."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})
