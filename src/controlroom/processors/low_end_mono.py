"""SPACE: the side of the low end, turned down (an elliptical equaliser)."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import numpy as np

from controlroom.dsp.filters import gentle_high_pass_db
from controlroom.dsp.spectrum import Floats
from controlroom.listening.heard import spectra_of
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.figures import frequency
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.standards import Standards
from controlroom.model.step_words import StepWords, by_share, knob_of
from controlroom.processors.form import Offer, Processor, Trial, knob
from controlroom.processors.side_filter import SideFilter

TOLERANCE_DB = 1.5
"""The claim is read in third-octave bands, and the curve falls 12 dB in an octave: bands smear it."""


BASS = "bass"
PLANTED_DB = -18.0
"""Side over mid that a bass is brought to: a listener hears a source in the middle, and 3 dB are left for the bands' smear."""


PASSAGE_S = 1.0
SOUNDING_DB = 20.0
OUT_OF_PHASE_LOSS_DB = 4.5
"""What no passage may lose: channels that have nothing in common lose 3 dB, correlated at -0.3 they lose 4.5."""


def _tell_low_end_mono(step: Step) -> str:
    hz = knob_of(step, "corner_hz", "_hz")
    below = f" below {frequency(hz)}" if hz is not None else ""
    return f"bring the two sides of the low end together{below}{by_share(step)}"


class LowEndMono(SideFilter, Processor):
    """High-passes the side alone, zero-phase, so that mid and side stay in step.

    The mid is not touched: what a fold to mono plays does not change at all.
    """

    name: ClassVar[str] = "low_end_mono"
    stage: ClassVar[Stage] = Stage.SPACE
    words: ClassVar[StepWords] = StepWords("Low end to mono", _tell_low_end_mono)
    order: ClassVar[int] = 30
    reach_s: ClassVar[float] = 0.085
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("low-end-width",)
    claims: ClassVar[tuple[str, ...]] = ("stereo.low_side_mid_db",)

    amount: float = knob(0.0, low=0.0, high=1.0, step=0.01, help="share of the low side that is taken off")
    corner_hz: float = knob(
        120.0, low=60.0, high=200.0, step=1.0, unit="Hz", help="corner below which the side is turned down"
    )
    slope_db_per_octave: float = knob(
        12.0, low=6.0, high=24.0, step=6.0, unit="dB/octave", help="how steeply it falls"
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return the whole low side taken off below the standards' corner; a bass stem is planted for good.

        The bass has little else to lose: the gentlest of a few curves is taken
        that leaves it in the middle. Where a passage would lose its low end (it is
        out of phase there) nothing is offered.
        """
        listening, standards = trial.sound, trial.standards
        part = listening.part(finding.part)
        corner_hz = standards.number("stereo.mono_corner_hz")
        processor = cls(amount=1.0, corner_hz=corner_hz)
        if finding.part == BASS:
            processor = _planting(part, corner_hz, standards)
        losses_db = processor.losses_db(part, standards)
        # a bass stem that lies beside the middle all through is planted, whatever that costs it: the guards judge that
        usual_db = float(np.median(losses_db)) if finding.part == BASS else 0.0
        if losses_db.max() - usual_db > OUT_OF_PHASE_LOSS_DB:
            return []  # somewhere the low end is in the side alone: it would go, not come together
        before = measure(part, "stereo.low_side_mid_db", standards)
        claim = Claim(
            measurement="stereo.low_side_mid_db",
            before=before,
            expected=before + processor.expected_change_db(part, standards),
            tolerance=TOLERANCE_DB,
            sense="at_most",
        )
        return [Offer(processor, (claim,), part=finding.part, confidence=finding.confidence)]

    def side_gain(self, freq_hz: Floats) -> Floats:
        """Return the linear gain on the side at ``freq_hz``."""
        curve = gentle_high_pass_db(freq_hz, self.corner_hz, self.slope_db_per_octave)
        return np.asarray(1.0 - self.amount * (1.0 - 10.0 ** (curve / 20.0)))

    def expected_change_db(self, listening: Listening, standards: Standards) -> float:
        """Return by how much side over mid of the low end will fall, from the bands' own powers."""
        spectra = spectra_of(listening)
        bands = spectra.between(20.0, standards.number("stereo.low_below_hz"))
        side = spectra.side[:, bands].sum(axis=0, dtype=np.float64)
        after = float(np.sum(side * self.side_gain(spectra.centres_hz[bands]) ** 2))
        return 10.0 * math.log10(max(after, 1e-20) / max(float(np.sum(side)), 1e-20))

    def losses_db(self, listening: Listening, standards: Standards) -> Floats:
        """Return by how much the low end falls, passage by passage of ``PASSAGE_S`` all through the sound.

        Those count whose low end is no more than ``SOUNDING_DB`` under the loudest one's;
        one zero where none does. A rest at the end belongs to the passage before it.
        """
        spectra = spectra_of(listening)
        bands = spectra.between(20.0, standards.number("stereo.low_below_hz"))
        if not spectra.mid.shape[0]:
            return np.zeros(1)
        kept = self.side_gain(spectra.centres_hz[bands]) ** 2
        hops = max(1, round(PASSAGE_S * spectra.rate_hz / spectra.hop_frames))
        starts = np.arange(max(1, spectra.mid.shape[0] // hops)) * hops
        mid, side = (
            np.add.reduceat(power[:, bands].astype(np.float64), starts)
            for power in (spectra.mid, spectra.side)
        )
        before, after = (mid + side).sum(axis=1), (mid + side * kept).sum(axis=1)
        sounding = (before > 0) & (before >= before.max() * 10.0 ** (-SOUNDING_DB / 10.0))
        if not sounding.any():
            return np.zeros(1)
        return np.asarray(10.0 * np.log10(before[sounding] / np.maximum(after[sounding], 1e-30)))

    def is_neutral(self) -> bool:
        """Return whether the side is left alone."""
        return self.amount == 0.0

    def weakened(self, amount: float) -> Self:
        """Return the same corner on a share of the side."""
        return self.model_copy(update={"amount": round(self.amount * amount, 2)})


def _planting(bass: Listening, corner_hz: float, standards: Standards) -> LowEndMono:
    """Return the gentlest curve that brings the bass's low end to the middle, else the steepest."""
    width = measure(bass, "stereo.low_side_mid_db", standards)
    curves = [
        LowEndMono(amount=1.0, corner_hz=ratio * corner_hz, slope_db_per_octave=slope)
        for ratio, slope in ((1.0, 12.0), (1.0, 24.0), (1.25, 24.0), (1.5, 24.0))
    ]
    enough = (c for c in curves if width + c.expected_change_db(bass, standards) <= PLANTED_DB)
    return next(enough, curves[-1])
