"""Tone against a corridor of finished masters, on the loudest third of the song.

References
----------
P. D. Pestana, Z. Ma, J. D. Reiss, A. Barbosa, D. A. A. Black, "Spectral
characteristics of popular commercial recordings 1950-2010", AES 135 (2013):
finished music keeps to a narrow long-term spectrum.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from controlroom.listening.listening import Listening
from controlroom.listening.tone import TonalBalance, tonal_balance
from controlroom.model.figures import frequency, number
from controlroom.model.finding_words import FindingWords, fact, judged
from controlroom.model.findings import Finding, Measurement, Plot, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

MARGIN = "tone.corridor_margin_db"
FULL_SEVERITY_DB = 6.0
TOLD_BANDS = 6
FULL_JUDGED_BANDS = 20


def _argument(name: str) -> float | None:
    found = re.search(r"\[([\d.]+)\]", name)
    return float(found[1]) if found else None


def _tell_tonal_balance(finding: Finding) -> str:
    away = judged(finding)
    worst = next((m for m in finding.measurements if m.name.startswith("tone.residual_db[")), None)
    hz = _argument(worst.name) if worst else None
    counted, whole = fact(finding, "bands_outside"), fact(finding, "bands_judged")
    told = (
        f"In its loudest third, {number(counted, 0)} of {number(whole, 0)} bands lie outside the corridor"
        if counted and whole
        else "In its loudest third, the tonal balance leaves the corridor"
    )
    if worst is None or hz is None:
        return f"{told}, by {away} at the worst place."
    side = "above" if worst.value >= 0 else "below"
    return f"{told}; the worst, around {frequency(hz)}, by {away} {side} it."


class TonalBalanceDetector:
    """Finds third-octave bands that lie outside the corridor after one broadband gain.

    One finding for the whole balance: bands that are off are seldom off alone,
    and one correction answers them all.
    """

    name: ClassVar[str] = "tonal_balance"
    kinds: ClassVar[tuple[str, ...]] = ("tonal-balance",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "tonal-balance": FindingWords("Tonal balance", _tell_tonal_balance),
    }
    stage: ClassVar[Stage] = Stage.TONE
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the worst band is outside by more than the margin."""
        balance = tonal_balance(listening, standards)
        margin = standards.number(MARGIN)
        if balance.worst_db <= margin:
            return []
        return [
            Finding(
                kind="tonal-balance",
                measurements=_measurements(balance),
                standard=StandardRef(key=MARGIN, limit=margin),
                severity=min(1.0, balance.worst_db / FULL_SEVERITY_DB),
                # a sound of few bands has little to fit the level on
                confidence=min(1.0, np.count_nonzero(balance.judged) / FULL_JUDGED_BANDS),
                facts={
                    "style": standards.text("tone.style"),
                    "worst_hz": float(balance.freq_hz[np.argmax(np.abs(balance.outside_db))]),
                    "bands_outside": int(np.count_nonzero(balance.outside_db)),
                    "bands_judged": int(np.count_nonzero(balance.judged)),
                },
                plot=Plot(
                    x_name="freq_hz",
                    y_name="residual_db",
                    x=_rounded(balance.freq_hz),
                    y=_rounded(balance.residual_db),
                    low=_rounded(balance.low_db),
                    high=_rounded(balance.high_db),
                ),
                detector_version=self.version,
            )
        ]


def _measurements(balance: TonalBalance) -> tuple[Measurement, ...]:
    """Return worst and mean distance, then the residuals of the worst bands."""
    outside = np.abs(balance.outside_db)
    worst = [index for index in np.argsort(-outside, kind="stable")[:TOLD_BANDS] if outside[index] > 0]
    return (
        Measurement(name="tone.outside_corridor_db", value=balance.worst_db),
        Measurement(name="tone.outside_mean_db", value=balance.mean_db),
        *(
            Measurement(
                name=f"tone.residual_db[{balance.freq_hz[index]:g}]", value=float(balance.residual_db[index])
            )
            for index in worst
        ),
    )


def _rounded(values: object) -> tuple[float, ...]:
    return tuple(float(value) for value in np.round(np.asarray(values, dtype=np.float64), 3))
