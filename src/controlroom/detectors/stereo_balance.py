"""One channel that is louder than the other, or becomes so over the song."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUNDS = (
    Bound("stereo-balance", "stereo.imbalance_db", "stereo.imbalance_max_db", 3.0),
    Bound("stereo-drift", "stereo.drift_db", "stereo.drift_max_db", 2.0),
)


def _tell_stereo_balance(finding: Finding) -> str:
    return f"It leans to one side: one channel is {judged(finding)} louder than the other{allowed(finding)}."


def _tell_stereo_drift(finding: Finding) -> str:
    return f"The balance walks across: by {judged(finding)} from start to end{allowed(finding)}."


class StereoBalanceDetector:
    """Finds a lasting imbalance of left and right, and a steady drift."""

    name: ClassVar[str] = "stereo_balance"
    kinds: ClassVar[tuple[str, ...]] = tuple(bound.kind for bound in BOUNDS)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "stereo-balance": FindingWords("Stereo balance", _tell_stereo_balance),
        "stereo-drift": FindingWords("Drifting balance", _tell_stereo_drift),
    }
    judges: ClassVar[dict[str, str]] = {bound.kind: bound.name for bound in BOUNDS}
    stage: ClassVar[Stage] = Stage.SPACE
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return a finding for an imbalance, and one for a drift."""
        if listening.audio.channels < 2:
            return []
        found = [bound.finding(listening, standards, self.version) for bound in BOUNDS]
        return [finding for finding in found if finding]
