"""Hiss: a floor of steady noise that the music never sinks below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

JUDGE = Judge("hiss", "noise.hiss_db", "hiss.floor_db", 12.0)


def _tell_hiss(finding: Finding) -> str:
    return f"It hisses: where the music pauses, steady noise in the highs stays at {judged(finding)} against the whole{allowed(finding)}."


class HissDetector:
    """Finds a flat floor at 8 to 15 kHz by minimum statistics in the pauses."""

    name: ClassVar[str] = "hiss"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "hiss": FindingWords("Hiss", _tell_hiss),
    }
    judges: ClassVar[dict[str, str]] = {JUDGE.kind: JUDGE.name}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the floor is too high."""
        found = JUDGE.finding(listening, standards, self.version)
        return [found] if found else []
