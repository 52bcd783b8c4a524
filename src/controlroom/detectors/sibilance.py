"""A voice whose s and sh stand out of its vowels."""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.bound import Bound
from controlroom.listening.listening import Listening
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("sibilance", "voice.sibilance_db", "voice.sibilance_max_db", 4.0)


class SibilanceDetector:
    """Finds sharp consonants on the voice's stem; without it cymbals and hats can't be told from them."""

    name: ClassVar[str] = "sibilance"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when consonants are too strong against the vowels."""
        found = BOUND.finding(listening, standards, self.version, "vocals")
        return [found] if found else []
