"""A voice that is present in one section and sinks in the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.listening.voice_there import only_a_trace
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("voice-level", "voice.level_range_db", "voice.level_range_max_db", 3.0)


def _tell_voice_level(finding: Finding) -> str:
    return f"The voice comes and goes: its level walks by {judged(finding)} from phrase to phrase{allowed(finding)}."


class VoiceLevelDetector:
    """Finds a wandering level on the voice's stem."""

    name: ClassVar[str] = "voice_level"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "voice-level": FindingWords("Level of the voice", _tell_voice_level),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 2

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the voice's level walks too far between phrases."""
        if only_a_trace(listening):
            return []
        found = BOUND.finding(listening, standards, self.version, "vocals")
        return [found] if found else []
