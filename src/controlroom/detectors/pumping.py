"""A mix that sinks at each beat and swells until the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound, told_more
from controlroom.listening.listening import Listening
from controlroom.listening.musical import music_of
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("pumping", "dynamics.beat_rise_db", "dynamics.beat_rise_max_db", 0.6)


def _tell_pumping(finding: Finding) -> str:
    return f"It pumps: the sound sinks at the beat and comes back before the next. Between the two the level of its bands moves by {judged(finding)}, where played sound dies away{allowed(finding)}."


class PumpingDetector:
    """Finds a gain that ducks on the beat; without a beat it makes no claim."""

    name: ClassVar[str] = "pumping"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "pumping": FindingWords("Pumping", _tell_pumping),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.LOUDNESS
    version: ClassVar[int] = 3
    deep: ClassVar[bool] = True

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding, with the tempo it pumps at, when most of the spectrum rises through the beat."""
        found = BOUND.finding(listening, standards, self.version)
        if found is None:
            return []
        grid = music_of(listening).grid
        told = told_more(found, facts={"tempo_bpm": round(grid.tempo_bpm, 1)} if grid.tempo_bpm else None)
        return [told.model_copy(update={"confidence": min(told.confidence, grid.confidence)})]
