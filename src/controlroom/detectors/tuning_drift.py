"""A tuning that glides over the song."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.musical import tuning_drift_of
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

JUDGE = Judge("tuning-drift", "form.tuning_drift_cents", "form.tuning_drift_cents", 40.0)


def _tell_tuning_drift(finding: Finding) -> str:
    way = "glides" if "sharper" not in finding.facts else "rises" if finding.facts["sharper"] else "falls"
    return f"The tuning {way} by {judged(finding)} from start to end{allowed(finding)}."


class TuningDriftDetector:
    """Finds a straight glide of the tuning from start to end."""

    name: ClassVar[str] = "tuning_drift"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "tuning-drift": FindingWords("Drifting tuning", _tell_tuning_drift),
    }
    judges: ClassVar[dict[str, str]] = {JUDGE.kind: JUDGE.name}
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 1
    deep: ClassVar[bool] = True

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the glide is larger than the standard, and larger than its own scatter."""
        drift = tuning_drift_of(listening)
        if drift is None or abs(drift.cents) < 2.0 * drift.scatter_cents:
            return []
        facts: dict[str, str | float | int | bool] = {
            "sharper": drift.cents > 0,
            "scatter_cents": drift.scatter_cents,
        }
        found = JUDGE.finding(listening, standards, self.version, facts=facts)
        return [found] if found else []
