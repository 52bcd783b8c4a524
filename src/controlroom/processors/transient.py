"""STEMS: the front of each stroke raised or softened, what follows it held back, to the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.filters import (
    ZeroPhaseFilter,
    convolve_same,
    gentle_high_pass_db,
    grid_hz,
    zero_phase_filter,
)
from controlroom.dsp.stroke_gain import StrokeGain, StrokeShape, stroke_gain
from controlroom.listening.drums import Drum, drum_strokes
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.figures import frequency, number
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.model.wording import listed
from controlroom.processors.form import Block, Offer, Processor, Trial, knob, song_claim

SLOPE_DB_PER_OCTAVE = 24.0
REACH_PERIODS = 3.0
MOST_DB = 3.0
"""Most that is proposed for a stroke's front: a stem is trusted no further."""
MOST_HELD_DB = 1.5
"""Most that what follows is held back: it is the front that was lost, not the body that grew."""
LEAST_DB = 2.0
"""Least that is proposed for it: less is lost under what plays along."""
MARGIN_DB = 0.5
"""How far over the standard the front is brought."""
WORTH_DB = 0.5
ASKED = {"weak-kick": ("kick", 18.0, 80.0), "weak-snare": ("snare", 12.0, 120.0)}
"""Drum, length of its front in ms, and where its low end begins that is not touched, in Hz."""
MEASURED = {"weak-kick": "transients.kick_front_db", "weak-snare": "transients.snare_front_db"}


@dataclass(frozen=True, slots=True, eq=False)
class ShapeState:
    """The gain around the strokes, and the band that it moves."""

    gain: StrokeGain
    band: ZeroPhaseFilter

    @property
    def reach_frames(self) -> int:
        """How many frames on either side an output sample depends on."""
        return self.band.reach_frames


def _moved(gain_db: float) -> str:
    return "raise" if gain_db > 0 else "lower"


def _tell_transient(step: Step) -> str:
    attack, sustain = knob_of(step, "attack_db", ""), knob_of(step, "sustain_db", "")
    whose = {"kick": "of the kick's strokes", "snare": "of the snare's strokes"}.get(
        str(step.knobs.get("drum")), "of each stroke"
    )
    done = []
    if attack:
        done.append(f"{_moved(attack)} the front {whose} by {number(abs(attack))} dB")
    if sustain:
        done.append(f"{_moved(sustain)} what follows {'it' if attack else f'the front {whose}'}")
        done[-1] += f" by {number(abs(sustain))} dB"
    hz = knob_of(step, "low_hz", "")
    return f"{listed(done)}, above {frequency(hz)}" if done and hz else plainly(step)


class Transient(Processor):
    """Shapes every stroke alike, from its first sample on; between strokes nothing changes.

    Only what lies above ``low_hz`` is shaped, by a zero-phase filter, so that a
    kick's low tone stays as it is under a harder front.
    """

    name: ClassVar[str] = "transient"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Transients", _tell_transient)
    order: ClassVar[int] = 70
    parts: ClassVar[tuple[str, ...]] = ("kick", "snare", "hats", "percussion", "drums")
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("weak-kick", "weak-snare")
    claims: ClassVar[tuple[str, ...]] = ("transients.kick_front_db", "transients.snare_front_db")

    attack_db: float = knob(
        0.0, low=-12.0, high=12.0, step=0.1, unit="dB", help="gain of each stroke's first moment"
    )
    attack_ms: float = knob(15.0, low=2.0, high=60.0, step=1.0, unit="ms", help="how long that moment lasts")
    sustain_db: float = knob(
        0.0, low=-12.0, high=12.0, step=0.1, unit="dB", help="gain of what follows the first moment"
    )
    sustain_ms: float = knob(
        150.0, low=20.0, high=600.0, step=5.0, unit="ms", help="how long after the stroke that gain holds"
    )
    low_hz: float = knob(
        80.0, low=20.0, high=2000.0, step=5.0, unit="Hz", help="what lies below is not touched"
    )
    drum: Drum = knob("any", help="whose strokes: kick, snare, or any in the part")

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the front raised by up to 3 dB, and what follows it held back a little where that is not enough."""
        listening, standards = trial.sound, trial.standards
        if finding.kind not in ASKED or finding.part not in listening.stems or finding.standard is None:
            return []
        drum, attack_ms, low_hz = ASKED[finding.kind]
        name = MEASURED[finding.kind]
        before = measure(listening, name, standards)
        missing = finding.standard.limit - before + MARGIN_DB

        def reached(processor: Self) -> float:
            return measure(trial.after(processor, finding.part), name, standards) - before

        chosen = cls(attack_db=MOST_DB, attack_ms=attack_ms, low_hz=low_hz, drum=drum)
        gained = reached(chosen)
        if gained > missing:
            chosen = chosen.weakened(max(missing / gained, LEAST_DB / MOST_DB))
        elif gained > 0.0:
            # what follows counts against the front as the front counts for it
            cut = min(MOST_HELD_DB, (missing - gained) * MOST_DB / gained)
            chosen = chosen.model_copy(update={"sustain_db": -round(cut, 1) if cut >= WORTH_DB else 0.0})
        gained = reached(chosen)
        if gained < WORTH_DB:
            return []
        claim = song_claim(name, "at_least", before, before + gained, standards)
        return [Offer(chosen, (claim,), part=finding.part, confidence=finding.confidence)]

    def max_boost_db(self) -> float:
        """Return the most that a frequency or moment is raised, in dB."""
        return max(0.0, self.attack_db, self.sustain_db)

    def is_neutral(self) -> bool:
        """Return whether nothing is raised or lowered."""
        return self.attack_db == 0.0 and self.sustain_db == 0.0

    def context_s(self) -> float:
        """Return the reach of the high-pass, with a millisecond for rounding."""
        return REACH_PERIODS / self.low_hz + 0.001

    def prepare(self, listening: Listening) -> ShapeState:
        """Return the curve around every stroke of the song, and the filter of what it moves."""
        rate = listening.audio.rate_hz
        shape = StrokeShape(
            before_db=0.0,
            before_s=0.0,
            attack_db=self.attack_db,
            attack_s=self.attack_ms / 1000.0,
            sustain_db=self.sustain_db,
            sustain_s=self.sustain_ms / 1000.0,
        )
        reach = math.floor(REACH_PERIODS / self.low_hz * rate)
        curve = gentle_high_pass_db(grid_hz(rate, reach), self.low_hz, SLOPE_DB_PER_OCTAVE)
        gain = stroke_gain(drum_strokes(listening, self.drum).frames, shape, rate)
        return ShapeState(gain, zero_phase_filter(10.0 ** (curve / 20.0), reach))

    def apply(self, block: Block, state: ShapeState) -> Samples:
        """Return the block with its strokes shaped."""
        gain = state.gain.over(block.start_frame, block.samples.shape[1])
        if gain is None:
            return block.samples.copy()
        moved = convolve_same(block.samples, state.band)
        moved *= gain - np.float32(1.0)
        moved += block.samples
        return moved

    def weakened(self, amount: float) -> Self:
        """Return the same shape at a share of its gains in dB."""
        knobs = {"attack_db": self.attack_db * amount, "sustain_db": self.sustain_db * amount}
        return type(self)(**{**self.model_dump(), **knobs})
