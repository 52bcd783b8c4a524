"""Clipping that is baked in: flat tops, and tops driven into a curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

HARD = Judge("hard-clipping", "clipping.flat_per_minute", "clipping.flat_per_minute", 160.0)
SOFT = Judge("soft-clipping", "clipping.roundness_db", "clipping.roundness_db", 4.0)


def _tell_hard_clipping(finding: Finding) -> str:
    return f"It is clipped: the tops of the wave are cut flat, {judged(finding)}{allowed(finding)}."


def _tell_soft_clipping(finding: Finding) -> str:
    return f"It is saturated: samples crowd under the peak, {judged(finding)} against half way up{allowed(finding)}. Music that was not driven thins out there."


class ClippingDetector:
    """Finds flat runs at the extremes; without them, a histogram that piles up under the peak."""

    name: ClassVar[str] = "clipping"
    kinds: ClassVar[tuple[str, ...]] = (HARD.kind, SOFT.kind)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "hard-clipping": FindingWords("Hard clipping", _tell_hard_clipping),
        "soft-clipping": FindingWords("Soft clipping", _tell_soft_clipping),
    }
    judges: ClassVar[dict[str, str]] = {HARD.kind: HARD.name, SOFT.kind: SOFT.name}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return at most one of the two."""
        found = [judge.finding(listening, standards, self.version) for judge in (HARD, SOFT)]
        return [finding for finding in found if finding is not None][:1]
