"""STEMS: a part makes way for each stroke of the kick."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.band_gains import BandCuts, BandSplit, cut_bands, split_of
from controlroom.dsp.gain_curve import released, sliding_max, smoothed
from controlroom.dsp.spectrum import Floats
from controlroom.listening.listening import Listening
from controlroom.model.audio import Samples
from controlroom.model.figures import frequency, number
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.processors.form import Block, Processor, knob

REACH_S = 0.03
NODE_S = 0.001
SKIRT = 2.0
ALL_HZ = 20000.0
LOUD_SHARE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class SidechainState:
    """How deep the part is cut over time, and the band that is; no band for all of it."""

    cuts: BandCuts
    split: BandSplit | None

    @property
    def reach_frames(self) -> int:
        """How many frames on either side an output sample depends on."""
        return self.split.reach_frames if self.split else 0


def _tell_sidechain(step: Step) -> str:
    depth, hz = knob_of(step, "depth_db", ""), knob_of(step, "below_hz", "")
    if not depth or hz is None:
        return plainly(step)
    what = "it" if hz >= 20000.0 else f"what lies below {frequency(hz)}"
    return f"duck {what} by up to {number(depth)} dB under each stroke of the kick"


class Sidechain(Processor):
    """Ducks a part under the kick, by the kick's own envelope: soft strokes duck less.

    The gain is down when the stroke comes, because the strokes are known ahead,
    and comes back exponentially. Below a corner only, zero-phase, or the whole
    part. Without a stem of the kick (or of the drums) it does nothing.
    """

    name: ClassVar[str] = "sidechain"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Side-chain", _tell_sidechain)
    order: ClassVar[int] = 120
    keyed_by: ClassVar[tuple[str, ...] | None] = ("kick", "drums")
    claims: ClassVar[tuple[str, ...]] = ("level.note_range_db",)

    depth_db: float = knob(
        0.0, low=0.0, high=18.0, step=0.5, unit="dB", help="how far a full stroke ducks it"
    )
    below_hz: float = knob(
        150.0,
        low=60.0,
        high=ALL_HZ,
        step=10.0,
        unit="Hz",
        help="only what lies below ducks; 20 kHz is all of it",
    )
    attack_ms: float = knob(
        6.0,
        low=2.0,
        high=50.0,
        step=1.0,
        unit="ms",
        help="time before the stroke in which the gain goes down",
    )
    release_ms: float = knob(
        120.0, low=20.0, high=600.0, step=5.0, unit="ms", help="time constant with which it comes back"
    )

    def is_neutral(self) -> bool:
        """Return whether nothing ducks."""
        return self.depth_db == 0.0

    def context_s(self) -> float:
        """Return the reach of the band's impulse response, with a millisecond for rounding."""
        return 0.0 if self.below_hz >= ALL_HZ else REACH_S + 0.001

    def prepare(self, listening: Listening) -> SidechainState | None:
        """Return the cut over the song; None without a kick."""
        kick = listening.stems.get("kick", listening.stems.get("drums"))
        if kick is None or not np.any(kick.audio.samples):
            return None
        rate = listening.audio.rate_hz
        share = self._share(_strokes(kick))
        nodes = 1.0 - 10.0 ** (-self.depth_db * share / 20.0)
        split = None
        if self.below_hz < ALL_HZ:
            split = split_of(rate, self._weights, SKIRT * self.below_hz, REACH_S)
        return SidechainState(BandCuts(0.5 * NODE_S * rate, NODE_S * rate, nodes[:, None]), split)

    def _share(self, strokes: Floats) -> Floats:
        """Return how far the part is ducked, 0 to 1 per node, from the kick's envelope."""
        attack = max(1, round(self.attack_ms / 1000.0 / NODE_S))
        ahead = sliding_max(strokes, 0, attack)
        fallen = released(ahead, 1000.0 * NODE_S, self.release_ms)
        return smoothed(np.pad(fallen, (0, attack)), attack)

    def _weights(self, freq_hz: Floats) -> Floats:
        octaves = np.log2(np.maximum(freq_hz, 1.0) / self.below_hz) / math.log2(SKIRT)
        return np.asarray(np.cos(0.5 * np.pi * np.clip(octaves, 0.0, 1.0))[None, :] ** 2)

    def apply(self, block: Block, state: SidechainState | None) -> Samples:
        """Return the block, ducked; as it is without a kick."""
        if state is None:
            return block.samples.copy()
        if state.split is not None:
            return cut_bands(block.samples, block.start_frame, state.split, state.cuts)
        at = np.arange(block.samples.shape[1], dtype=np.float64) + block.start_frame
        return block.samples * (np.float32(1.0) - state.cuts.at(at, 0))

    def weakened(self, amount: float) -> Self:
        """Return the same shape at a share of the depth in dB."""
        return self.model_copy(update={"depth_db": round(2.0 * self.depth_db * amount) / 2.0})


def _strokes(kick: Listening) -> Floats:
    """Return the kick's peaks per node over those of its loud strokes, at most 1, shape (nodes,)."""
    audio = kick.audio
    edges = np.round(np.arange(math.ceil(audio.duration_s / NODE_S)) * NODE_S * audio.rate_hz).astype(
        np.int64
    )
    peaks = np.maximum.reduceat(np.abs(audio.samples).max(axis=0), edges).astype(np.float64)
    tops = sliding_max(peaks, 100, 100)
    loud = float(np.quantile(tops, LOUD_SHARE))
    return np.asarray(np.minimum(peaks / max(loud, 1e-9), 1.0))
