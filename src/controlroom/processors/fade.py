"""ARRANGEMENT: a fade at the start or the end. Only a person may decide it."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.spectrum import Floats, decibels
from controlroom.listening.heard import envelope_of
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.figures import format_measurement
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.processors.form import Block, Offer, Processor, Trial, knob

MOST_OF_SONG = 0.1


def _tell_fade(step: Step) -> str:
    lengths = (("in", knob_of(step, "in_ms", "")), ("out", knob_of(step, "out_ms", "")))
    done = [f"fade it {way} over {format_measurement('x_s', ms / 1000)}" for way, ms in lengths if ms]
    return " and ".join(done) or plainly(step)


class Fade(Processor):
    """Raised-cosine fades over the first and last stretch; the length stays.

    How a song ends is arrangement: it is proposed, and no policy may take it.
    """

    name: ClassVar[str] = "fade"
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    words: ClassVar[StepWords] = StepWords("Fade", _tell_fade)
    order: ClassVar[int] = 10
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("cut-off-end",)
    claims: ClassVar[tuple[str, ...]] = ("edges.end_level_db",)
    person_only: ClassVar[bool] = True

    in_ms: float = knob(0.0, low=0.0, high=20000.0, step=1.0, unit="ms", help="length of the fade-in")
    out_ms: float = knob(0.0, low=0.0, high=20000.0, step=1.0, unit="ms", help="length of the fade-out")

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return a fade-out of the standards' length, at most a tenth of the song."""
        listening, standards = trial.sound, trial.standards
        part = listening.part(finding.part)
        before = measure(part, "edges.end_level_db", standards)
        length_ms = min(standards.number("edges.fade_out_ms"), 1000.0 * MOST_OF_SONG * part.audio.duration_s)
        processor = cls(out_ms=length_ms)
        claim = Claim(
            measurement="edges.end_level_db",
            before=before,
            expected=before + processor.end_gain_db(part),
            tolerance=standards.number("claim.tolerance_db"),
            sense="at_most",
        )
        return [Offer(processor, (claim,), part=finding.part, confidence=finding.confidence)]

    def end_gain_db(self, listening: Listening) -> float:
        """Return what the fade-out does to the power of the last two blocks, where the claim is read."""
        frames = int(envelope_of(listening).lengths[-2:].sum())
        rate_hz = listening.audio.rate_hz
        tail = listening.audio.samples[:, -frames:].astype(np.float64)
        away = np.arange(frames, 0.0, -1.0) - 0.5
        faded = tail * _ramp(away, self.out_ms * rate_hz / 1000.0)
        return float(decibels(np.sum(faded**2)) - decibels(np.sum(tail**2)))

    def is_neutral(self) -> bool:
        """Return whether there is no fade."""
        return self.in_ms == 0.0 and self.out_ms == 0.0

    def prepare(self, listening: Listening) -> int:
        """Return the length of the sound in frames."""
        return listening.audio.frames

    def apply(self, block: Block, state: int) -> Samples:
        """Return the block times both fades."""
        frame = np.arange(block.samples.shape[1], dtype=np.float64) + (block.start_frame + 0.5)
        gain = _ramp(frame, self.in_ms * block.rate_hz / 1000.0)
        gain *= _ramp(state - frame, self.out_ms * block.rate_hz / 1000.0)
        return np.asarray(block.samples * gain.astype(np.float32), dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the same fades over a share of their time."""
        return self.model_copy(
            update={"in_ms": float(round(self.in_ms * amount)), "out_ms": float(round(self.out_ms * amount))}
        )


def _ramp(away_frames: Floats, length_frames: float) -> Floats:
    """Return a gain that rises from 0 to 1 over ``length_frames`` from the edge."""
    if length_frames <= 0.0:
        return np.ones(away_frames.shape)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(away_frames / length_frames, 0.0, 1.0)))
