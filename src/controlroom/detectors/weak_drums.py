"""Kick and snare that lost their front: the stroke's first moment lies under what follows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUNDS = {
    "kick": Bound("weak-kick", "transients.kick_front_db", "transients.kick_front_min_db", 4.0, least=True),
    "snare": Bound(
        "weak-snare", "transients.snare_front_db", "transients.snare_front_min_db", 5.0, least=True
    ),
}


def _tell_weak_kick(finding: Finding) -> str:
    return f"The kick has lost its front: the first moment of its strokes measures {judged(finding)} against what follows{allowed(finding)}."


def _tell_weak_snare(finding: Finding) -> str:
    return f"The snare has lost its front: the first moment of its strokes measures {judged(finding)} against what follows{allowed(finding)}."


class WeakDrumsDetector:
    """Finds weak fronts on the stems of kick and snare; a mix without them is not judged: basses and voices hide it."""

    name: ClassVar[str] = "weak_drums"
    kinds: ClassVar[tuple[str, ...]] = ("weak-kick", "weak-snare")
    words: ClassVar[Mapping[str, FindingWords]] = {
        "weak-kick": FindingWords("Weak kick", _tell_weak_kick),
        "weak-snare": FindingWords("Weak snare", _tell_weak_snare),
    }
    judges: ClassVar[dict[str, str]] = {bound.kind: bound.name for bound in BOUNDS.values()}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return a finding for each drum whose front is weaker than its standard."""
        found = [bound.finding(listening, standards, self.version, part) for part, bound in BOUNDS.items()]
        return [finding for finding in found if finding]
