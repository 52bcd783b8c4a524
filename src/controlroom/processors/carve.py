"""SPACE: room for the voice in what plays beside it, only while it sings and only where it is covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from controlroom.dsp import masking
from controlroom.dsp.band_gains import BandCuts, BandSplit, cut_bands, erb_split, erb_weights
from controlroom.dsp.levelling import curve_of_frames
from controlroom.dsp.spectrum import Floats, decibels
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.voice import PRESENCE_HZ, SUNG_HZ, Voice, erb_levels_of, voice_of
from controlroom.model.audio import Samples
from controlroom.model.figures import frequency, number
from controlroom.model.findings import Finding
from controlroom.model.parts import BACKING, VOICES, leaves
from controlroom.model.proposals import Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.processors.form import Block, Offer, Processor, Trial, knob, song_claim

BANDS = 7
REACH_S = 0.03
NODE_S = 0.005
HOLD_S = 0.03
"""A cut is there this long before and after the frame that asks for it."""

HEARD_DB = (24.0, 12.0)
"""Cells of the voice this far under its loud level in the band don't count, and nearer than this count fully."""

OVER_BACKING = "voice.over_backing_db"
DEPTH_STEP_DB = 0.1
TRIED_STEP_DB = 0.2
SURE_DB = 0.1
"""What a forecast may be off by, against the sound itself."""


@dataclass(frozen=True, slots=True, eq=False)
class CarveState:
    """The bands, and how deep each is cut over time; None of both where no voice was handed in."""

    split: BandSplit
    cuts: BandCuts

    @property
    def reach_frames(self) -> int:
        """How many frames on either side an output sample depends on."""
        return self.split.reach_frames


def _tell_carve(step: Step) -> str:
    depth, low, high = (knob_of(step, name, "") for name in ("depth_db", "low_hz", "high_hz"))
    if depth is None or low is None or high is None:
        return plainly(step)
    return (
        f"make room for the voice by up to {number(depth)} dB from {frequency(low)} to {frequency(high)}, "
        "only while it sings and where it is covered"
    )


