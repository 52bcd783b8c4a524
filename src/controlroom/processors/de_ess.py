"""STEMS, last on the voice: s and sh turned down while they last, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.band_gains import BandCuts, BandSplit, cut_bands, split_of
from controlroom.dsp.levelling import curve_of_frames
from controlroom.dsp.sibilants import HISSING_HZ, Hiss, hiss_of
from controlroom.dsp.spectrum import Floats
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.figures import number
from controlroom.model.findings import Finding
from controlroom.model.parts import VOICES
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.processors.form import Block, Offer, Processor, Trial, knob, song_claim

SIBILANCE = "voice.sibilance_db"
REACH_S = 0.01
NODE_S = 0.002
HOLD_S = 0.004
SKIRT = 1.25
"""The band is whole from 4.5 to 11 kHz and ends a factor of 1.25 beyond."""
LEAST_BETTER_DB = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class DeEssState:
    """The band, and how deep it is cut over time."""

    split: BandSplit
    cuts: BandCuts

    @property
    def reach_frames(self) -> int:
        """How many frames on either side an output sample depends on."""
        return self.split.reach_frames


def _tell_de_ess(step: Step) -> str:
    depth = knob_of(step, "depth_db", "")
    return f"turn its s and sh down by up to {number(depth)} dB" if depth else plainly(step)


class DeEss(Processor):
    """Turns 4.5 to 11 kHz down where the voice hisses more than it sings, zero-phase, with its gain known ahead.

    A frame counts as a consonant when it holds more hiss than vowel; what it
    has over the threshold is taken off, to a greatest depth. Vowels keep their
    air. It sounds last on the voice: whatever brightens a voice brightens its s.
    """

    name: ClassVar[str] = "de_ess"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("De-esser", _tell_de_ess)
    order: ClassVar[int] = 140
    parts: ClassVar[tuple[str, ...]] = VOICES
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("sibilance",)
    claims: ClassVar[tuple[str, ...]] = (SIBILANCE,)

    depth_db: float = knob(
        0.0, low=0.0, high=12.0, step=0.1, unit="dB", help="how far a consonant is cut at most"
    )
    threshold_db: float = knob(
        -12.0,
        low=-30.0,
        high=0.0,
        step=0.5,
        unit="dB",
        help="level over the loud vowels from which hiss is cut",
    )
    release_ms: float = knob(
        24.0, low=12.0, high=120.0, step=1.0, unit="ms", help="time in which the cut comes and goes"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the shallowest cut that keeps to the standard, short of a lisp."""
        listening, standards = trial.sound, trial.standards
        part = listening.stems.get("vocals")
        if part is None:
            return []
        before, limit = measure(listening, SIBILANCE, standards), standards.number("voice.sibilance_max_db")
        wanted = before - limit + standards.number("claim.tolerance_db")
        kept = _hiss(part).contrast_db() - standards.number("voice.consonant_contrast_min_db")
        deepest = min(standards.number("voice.max_de_ess_db"), kept)
        best = (before, cls())
        for factor in (1.0, 1.2, 1.5, 2.0):  # the measure's frames are long: a cut reads less deep than it is
            depth_db = min(factor * wanted, deepest)
            if depth_db <= best[1].depth_db:
                break
            processor = cls(depth_db=depth_db, threshold_db=limit - depth_db / 2.0)
            reached = measure(trial.after(processor, "vocals"), SIBILANCE, standards)
            best = min(best, (reached, processor), key=lambda pair: pair[0])
            if reached <= limit - standards.number("claim.tolerance_db"):
                break
        reached, processor = best
        if reached > before - LEAST_BETTER_DB:
            return []
        claim = song_claim(SIBILANCE, "at_most", before, reached, standards)
        return [Offer(processor, (claim,), part="vocals", confidence=finding.confidence)]

    def is_neutral(self) -> bool:
        """Return whether nothing may be cut."""
        return self.depth_db == 0.0

    def context_s(self) -> float:
        """Return the reach of the band's impulse response, with a millisecond for rounding."""
        return REACH_S + 0.001

    def prepare(self, listening: Listening) -> DeEssState:
        """Return the band and its cut over the song."""
        rate = listening.audio.rate_hz
        hiss = _hiss(listening)
        wanted = np.minimum(hiss.over_db(self.threshold_db), self.depth_db)
        nodes = curve_of_frames(wanted[:, None], hiss.hop_s, NODE_S, HOLD_S, self.release_ms / 1000.0)
        cuts = BandCuts(0.0, NODE_S * rate, 1.0 - 10.0 ** (-nodes / 20.0))
        return DeEssState(split_of(rate, _weights, HISSING_HZ[1] * SKIRT, REACH_S), cuts)

    def apply(self, block: Block, state: DeEssState) -> Samples:
        """Return the block with its consonants cut."""
        return cut_bands(block.samples, block.start_frame, state.split, state.cuts)

    def weakened(self, amount: float) -> Self:
        """Return the same threshold at a share of the depth."""
        return self.model_copy(update={"depth_db": round(self.depth_db * amount, 1)})


def _hiss(listening: Listening) -> Hiss:
    audio = listening.audio
    return listening.keep(("dsp.hiss",), lambda: hiss_of(audio.samples, audio.rate_hz))


def _weights(freq_hz: Floats) -> Floats:
    """Return the one band: whole between its edges, a squared cosine over the skirts on a log scale."""
    low, high = HISSING_HZ
    octaves = np.log2(np.maximum(freq_hz, 1.0))
    beyond = np.maximum(np.log2(low) - octaves, octaves - np.log2(high)) / np.log2(SKIRT)
    return np.asarray(np.cos(0.5 * np.pi * np.clip(beyond, 0.0, 1.0))[None, :] ** 2)
