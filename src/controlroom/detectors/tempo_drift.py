"""A tempo that speeds up or slows down over the song."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.musical import music_of, tempo_drift_of
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

JUDGE = Judge("tempo-drift", "form.tempo_drift_percent", "form.tempo_drift_percent", 6.0)
LEAST_CONFIDENCE = 0.35


def _tell_tempo_drift(finding: Finding) -> str:
    way = (
        "changes"
        if "faster" not in finding.facts
        else "speeds up"
        if finding.facts["faster"]
        else "slows down"
    )
    return f"The tempo {way} by {judged(finding)} from start to end{allowed(finding)}."


class TempoDriftDetector:
    """Finds a straight change of tempo, by what the onsets' periods follow best."""

    name: ClassVar[str] = "tempo_drift"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "tempo-drift": FindingWords("Drifting tempo", _tell_tempo_drift),
    }
    judges: ClassVar[dict[str, str]] = {JUDGE.kind: JUDGE.name}
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 2
    deep: ClassVar[bool] = True

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding on the whole song."""
        drift, grid = tempo_drift_of(listening), music_of(listening).grid
        if drift is None or grid.confidence < LEAST_CONFIDENCE:
            return []  # a drift of a tempo that was hardly heard is a guess about a guess
        facts: dict[str, str | float | int | bool] = {
            "faster": drift.drift_percent > 0,
            "tempo_bpm": float(grid.tempo_bpm or 0.0),
        }
        found = JUDGE.finding(listening, standards, self.version, facts=facts)
        return (
            [found.model_copy(update={"confidence": min(found.confidence, grid.confidence)})] if found else []
        )
