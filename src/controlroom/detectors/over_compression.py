"""Passages without peaks left over their level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("over-compression", "dynamics.dense_crest_db", "dynamics.dense_crest_min_db", 3.0, least=True)


def _tell_over_compression(finding: Finding) -> str:
    return f"It is squashed: in its loud passages peaks stand only {judged(finding)} over the level{allowed(finding)}."


class OverCompressionDetector:
    """Finds loud passages whose crest is nearly gone."""

    name: ClassVar[str] = "over_compression"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "over-compression": FindingWords("Over-compression", _tell_over_compression),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.LOUDNESS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the loud passages are squashed."""
        found = BOUND.finding(listening, standards, self.version)
        return [found] if found else []
