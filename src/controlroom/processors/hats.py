"""STEMS: hats and cymbals turned down, their ringing more than their strokes, the snare left alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from controlroom.dsp import hat_gain
from controlroom.dsp.filters import (
    ZeroPhaseFilter,
    convolve_same,
    from_curve_db,
    gentle_high_pass_db,
    grid_hz,
)
from controlroom.dsp.gain_lane import GainLane, node_times, node_width
from controlroom.dsp.spectrum import Floats
from controlroom.dsp.transients import STICK, find_hits
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.strokes import COVERED_BY_HATS, strokes_of
from controlroom.model.audio import Samples
from controlroom.model.figures import frequency, number
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.step_words import StepWords, knob_of, plainly
from controlroom.model.wording import listed
from controlroom.processors.form import Block, Offer, Processor, Trial, knob

Frames = npt.NDArray[np.bool_]

SLOPE_DB_PER_OCTAVE = 24.0
REACH_PERIODS = 12.0
"""Reach of the high-pass in periods of its corner: 12 ms at 1 kHz, 2.4 ms at 5 kHz."""
LEAST_DB, MOST_DB = 3.5, 6.0
"""What is proposed at least, 3 dB being the least that is heard, and a split leaving some hats elsewhere; and at most."""
TAIL_SHARE = 0.5
MOST_MORE = 1.4
"""How much deeper than that the gain may go to make up for what is protected."""
COVERED_WITHIN_DB = 30.0
"""How far under its loud level what hats cover still counts as sounding."""
LEAKING = (0.1, 0.3)
"""Share of the snare's highs in the hats' stem, as a correlation: none is protected below, all above."""
LOW_APART_HZ, LOW_TOGETHER_HZ = 2000.0, 5000.0


@dataclass(frozen=True, slots=True, eq=False)
class HatState:
    """The gain over the song, and the band that it moves."""

    lane: GainLane
    band: ZeroPhaseFilter

    @property
    def reach_frames(self) -> int:
        """How many frames on either side an output sample depends on."""
        return self.band.reach_frames


def _tell_hats(step: Step) -> str:
    depth, tail = knob_of(step, "depth_db", ""), knob_of(step, "tail_db", "")
    done = [f"turn hats and cymbals down by {number(depth)} dB"] if depth else []
    if tail:
        done.append(f"their ringing by {number(tail)} dB {'more' if depth else 'only'}")
    hz = knob_of(step, "low_hz", "")
    return f"{listed(done)}, above {frequency(hz)}" if done and hz else plainly(step)


class Hats(Processor):
    """Turns a band down while hats sound in it, by less at a stroke than in its tail.

    On the stem of the hats it may take everything above ``low_hz``; on whole
    drums what sounds there while the highs sound, less around strokes that
    have a shell, so that the snare keeps its crack and its wires.
    """

    name: ClassVar[str] = "hats"
    stage: ClassVar[Stage] = Stage.STEMS
    words: ClassVar[StepWords] = StepWords("Hats and cymbals", _tell_hats)
    order: ClassVar[int] = 90
    parts: ClassVar[tuple[str, ...]] = ("hats", "percussion", "drums")
    keyed_by: ClassVar[tuple[str, ...] | None] = ("snare",)
    answers: ClassVar[tuple[str, ...]] = ("hat-density",)
    claims: ClassVar[tuple[str, ...]] = (
        "transients.hats_over_db",
        "transients.hats_occupancy_share",
        "transients.hiss_over_crack_db",
    )

    depth_db: float = knob(0.0, low=0.0, high=18.0, step=0.1, unit="dB", help="how far hats are turned down")
    tail_db: float = knob(
        0.0, low=0.0, high=18.0, step=0.1, unit="dB", help="how much further what rings after each stroke is"
    )
    low_hz: float = knob(
        LOW_TOGETHER_HZ, low=1000.0, high=10000.0, step=50.0, unit="Hz", help="what lies below is not touched"
    )
    protect_snare: float = knob(
        1.0, low=0.0, high=1.0, step=0.05, help="share of it that is left out while a snare sounds"
    )
    attack_ms: float = knob(
        12.0, low=1.0, high=60.0, step=1.0, unit="ms", help="how long a stroke lasts before its tail begins"
    )
    release_ms: float = knob(
        30.0, low=5.0, high=200.0, step=1.0, unit="ms", help="how soon the tail is down, as a time constant"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the hats at 3.5 to 6 dB less, as the evidence asks; nothing where drums are not apart."""
        listening = trial.sound
        role = next((role for role in ("hats", "drums") if role in listening.stems), None)
        if role is None or finding.standard is None:
            return []
        beyond = finding.measurements[0].value - finding.standard.limit
        part = listening.stems[role].beside(listening.stems)
        processor = cls._for(part, role, min(max(beyond, LEAST_DB), MOST_DB))
        claims = processor._claims(trial, role)  # noqa: SLF001 -- its own class
        return [Offer(processor, claims, part=role, confidence=finding.confidence)] if claims else []

    @classmethod
    def _for(cls, part: Listening, role: str, wanted_db: float) -> Self:
        """Return the knobs that take ``wanted_db`` off the energy of what is struck there, where it covers something."""
        covering = _covering(part)
        tail_db = round(TAIL_SHARE * wanted_db, 1)
        low_hz, protect = LOW_TOGETHER_HZ, 1.0
        if role == "hats":
            low_hz, protect = LOW_APART_HZ, _leaks(part)
        low, high = 0.0, MOST_MORE * wanted_db
        for _ in range(8):
            middle = 0.5 * (low + high)
            trial = cls(depth_db=middle, tail_db=tail_db, low_hz=low_hz, protect_snare=protect)
            enough = -trial.energy_change_db(part, covering) >= wanted_db
            low, high = (low, middle) if enough else (middle, high)
        return cls(depth_db=high, tail_db=tail_db, low_hz=low_hz, protect_snare=protect)

    def _claims(self, trial: Trial, role: str) -> tuple[Claim, ...]:
        listening, after, standards = trial.sound, trial.after(self, role), trial.standards
        names: tuple[str, ...] = ("transients.hats_over_db", "transients.hats_occupancy_share")
        on, heard, changed = "song", listening, after
        if role != "hats":
            names, on = ("transients.hiss_over_crack_db",), "part"
            heard, changed = listening.stems[role], after.stems[role]
        rows = [(name, measure(heard, name, standards), measure(changed, name, standards)) for name in names]
        tolerance = standards.number("claim.tolerance_db")
        return tuple(
            Claim(
                measurement=name,
                before=before,
                expected=expected,
                tolerance=tolerance if name.endswith("_db") else 0.02,
                sense="at_most",
                on=on,
            )
            for name, before, expected in rows
            if expected < before
        )

    def is_neutral(self) -> bool:
        """Return whether nothing is turned down."""
        return self.depth_db == 0.0 and self.tail_db == 0.0

    def context_s(self) -> float:
        """Return the reach of the high-pass, with a millisecond for rounding."""
        return REACH_PERIODS / self.low_hz + 0.001

    def reduction_db(self, listening: Listening, times_s: Floats) -> Floats:
        """Return by how much the band is turned down at some evenly spaced times, in dB."""
        audio, envelopes = listening.audio, strokes_of(listening)
        struck = listening.keep(
            ("hats.struck",),
            lambda: hat_gain.onset_times(
                audio.samples, audio.rate_hz, envelopes, find_hits(envelopes, "high", STICK)
            ),
        )
        return hat_gain.hat_reduction_db(
            times_s,
            struck,
            _snares(listening, times_s) if self.protect_snare else np.zeros(times_s.size),
            hat_gain.sounding_share(envelopes, times_s),
            hat_gain.HatShape(
                self.depth_db,
                self.tail_db,
                self.attack_ms / 1000.0,
                self.release_ms / 1000.0,
                self.protect_snare,
            ),
        )

    def energy_change_db(self, listening: Listening, covering: Frames) -> float:
        """Return what the gain does to the energy at 7 to 15 kHz in some of its envelope's frames, in dB."""
        envelopes = strokes_of(listening)
        power = envelopes.power["high"]
        reduction_db = self.reduction_db(listening, np.arange(float(power.size)) * envelopes.hop_s)
        return hat_gain.power_change_db(power[covering], reduction_db[covering])

    def prepare(self, listening: Listening) -> HatState:
        """Return the gain over the song and the high-pass of its band."""
        audio = listening.audio
        width = node_width(audio.rate_hz)
        nodes = -self.reduction_db(listening, node_times(audio.frames, width, audio.rate_hz))
        reach = math.floor(REACH_PERIODS / self.low_hz * audio.rate_hz)
        curve = gentle_high_pass_db(grid_hz(audio.rate_hz, reach), self.low_hz, SLOPE_DB_PER_OCTAVE)
        return HatState(GainLane(nodes.astype(np.float32), width), from_curve_db(curve, reach))

    def apply(self, block: Block, state: HatState) -> Samples:
        """Return the block with its highs under the gain."""
        gain = state.lane.over(block.start_frame, block.samples.shape[1])
        if np.all(gain == 1.0):
            return block.samples.copy()
        highs = convolve_same(block.samples, state.band)
        highs *= gain - np.float32(1.0)
        highs += block.samples
        return highs

    def weakened(self, amount: float) -> Self:
        """Return the same band at a share of the depths in dB."""
        return type(self)(
            **{**self.model_dump(), "depth_db": self.depth_db * amount, "tail_db": self.tail_db * amount}
        )


