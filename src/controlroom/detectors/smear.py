"""Drums without edges: what should start at once takes tens of milliseconds to rise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound, capped
from controlroom.listening.listening import Listening
from controlroom.listening.strokes import kit_is_apart
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("smear", "transients.rise_s", "transients.rise_max_s", 0.004)
FROM_MIX_SEVERITY = 0.4
"""Soft music rises slowly by intent: the mix alone never makes a strong claim."""
FROM_MIX_CONFIDENCE = 0.3


def _tell_smear(finding: Finding) -> str:
    return f"The drums have no edges: even the sharpest take {judged(finding)} to rise{allowed(finding)}. They sound as if behind a curtain."


class SmearDetector:
    """Finds slow rises on the stems of the kit; from a mix alone it says so with little weight."""

    name: ClassVar[str] = "smear"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "smear": FindingWords("Smeared drums", _tell_smear),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when even the sharpest part of the kit rises slowly."""
        found = BOUND.finding(listening, standards, self.version)
        if found is None:
            return []
        if kit_is_apart(listening):
            return [found.model_copy(update={"part": "drums"})]
        return [capped(found, FROM_MIX_SEVERITY, FROM_MIX_CONFIDENCE)]
