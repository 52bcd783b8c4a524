"""The same music at another level: a section that repeats louder or softer than before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound, told_more
from controlroom.listening.listening import Listening
from controlroom.listening.space import level_change_of
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("section-level", "dynamics.level_step_db", "dynamics.level_step_max_db", 1.4)
SURE_PAIRS = 40


def _tell_section_level(finding: Finding) -> str:
    return (
        f"The same music plays at different levels: {judged(finding)} from place to place{allowed(finding)}."
    )


class SectionLevelDetector:
    """Finds level steps between places of the same music; a changed arrangement does not count."""

    name: ClassVar[str] = "section_level"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "section-level": FindingWords("Level of repeats", _tell_section_level),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.LOUDNESS
    version: ClassVar[int] = 2

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the same music differs too much in level."""
        found = BOUND.finding(listening, standards, self.version)
        if found is None:
            return []
        change = level_change_of(listening)
        placed = told_more(found, span=listening.span(change.start_s, change.end_s))
        return [placed.model_copy(update={"confidence": min(1.0, change.pairs / SURE_PAIRS)})]
