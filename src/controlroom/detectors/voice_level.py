"""A voice that is present in one section and sinks in the next."""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.listening.voice_there import only_a_trace
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("voice-level", "voice.level_range_db", "voice.level_range_max_db", 3.0)


class VoiceLevelDetector:
    """Finds a wandering level on the voice's stem."""

    name: ClassVar[str] = "voice_level"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 2

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the voice's level walks too far between phrases."""
        if only_a_trace(listening):
            return []
        found = BOUND.finding(listening, standards, self.version, "vocals")
        return [found] if found else []