def _snares(listening: Listening, times_s: Floats) -> Floats:
    """Return how far snares sound: by their own stem, else by what has a shell and is no hat in the sound itself."""
    stem = listening.stems.get("snare", listening)
    envelopes = strokes_of(stem)
    struck = stem.keep(
        ("hats.shells",),
        lambda: hat_gain.onset_times(
            stem.audio.samples, stem.audio.rate_hz, envelopes, hat_gain.struck_shells(envelopes)
        ),
    )
    kit = envelopes if stem is listening else envelopes.joined(strokes_of(listening))
    return hat_gain.snare_share(times_s, struck) * hat_gain.shell_share(kit, times_s)


def _covering(listening: Listening) -> Frames:
    """Return the frames of the envelope in which voice or snare sound, what hats cover; all of them where neither does."""
    frames = strokes_of(listening).frames
    found = np.zeros(frames, dtype=bool)
    for role in COVERED_BY_HATS:
        if role in listening.stems:
            power = strokes_of(listening.stems[role]).power["slow"][:frames]
            found[: power.size] |= power > np.quantile(power, 0.98) * 10.0 ** (-COVERED_WITHIN_DB / 10.0)
    return found if found.any() else ~found


def _leaks(listening: Listening) -> float:
    """Return how much of the snare must be protected in the hats' own stem: none when they are truly apart."""
    snare = listening.stems.get("snare")
    if snare is None:
        return 1.0
    reach = math.floor(REACH_PERIODS / LOW_TOGETHER_HZ * listening.audio.rate_hz)
    curve = gentle_high_pass_db(grid_hz(listening.audio.rate_hz, reach), LOW_TOGETHER_HZ, SLOPE_DB_PER_OCTAVE)
    band = from_curve_db(curve, reach)
    shared = hat_gain.shared_wave(
        convolve_same(listening.audio.samples, band), convolve_same(snare.audio.samples, band)
    )
    none, all_of_it = LEAKING
    return float(np.clip((shared - none) / (all_of_it - none), 0.0, 1.0))
