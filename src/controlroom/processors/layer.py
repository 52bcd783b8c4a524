"""STEMS: a layer under the strokes of a kick or snare that have too little front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from controlroom.dsp import layering
from controlroom.dsp.one_shot import played, tone_hz
from controlroom.dsp.onset_frames import Places, mean_power, middle
from controlroom.dsp.spectrum import Floats
from controlroom.listening.drums import drum_strokes
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.figures import number
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, by_share, knob_of
from controlroom.model.timeline import Span
from controlroom.processors.form import Block, Offer, Processor, Trial, knob, song_claim

TONES_HZ = {"kick": (35.0, 120.0), "snare": (120.0, 400.0)}
"""Where each drum's own tone is looked for."""
ASKED = {"weak-kick": "transients.kick_front_db", "weak-snare": "transients.snare_front_db"}
ASKED_KNOBS: dict[str, dict[str, Any]] = {
    "weak-kick": {"drum": "kick", "length_ms": 30.0, "click_db": -12.0, "low_hz": 80.0},
    "weak-snare": {"drum": "snare", "length_ms": 16.0, "click_db": 0.0, "low_hz": 150.0},
}
"""Which layer comes nearest to the fronts that were taken off in lab songs (spectra of their first 25 ms)."""
SHAPING_REACHES_DB = 3.0
"""What a front misses by more than this, shaping alone can't bring back."""
MARGIN_DB = 0.5
ROUNDS = 3
MOST_FRONT_DB = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class LayerState:
    """The layers of the song, and how strong they are in each channel."""

    layers: layering.Layers
    channels: Floats


def _tell_layer(step: Step) -> str:
    drum, front = str(step.knobs.get("drum", "drum")), knob_of(step, "front_db", "")
    what = (
        f"the sample {step.knobs['sample']}"
        if step.knobs.get("sample")
        else "the mean of its own hardest strokes"
        if step.knobs.get("source") == "own"
        else "a short sound made to its own pitch"
    )
    to = (
        f", until its front stands {number(front, signed=True)} dB over its body" if front is not None else ""
    )
    return f"lay {what} under each stroke of the {drum} that is weak{to}{by_share(step)}"


