"""STEMS: smeared strokes get the beginning of a clean stroke of the same drum."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np

from controlroom.dsp.onset_frames import exact_onsets, middle
from controlroom.dsp.rebuilding import Patches, PatchShape, patches
from controlroom.dsp.transients import STICK, Places, find_hits, rises_ms
from controlroom.listening.listening import Listening
from controlroom.listening.strokes import strokes_of
from controlroom.model.audio import Samples
from controlroom.model.figures import number
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, by_share, knob_of
from controlroom.processors.form import Block, Processor, knob

CLEAN_SHARE = 0.75
"""A stroke that lends its beginning rises in this share of what is still clean."""


def _tell_drum_rebuild(step: Step) -> str:
    rise = knob_of(step, "rise_ms", "")
    slow = f" that takes longer than {number(rise)} ms to rise" if rise else ""
    return f"give each stroke{slow} the beginning of a clean one{by_share(step)}"


class DrumRebuild(Processor):
    """Puts the first moment of a clean stroke in place of each smeared one's.

    What smears an attack in a generated take is not undone by any filter: the
    order of the samples is lost. Where the same drum is struck cleanly elsewhere
    in the take, its beginning is taken from there: the most alike, matched in
    level and colour, in step. Without four clean strokes nothing is changed.

    Nothing proposes it: where a smear is so long that it is found (60 ms), the
    place of a stroke inside it is only known to about 5 ms.
    """

    name: ClassVar[str] = "drum_rebuild"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Drum rebuild", _tell_drum_rebuild)
    order: ClassVar[int] = 30
    parts: ClassVar[tuple[str, ...]] = ("kick", "snare", "hats", "percussion")
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    claims: ClassVar[tuple[str, ...]] = ("transients.rise_s",)

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="how far smeared beginnings give way")
    rise_ms: float = knob(
        6.5, low=3.0, high=40.0, step=0.5, unit="ms", help="strokes that rise more slowly are smeared"
    )
    length_ms: float = knob(
        25.0, low=10.0, high=60.0, step=1.0, unit="ms", help="how much of a stroke is new"
    )
    before_ms: float = knob(
        12.0, low=4.0, high=60.0, step=1.0, unit="ms", help="how much of the smear before it gives way"
    )
    band: Literal["all", "low", "body", "crack", "high"] = knob(
        "all", help="where the rise is read: all, or 40-130 Hz, 150-500 Hz, 2-7 kHz, 7-15 kHz"
    )

    def sorted_out(self, listening: Listening) -> tuple[Places, Places]:
        """Return the first frames of the clean strokes, and near which the smeared ones begin."""
        envelopes, audio = strokes_of(listening), listening.audio
        hits = find_hits(envelopes, self.band, STICK)
        rises = rises_ms(envelopes, self.band, hits)
        near = hits * round(envelopes.hop_s * audio.rate_hz)
        clean = near[rises <= CLEAN_SHARE * self.rise_ms]
        return exact_onsets(middle(audio.samples), audio.rate_hz, clean), near[rises > self.rise_ms]

    def is_neutral(self) -> bool:
        """Return whether nothing gives way."""
        return self.amount == 0.0

    def prepare(self, listening: Listening) -> Patches:
        """Return the new beginnings of the song."""

        def made() -> Patches:
            audio = listening.audio
            clean, smeared = self.sorted_out(listening)
            shape = PatchShape(self.before_ms / 1000.0, self.length_ms / 1000.0)
            return patches(audio.samples, audio.rate_hz, clean, smeared, shape)

        knobs = (self.band, self.rise_ms, self.before_ms, self.length_ms)
        return listening.keep(("drum_rebuild.patches", *knobs), made)

    def apply(self, block: Block, state: Patches) -> Samples:
        """Return the block with its new beginnings."""
        if state.starts.size == 0:
            return block.samples.copy()
        return np.asarray(state.laid_into(block.samples, block.start_frame, self.amount), dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the same rebuild giving way less."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})
