"""LOUDNESS: no peak above the ceiling, between the samples either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from controlroom.dsp.limiter import LimiterGain, LimiterSettings, clipped, limiter_gain
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Samples
from controlroom.model.figures import format_measurement, number
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.standards import Standards
from controlroom.model.step_words import StepWords, knob_of
from controlroom.processors.form import Block, Offer, Processor, Trial, knob

CURVE_S = 0.05
PEAK_TOLERANCE_DB = 0.01
"""The gain is verified at 32 points per interval; a meter at 8 points reads at most this much more."""


@dataclass(frozen=True, slots=True, eq=False)
class LimiterState:
    """The gain of the whole song, and what it tells.

    Parameters
    ----------
    gain : ndarray of float32, shape (1 or channels, frames)
        Linear.
    source : ndarray of float32 or None
        The softly clipped sound, where that was asked for.
    readings : dict
        ``limiter.reduction_p95_db`` and ``limiter.reduction_max_db``.
    curves : dict
        ``limiter.reduction_db``: seconds and greatest reduction in dB per 50 ms.
    """

    gain: npt.NDArray[np.float32]
    source: Samples | None
    readings: dict[str, float]
    curves: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)


def _tell_limiter(step: Step) -> str:
    ceiling, gain = knob_of(step, "ceiling_dbtp", "_dbtp"), knob_of(step, "gain_db", "")
    hold = (
        f"hold its true peaks at {format_measurement('x_dbtp', ceiling)}"
        if ceiling is not None
        else "limit its true peaks"
    )
    return f"raise it by {number(gain)} dB and {hold}" if gain and gain > 0 else hold


class Limiter(Processor):
    """The true-peak limiter: one gain curve for the whole song, known before a sample is touched.

    It has no neutral knobs: a sound below the ceiling comes out as it went in.
    """

    name: ClassVar[str] = "limiter"
    stage: ClassVar[Stage] = Stage.LOUDNESS
    words: ClassVar[StepWords] = StepWords("Limiter", _tell_limiter)
    order: ClassVar[int] = 20
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    hears_s: ClassVar[float] = 6.0
    answers: ClassVar[tuple[str, ...]] = ("true-peak",)
    claims: ClassVar[tuple[str, ...]] = (
        "peak.true_dbtp",
        "limiter.reduction_p95_db",
        "limiter.reduction_max_db",
    )

    ceiling_dbtp: float = knob(
        -1.0, low=-24.0, high=0.0, step=0.01, unit="dBTP", help="true peak that nothing passes"
    )
    look_ahead_ms: float = knob(
        2.0,
        low=0.5,
        high=20.0,
        step=0.1,
        unit="ms",
        help="how far ahead of a peak, and behind it, the gain moves",
    )
    release_ms: float = knob(
        0.0,
        low=0.0,
        high=500.0,
        step=1.0,
        unit="ms",
        help="time constant with which a peak's reduction is let go",
    )
    sustain_release_ms: float = knob(
        150.0,
        low=10.0,
        high=2000.0,
        step=1.0,
        unit="ms",
        help="time constant with which lasting reduction is let go",
    )
    link: float = knob(
        1.0, low=0.0, high=1.0, step=0.05, help="1: all channels share one gain; 0: each has its own"
    )

    soft_clip: bool = knob(False, help="round the tops off before the limiter sees them; harder, and denser")
    clip_above_db: float = knob(
        2.0,
        low=0.0,
        high=6.0,
        step=0.1,
        unit="dB",
        help="how far above the ceiling the soft clip saturates; less is more clipping",
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return a limiter at the standards' ceiling, with the reduction that it takes."""
        listening, standards = trial.sound, trial.standards
        part = listening.part(finding.part)
        processor = cls(ceiling_dbtp=standards.number("loudness.ceiling_dbtp"))
        gain = processor.gain_of(part)
        peak_dbtp = measure(part, "peak.true_dbtp", standards)
        return [processor.offer(peak_dbtp, _readings(gain), finding.part, standards)]

    def offer(
        self, true_peak_dbtp: float, readings: Mapping[str, float], part: str, standards: Standards
    ) -> Offer:
        """Return this limiter as an offer, for a sound of a known peak and the reduction that it takes."""
        tolerance = standards.number("claim.tolerance_db")
        claims = (
            Claim(
                measurement="peak.true_dbtp",
                before=true_peak_dbtp,
                expected=self.ceiling_dbtp,
                tolerance=PEAK_TOLERANCE_DB,
                sense="at_most",
            ),
            Claim(
                measurement="limiter.reduction_p95_db",
                before=0.0,
                expected=readings["limiter.reduction_p95_db"],
                tolerance=tolerance,
                sense="at_most",
            ),
            Claim(
                measurement="limiter.reduction_max_db",
                before=0.0,
                expected=readings["limiter.reduction_max_db"],
                tolerance=tolerance,
                sense="at_most",
            ),
        )
        return Offer(self, claims, part=part)

    def settings(self) -> LimiterSettings:
        """Return the knobs as the tool takes them."""
        return LimiterSettings(
            ceiling_dbtp=self.ceiling_dbtp,
            look_ahead_ms=self.look_ahead_ms,
            release_ms=self.release_ms,
            sustain_release_ms=self.sustain_release_ms,
            link=self.link,
            clip_above_db=self.clip_above_db if self.soft_clip else None,
        )

    def source_of(self, listening: Listening) -> Samples:
        """Return what the limiter works on: the sound, its tops rounded off if the knobs ask for it; kept."""
        samples = listening.audio.samples
        return listening.keep(("dsp.clipped", self.canonical()), lambda: clipped(samples, self.settings()))

    def gain_of(self, listening: Listening) -> LimiterGain:
        """Return the gain of a whole sound; kept."""
        audio = listening.audio
        return listening.keep(
            ("dsp.limiter_gain", self.canonical()),
            lambda: limiter_gain(self.source_of(listening), audio.rate_hz, self.settings()),
        )

    def is_neutral(self) -> bool:
        """Return False: what the limiter does depends on the sound."""
        return False

    def prepare(self, listening: Listening) -> LimiterState:
        """Return the gain of the whole sound, and what it tells."""
        told = self.gain_of(listening)
        gain = np.atleast_2d(told.gain)
        return LimiterState(
            gain=gain,
            source=self.source_of(listening) if self.soft_clip else None,
            readings=_readings(told),
            curves={"limiter.reduction_db": _curve(gain, listening.audio.rate_hz)},
        )

    def apply(self, block: Block, state: LimiterState) -> Samples:
        """Return the block times its stretch of the gain."""
        stop = block.start_frame + block.samples.shape[1]
        here = slice(block.start_frame, stop)
        samples = block.samples if state.source is None else state.source[:, here]
        return np.asarray(samples * state.gain[:, here], dtype=np.float32)

    def weakened(self, amount: float) -> Self:
        """Return the limiter itself: the ceiling is hard, there is no half of it."""
        del amount
        return self


def _readings(gain: LimiterGain) -> dict[str, float]:
    return {
        "limiter.reduction_p95_db": gain.reduction.p95_db,
        "limiter.reduction_max_db": gain.reduction.max_db,
    }


def _curve(gain: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float64]:
    """Return seconds and greatest reduction in dB per 50 ms, shape (2, points)."""
    frames = gain.shape[1]
    starts = np.arange(0, frames, max(1, round(CURVE_S * rate_hz)))
    if frames == 0:
        return np.zeros((2, 0))
    least = np.minimum.reduceat(gain.min(axis=0), starts).astype(np.float64)
    return np.stack([starts / rate_hz, np.maximum(0.0, -20.0 * np.log10(np.maximum(least, 1e-6)))])
