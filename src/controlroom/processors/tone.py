"""TONE: at most three broad bands, linear phase."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from controlroom.dsp.equaliser import EqLimits, Target, fit_bands, summed_curve_db
from controlroom.listening.tone import TonalBalance, tonal_balance
from controlroom.model.figures import frequency, number
from controlroom.model.findings import Finding
from controlroom.model.proposals import Claim, Stage, Step
from controlroom.model.standards import Standards
from controlroom.model.step_words import StepWords, bands, plainly
from controlroom.model.wording import listed
from controlroom.processors.band_knobs import BANDS, BandKnobs
from controlroom.processors.form import Offer, Processor, Trial

_WORTH_DB = 0.05


def _tell_tone(step: Step) -> str:
    moves = [f"{number(db, signed=True)} dB at {frequency(hz)}" for hz, db in bands(step).items()]
    return f"move the tone towards the corridor: {listed(moves)}" if moves else plainly(step)


class Tone(BandKnobs, Processor):
    """A linear-phase equaliser of three bands on the mix bus.

    What is proposed keeps to the standards: few bands, broad, the *summed*
    curve within ±3 dB. It moves what lies outside the corridor towards it and
    pushes nothing that lies inside out of it. A person's own step may do more.
    """

    name: ClassVar[str] = "tone"
    stage: ClassVar[Stage] = Stage.TONE
    words: ClassVar[StepWords] = StepWords("Tone", _tell_tone)
    order: ClassVar[int] = 10
    keyed_by: ClassVar[tuple[str, ...] | None] = ()
    answers: ClassVar[tuple[str, ...]] = ("tonal-balance",)
    claims: ClassVar[tuple[str, ...]] = (
        "tone.outside_mean_db",
        "tone.outside_corridor_db",
        "tone.residual_db",
    )

    @classmethod
    def propose(cls, finding: Finding, trial: Trial) -> list[Offer]:
        """Return one equaliser that brings the balance nearer to its corridor, if there is one."""
        listening, standards = trial.sound, trial.standards
        balance = tonal_balance(listening.part(finding.part), standards)
        judged = balance.judged
        target = Target(
            balance.freq_hz[judged],
            balance.residual_db[judged],
            balance.low_db[judged],
            balance.high_db[judged],
        )
        bands = fit_bands(target, _limits(standards))
        if not bands:
            return []
        processor = cls.of_bands(bands)
        after = balance.equalised(summed_curve_db(processor.bands, balance.freq_hz))
        if after.mean_db > balance.mean_db - _WORTH_DB:
            return []
        claims = _claims(balance, after, standards.number("claim.tolerance_db"))
        return [Offer(processor, claims, part=finding.part, confidence=finding.confidence)]


def _limits(standards: Standards) -> EqLimits:
    return EqLimits(
        max_bands=min(BANDS, round(standards.number("tone.max_bands"))),
        max_q=standards.number("tone.max_q"),
        max_sum_db=standards.number("tone.max_sum_db"),
        min_gain_db=standards.number("tone.min_gain_db"),
    )


def _claims(before: TonalBalance, after: TonalBalance, tolerance_db: float) -> tuple[Claim, ...]:
    """Return what the equaliser will do to the mean, to the worst band, and to that band itself."""
    worst = int(np.argmax(np.abs(before.outside_db)))
    residual = float(before.residual_db[worst])
    return (
        Claim(
            measurement="tone.outside_mean_db",
            before=before.mean_db,
            expected=after.mean_db,
            tolerance=tolerance_db / 2,
            sense="at_most",
        ),
        Claim(
            measurement="tone.outside_corridor_db",
            before=before.worst_db,
            expected=after.worst_db,
            tolerance=tolerance_db,
            sense="at_most",
        ),
        Claim(
            measurement=f"tone.residual_db[{before.freq_hz[worst]:g}]",
            before=residual,
            expected=float(after.residual_db[worst]),
            tolerance=tolerance_db,
            # nearer to the corridor than this; how far beyond is told by the claims above
            sense="at_most" if residual > 0 else "at_least",
        ),
    )
