"""Clipping that is baked in: flat tops, and tops driven into a curve."""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

HARD = Judge("hard-clipping", "clipping.flat_per_minute", "clipping.flat_per_minute", 160.0)
SOFT = Judge("soft-clipping", "clipping.roundness_db", "clipping.roundness_db", 4.0)


class ClippingDetector:
    """Finds flat runs at the extremes; without them, a histogram that piles up under the peak."""

    name: ClassVar[str] = "clipping"
    kinds: ClassVar[tuple[str, ...]] = (HARD.kind, SOFT.kind)
    judges: ClassVar[dict[str, str]] = {HARD.kind: HARD.name, SOFT.kind: SOFT.name}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return at most one of the two."""
        found = [judge.finding(listening, standards, self.version) for judge in (HARD, SOFT)]
        return [finding for finding in found if finding is not None][:1]
