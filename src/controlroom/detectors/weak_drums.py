"""Kick and snare that lost their front: the stroke's first moment lies under what follows it."""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUNDS = {
    "kick": Bound("weak-kick", "transients.kick_front_db", "transients.kick_front_min_db", 4.0, least=True),
    "snare": Bound(
        "weak-snare", "transients.snare_front_db", "transients.snare_front_min_db", 5.0, least=True
    ),
}


class WeakDrumsDetector:
    """Finds weak fronts on the stems of kick and snare; a mix without them is not judged: basses and voices hide it."""

    name: ClassVar[str] = "weak_drums"
    kinds: ClassVar[tuple[str, ...]] = ("weak-kick", "weak-snare")
    judges: ClassVar[dict[str, str]] = {bound.kind: bound.name for bound in BOUNDS.values()}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return a finding for each drum whose front is weaker than its standard."""
        found = [bound.finding(listening, standards, self.version, part) for part, bound in BOUNDS.items()]
        return [finding for finding in found if finding]