class Carve(Processor):
    """Turns the backing down at 1 to 4 kHz, band by band, where it lies over the voice while that sings.

    Seven zero-phase bands on the ear's scale, each with its own gain, worked out
    over the whole song from the voice's stem and the backing's masking (ERB
    levels with the spread of masking). The gain moves slower than syllables, so
    that nothing pumps; bands and moments in which the voice is clear, or does
    not sing, are not touched. Without a stem of the voice it does nothing.
    """

    name: ClassVar[str] = "carve"
    stage: ClassVar[Stage] = Stage.SPACE
    words: ClassVar[StepWords] = StepWords("Room for the voice", _tell_carve)
    order: ClassVar[int] = 10
    keyed_by: ClassVar[tuple[str, ...] | None] = ("vocals", BACKING)
    answers: ClassVar[tuple[str, ...]] = ("masked-voice",)
    claims: ClassVar[tuple[str, ...]] = (OVER_BACKING,)

    depth_db: float = knob(
        0.0, low=0.0, high=12.0, step=DEPTH_STEP_DB, unit="dB", help="how far a band is turned down at most"
    )
    margin_db: float = knob(
        6.0,
        low=0.0,
        high=15.0,
        step=0.5,
        unit="dB",
        help="how far the voice shall lie over the backing; where it does, nothing is cut",
    )
    speed_ms: float = knob(
        250.0, low=100.0, high=1000.0, step=10.0, unit="ms", help="time in which a cut comes or goes"
    )
    low_hz: float = knob(1000.0, low=300.0, high=1500.0, step=10.0, unit="Hz", help="lowest band's middle")
    high_hz: float = knob(4000.0, low=2000.0, high=6000.0, step=10.0, unit="Hz", help="highest band's middle")

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the shallowest carve that makes the room, within what the backing's tone may lose."""
        listening, standards = trial.sound, trial.standards
        part, voice = carved_part(listening), voice_of(listening)
        if part is None or voice is None:
            return []
        before = measure(listening, OVER_BACKING, standards)
        wanted = max(
            standards.number("voice.over_backing_min_db") + standards.number("claim.tolerance_db"),
            before + standards.number("carve.gain_db"),
        )
        forecast = _Forecast.of(listening, part, voice)
        chosen = cls()
        for depth_db in np.arange(1.0, standards.number("carve.max_depth_db") + SURE_DB, TRIED_STEP_DB):
            deeper = cls(depth_db=float(depth_db))
            clearer_db, lost_db = forecast.after(deeper)
            if lost_db > standards.number("carve.max_tone_move_db"):
                break
            chosen = deeper
            if before + clearer_db >= wanted + SURE_DB:
                break
        if chosen.is_neutral():
            return []
        reached = measure(trial.after(chosen, part), OVER_BACKING, standards)
        if reached < before + standards.number("carve.least_gain_db"):
            return []
        claim = song_claim(OVER_BACKING, "at_least", before, reached, standards)
        return [Offer(chosen, (claim,), part=part, confidence=finding.confidence)]

    def is_neutral(self) -> bool:
        """Return whether nothing may be cut."""
        return self.depth_db == 0.0

    def context_s(self) -> float:
        """Return the reach of the bands' impulse responses, with a millisecond for rounding."""
        return REACH_S + 0.001

    def prepare(self, listening: Listening) -> CarveState | None:
        """Return the bands and their cuts over the song; None without a voice."""
        voice = listening.stems.get("vocals")
        if voice is None or not np.any(voice.audio.samples):
            return None
        rate = listening.audio.rate_hz
        nodes = self.nodes_db(erb_levels_of(voice), erb_levels_of(listening.stems.get(BACKING, listening)))
        cuts = BandCuts(0.0, NODE_S * rate, 1.0 - 10.0 ** (-nodes / 20.0))
        return CarveState(erb_split(rate, self.low_hz, self.high_hz, BANDS, REACH_S), cuts)

    def nodes_db(self, own: masking.ErbLevels, backing: masking.ErbLevels) -> Floats:
        """Return how deep each band is cut at nodes ``NODE_S`` apart, in dB, shape (nodes, bands)."""
        cover = masking.excitation(backing)
        frames = min(len(own.power), len(cover))
        weights = erb_weights(own.middles_hz, self.low_hz, self.high_hz, BANDS).T
        cut = self._cut_db(own.power[:frames] @ weights, cover[:frames] @ weights)
        cut[~masking.active(own, own.between(*SUNG_HZ))[:frames]] = 0.0
        return curve_of_frames(cut, own.hop_s, NODE_S, HOLD_S, self.speed_ms / 1000.0)

    def _cut_db(self, own: Floats, cover: Floats) -> Floats:
        """Return what each band is to be cut by, shape (frames, bands)."""
        voice, over = decibels(own), decibels(cover)
        wanted = np.clip(self.margin_db + over - voice, 0.0, self.depth_db)
        loud = np.quantile(voice, 0.95, axis=0) if len(voice) else np.zeros(voice.shape[1])
        far, near = HEARD_DB
        heard = np.clip((voice - (loud - far)) / (far - near), 0.0, 1.0)
        return np.asarray(wanted * heard)

    def apply(self, block: Block, state: CarveState | None) -> Samples:
        """Return the block with its bands cut; as it is without a voice."""
        if state is None:
            return block.samples.copy()
        return cut_bands(block.samples, block.start_frame, state.split, state.cuts)

    def weakened(self, amount: float) -> Self:
        """Return the same carve at a share of its depth."""
        return self.model_copy(
            update={"depth_db": round(self.depth_db * amount / DEPTH_STEP_DB) * DEPTH_STEP_DB}
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Forecast:
    """What a carve would do, from ERB levels alone: a hundred times quicker than trying it on the sound."""

    voice: Voice
    part: masking.ErbLevels
    backing: masking.ErbLevels

    @classmethod
    def of(cls, listening: Listening, part: str, voice: Voice) -> _Forecast:
        levels = erb_levels_of(listening.stems[part])
        return cls(voice, levels, erb_levels_of(listening.stems.get(BACKING, listening.stems[part])))

    def after(self, carve: Carve) -> tuple[float, float]:
        """Return by how much the voice gets clearer at 1 to 4 kHz, and the most that the part's tone loses, in dB."""
        own, rest = self.voice.own, self.voice.backing
        nodes = carve.nodes_db(own, self.backing)
        frames = min(len(rest.power), len(self.part.power))
        at = np.minimum(np.round((np.arange(frames) + 1) * own.hop_s / NODE_S).astype(int), len(nodes) - 1)
        weights = erb_weights(own.middles_hz, carve.low_hz, carve.high_hz, BANDS)
        gain = (1.0 - (1.0 - 10.0 ** (-nodes[at] / 20.0)) @ weights) ** 2
        part = self.part.power[:frames]
        taken = (part * (1.0 - gain)).astype(np.float32)
        carved = masking.ErbLevels(own.hop_s, own.edges_hz, np.maximum(rest.power[:frames] - taken, 0.0))
        bands, sings = own.between(*PRESENCE_HZ), self.voice.sings[:frames]
        before = masking.signal_to_mask_db(own, rest, bands, self.voice.sings)
        short = masking.ErbLevels(own.hop_s, own.edges_hz, own.power[:frames])
        after = masking.signal_to_mask_db(short, carved, bands, sings)
        kept = 1.0 - taken.sum(axis=0, dtype=np.float64) / np.maximum(
            part.sum(axis=0, dtype=np.float64), 1e-20
        )
        return after - before, float(np.max(-decibels(kept)))


def carved_part(listening: Listening) -> str | None:
    """Return what is carved for the voice: the whole backing, else the stem that covers most; None without stems."""
    if voice_of(listening) is None:
        return None
    if BACKING in listening.stems:
        return BACKING
    roles = [role for role in leaves(listening.stems) if role not in VOICES]
    return max(roles, key=lambda role: _under_the_voice(listening, role), default=None)


def _under_the_voice(listening: Listening, role: str) -> float:
    voice = voice_of(listening)
    levels = erb_levels_of(listening.stems[role])
    if voice is None:
        return 0.0
    frames = min(len(levels.power), voice.sings.size)
    bands = levels.between(1000.0, 4000.0)
    return float(levels.power[:frames][voice.sings[:frames]][:, bands].sum(dtype=np.float64))
