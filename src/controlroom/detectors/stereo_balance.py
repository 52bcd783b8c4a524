"""One channel that is louder than the other, or becomes so over the song."""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUNDS = (
    Bound("stereo-balance", "stereo.imbalance_db", "stereo.imbalance_max_db", 3.0),
    Bound("stereo-drift", "stereo.drift_db", "stereo.drift_max_db", 2.0),
)


class StereoBalanceDetector:
    """Finds a lasting imbalance of left and right, and a steady drift."""

    name: ClassVar[str] = "stereo_balance"
    kinds: ClassVar[tuple[str, ...]] = tuple(bound.kind for bound in BOUNDS)
    judges: ClassVar[dict[str, str]] = {bound.kind: bound.name for bound in BOUNDS}
    stage: ClassVar[Stage] = Stage.SPACE
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return a finding for an imbalance, and one for a drift."""
        if listening.audio.channels < 2:
            return []
        found = [bound.finding(listening, standards, self.version) for bound in BOUNDS]
        return [finding for finding in found if finding]
