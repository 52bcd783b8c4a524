"""How loud the sound is, against the range that masters are brought into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import SILENCE_DB, measure
from controlroom.model.figures import number
from controlroom.model.finding_words import FindingWords, judged, over
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

FULL_SEVERITY_LU = 12.0

TOLD = (
    "loudness.integrated_lufs",
    "loudness.range_lu",
    "loudness.short_term_max_lufs",
    "loudness.psr_p5_db",
    "peak.plr_db",
    "dynamics.crest_loudest_8s_db",
)


def _tell_level(finding: Finding) -> str:
    if finding.standard is None:
        return f"It plays at {judged(finding)}, inside the range that masters are brought into: it may stay there."
    if over(finding) < 0:
        return f"It plays at {judged(finding)}, {number(-over(finding))} LU below the range that masters are brought into."
    return f"It plays at {judged(finding)}, {number(over(finding))} LU above the range that masters are brought into."


class LoudnessDetector:
    """Tells the level of every sound; judges one that lies outside the target range.

    Inside the range the finding is information: the LOUDNESS stage may still
    find room below the budgets, but no standard is missed.
    """

    name: ClassVar[str] = "loudness"
    kinds: ClassVar[tuple[str, ...]] = ("level",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "level": FindingWords("Level", _tell_level),
    }
    stage: ClassVar[Stage] = Stage.LOUDNESS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return the one level finding; none for silence."""
        integrated = measure(listening, "loudness.integrated_lufs", standards)
        if integrated <= SILENCE_DB:
            return []
        missed = _missed(integrated, standards)
        away = abs(integrated - missed.limit) if missed else 0.0
        return [
            Finding(
                kind="level",
                measurements=tuple(
                    Measurement(name=name, value=measure(listening, name, standards)) for name in TOLD
                ),
                standard=missed,
                severity=min(1.0, away / FULL_SEVERITY_LU),
                information=missed is None,
                detector_version=self.version,
            )
        ]


def _missed(integrated_lufs: float, standards: Standards) -> StandardRef | None:
    """Return the end of the target range that is missed, if one is."""
    tolerance = standards.number("loudness.tolerance_lu")
    low, high = "loudness.target_low_lufs", "loudness.target_high_lufs"
    if integrated_lufs < standards.number(low) - tolerance:
        return StandardRef(key=low, limit=standards.number(low))
    if integrated_lufs > standards.number(high) + tolerance:
        return StandardRef(key=high, limit=standards.number(high))
    return None