class Layer(Processor):
    """Adds a short sound to each stroke whose front is weaker than asked, in step with it.

    The sound is made to the drum's own pitch and decay, or is the mean of the
    take's own hardest strokes, or is a sample that the song holds: moved to the
    drum's own pitch where both have one. It follows the force of each stroke, is turned so
    that it never takes from it, and brings the front to ``front_db`` and no
    further: a stroke that is strong already gets none, and none gets two.
    """

    name: ClassVar[str] = "layer"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Layer", _tell_layer)
    order: ClassVar[int] = 80
    parts: ClassVar[tuple[str, ...]] = ("kick", "snare", "percussion", "drums")
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    sample_knobs: ClassVar[tuple[str, ...]] = ("sample",)
    answers: ClassVar[tuple[str, ...]] = ("weak-kick", "weak-snare")
    claims: ClassVar[tuple[str, ...]] = ("transients.kick_front_db", "transients.snare_front_db")

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="share of the layer that is added")
    front_db: float = knob(
        0.0,
        low=-MOST_FRONT_DB,
        high=MOST_FRONT_DB,
        step=0.1,
        unit="dB",
        help="what a stroke's first 25 ms are brought to, over its 50 to 110 ms",
    )
    most_db: float = knob(
        12.0, low=0.0, high=30.0, step=0.5, unit="dB", help="most that the front of one stroke is raised"
    )
    drum: Literal["kick", "snare"] = knob("kick", help="whose strokes, and what kind of sound is made")
    source: Literal["made", "own"] = knob(
        "made", help="made: to the drum's own pitch and decay; own: the mean of the take's hardest strokes"
    )
    sample: str = knob("", help="a sample that the song holds, by id or name: it is laid, and nothing made")
    length_ms: float = knob(30.0, low=5.0, high=120.0, step=1.0, unit="ms", help="how long the layer is")
    click_db: float = knob(
        -12.0, low=-30.0, high=12.0, step=0.5, unit="dB", help="noise of a made layer over its tone"
    )
    tune_semitones: float = knob(
        0.0,
        low=-12.0,
        high=12.0,
        step=0.1,
        help="how far a made layer or a sample stands from the drum's own pitch",
    )
    low_hz: float = knob(80.0, low=30.0, high=1000.0, step=5.0, unit="Hz", help="the layer has nothing below")

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return a made layer that fills the front up, where shaping alone can't reach the standard."""
        listening, standards = trial.sound, trial.standards
        if finding.kind not in ASKED or finding.part not in listening.stems or finding.standard is None:
            return []
        name = ASKED[finding.kind]
        before = measure(listening, name, standards)
        wanted = finding.standard.limit + MARGIN_DB
        if wanted - before <= SHAPING_REACHES_DB:
            return []
        chosen, expected = cls(amount=1.0, front_db=wanted, **ASKED_KNOBS[finding.kind]), before
        for _ in range(ROUNDS):
            expected = measure(trial.after(chosen, finding.part), name, standards)
            if abs(wanted - expected) < MARGIN_DB / 2:
                break
            # the measurement begins a little before the stroke, and ends before its front does
            chosen = chosen.brought_to(chosen.front_db + wanted - expected)
        else:
            expected = measure(trial.after(chosen, finding.part), name, standards)
        if expected - before < MARGIN_DB:
            return []
        claim = song_claim(name, "at_least", before, expected, standards)
        return [Offer(chosen, (claim,), part=finding.part, confidence=finding.confidence)]

    def brought_to(self, front_db: float) -> Self:
        """Return the same layer with another aim, within the knob's range."""
        return self.model_copy(
            update={"front_db": round(min(max(front_db, -MOST_FRONT_DB), MOST_FRONT_DB), 1)}
        )

    def is_neutral(self) -> bool:
        """Return whether nothing is added."""
        return self.amount == 0.0

    def prepare(self, listening: Listening) -> LayerState:
        """Return where the layers stand in the song, and how strong."""
        audio = listening.audio
        mid, onsets = middle(audio.samples), drum_strokes(listening, self.drum).frames
        wave = self._wave(listening, mid, onsets)
        layers = layering.laid(mid, audio.rate_hz, onsets, wave, self.front_db, self.most_db)
        balance = listening.keep(
            ("layer.balance", self.drum), lambda: _balance(audio.samples, audio.rate_hz, onsets)
        )
        return LayerState(layers, balance)

    def _wave(self, listening: Listening, mid: layering.Singles, onsets: Places) -> Floats:
        """Return the layer itself, its energy 1."""
        rate_hz = listening.audio.rate_hz
        shape = layering.LayerShape(self.length_ms / 1000.0, self.click_db, self.low_hz)
        if self.source == "own" and not self.sample:
            return layering.own_layer(mid, rate_hz, onsets, shape)
        tone = listening.keep(
            ("layer.tone", self.drum),
            lambda: layering.drum_tone(mid, rate_hz, onsets, *TONES_HZ[self.drum]),
        )
        moved = 2.0 ** (self.tune_semitones / 12.0)
        if self.sample:
            return self._brought(listening.one_shots[self.sample], tone, moved, shape, rate_hz)
        tuned = layering.DrumTone(tone.freq_hz * moved, tone.decay_s)
        return layering.made_layer(self.drum, tuned, shape, rate_hz)

    def _brought(
        self, shot: Listening, drum: layering.DrumTone, moved: float, shape: layering.LayerShape, rate_hz: int
    ) -> Floats:
        """Return the sample's front at the drum's pitch; at its own where one of the two has no clear one."""
        audio = shot.audio
        wave = middle(audio.samples).astype(np.float64)
        tone = shot.keep(
            ("layer.sample_tone", self.drum), lambda: tone_hz(wave, audio.rate_hz, TONES_HZ[self.drum])
        )
        ratio = moved * (drum.freq_hz / tone if tone and drum.clear else 1.0)
        return layering.finished(played(wave, audio.rate_hz, rate_hz, ratio, shape.length_s), shape, rate_hz)

    def step(self, part: str = "mix", span: Span | None = None) -> Step:
        """Return this processor as an exact step; one without a sample is the same step as before there were any."""
        step = super().step(part, span)
        knobs = {name: value for name, value in step.knobs.items() if name != "sample" or value}
        return step.model_copy(update={"knobs": knobs})

    def apply(self, block: Block, state: LayerState) -> Samples:
        """Return the block with its layers."""
        added = state.layers.over(block.start_frame, block.samples.shape[1])
        if added is None:
            return block.samples.copy()
        added *= self.amount
        return np.asarray(block.samples + state.channels[:, None] * added, dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the same layer at a share of its amplitude."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})


def _balance(samples: Samples, rate_hz: int, onsets: Places) -> Floats:
    """Return how strong the strokes are in each channel, 1 where they stand in the middle."""
    if samples.shape[0] == 1 or onsets.size == 0:
        return np.ones(samples.shape[0])
    length = round(layering.FRONT_S * rate_hz)
    power = np.array([np.mean(mean_power(row, onsets, onsets + length)) for row in samples])
    whole = float(np.mean(power))
    return np.ones(power.size) if whole <= 0.0 else np.asarray(np.sqrt(power / whole))
