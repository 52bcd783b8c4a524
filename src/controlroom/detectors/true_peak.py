"""Peaks between the samples that a converter or a codec would clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.figures import number
from controlroom.model.finding_words import FindingWords, judged, limit, over
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

CEILING = "loudness.ceiling_dbtp"
FULL_SEVERITY_DB = 4.0


def _tell_true_peak(finding: Finding) -> str:
    told = f"Its true peak reaches {judged(finding)}"
    if finding.standard is None:
        return f"{told}."
    digits = 1 if over(finding) >= 0.1 else 2
    return f"{told}, {number(over(finding), digits)} dB over the ceiling of {limit(finding)}: converters and encoders may clip it."


class TruePeakDetector:
    """Finds a true peak above the ceiling."""

    name: ClassVar[str] = "true_peak"
    kinds: ClassVar[tuple[str, ...]] = ("true-peak",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "true-peak": FindingWords("True peak", _tell_true_peak),
    }
    stage: ClassVar[Stage] = Stage.LOUDNESS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the ceiling is passed."""
        peak = measure(listening, "peak.true_dbtp", standards)
        ceiling = standards.number(CEILING)
        if peak <= ceiling:
            return []
        return [
            Finding(
                kind="true-peak",
                measurements=(
                    Measurement(name="peak.true_dbtp", value=peak),
                    Measurement(
                        name="peak.sample_dbfs", value=measure(listening, "peak.sample_dbfs", standards)
                    ),
                ),
                standard=StandardRef(key=CEILING, limit=ceiling),
                severity=min(1.0, (peak - ceiling) / FULL_SEVERITY_DB),
                detector_version=self.version,
            )
        ]
