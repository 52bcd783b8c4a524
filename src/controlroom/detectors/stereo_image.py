"""What falls apart in stereo: highs out of phase, and sound that a fold to mono loses."""

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
    Bound("side-highs", "stereo.high_correlation", "stereo.high_correlation_min", 0.4, least=True),
    Bound("mono-fold", "stereo.upper_fold_loss_db", "stereo.upper_fold_loss_max_db", 3.4),
)


def _tell_side_highs(finding: Finding) -> str:
    return f"Above 6 kHz left and right work against each other: in a tenth of the time their correlation is {judged(finding)} or less{allowed(finding)}. In mono the shine is lost, and it wanders between the speakers."


def _tell_mono_fold(finding: Finding) -> str:
    return f"On one speaker it loses {judged(finding)} above 200 Hz{allowed(finding)}."


class StereoImageDetector:
    """Finds opposed highs and losses in mono."""

    name: ClassVar[str] = "stereo_image"
    kinds: ClassVar[tuple[str, ...]] = tuple(bound.kind for bound in BOUNDS)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "side-highs": FindingWords("Unstable highs", _tell_side_highs),
        "mono-fold": FindingWords("Loss in mono", _tell_mono_fold),
    }
    judges: ClassVar[dict[str, str]] = {bound.kind: bound.name for bound in BOUNDS}
    stage: ClassVar[Stage] = Stage.SPACE
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return a finding for highs that oppose each other, and one for what mono loses."""
        if listening.audio.channels < 2:
            return []
        found = [bound.finding(listening, standards, self.version) for bound in BOUNDS]
        return [finding for finding in found if finding]
