"""A voice whose s and sh stand out of its vowels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound, capped, told_more
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.voice import voice_of
from controlroom.listening.voice_there import only_a_trace
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("sibilance", "voice.sibilance_db", "voice.sibilance_max_db", 8.0)
IN_MIX = Bound("sibilance", "voice.mix_sibilance_db", "voice.mix_sibilance_max_db", 8.0)
"""Full far beyond the limit: on its own a mix seldom proves it."""
SUNG = "voice.mix_sung_hiss_db"
ESTIMATED_SEVERITY = 0.5
ESTIMATED_CONFIDENCE = 0.4


def _tell_sibilance(finding: Finding) -> str:
    if finding.facts.get("estimated"):
        return f"The voice probably hisses: where somebody seems to sing, the middle of the mix at 4.5 to 11 kHz measures {judged(finding)} against its vowels{allowed(finding)}. Without the voice’s own stem this is an estimate."
    return f"The voice hisses: its sharpest consonants measure {judged(finding)} against its vowels{allowed(finding)}."


class SibilanceDetector:
    """Finds sharp consonants on the voice's stem; without it, with care, in the middle of the mix."""

    name: ClassVar[str] = "sibilance"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "sibilance": FindingWords("Sibilance", _tell_sibilance),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 3
    deep: ClassVar[bool] = True

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when consonants are too strong against the vowels."""
        if only_a_trace(listening):
            return []
        if voice_of(listening) is not None:
            found = BOUND.finding(listening, standards, self.version, "vocals")
            return [found] if found else []
        if "vocals" in listening.stems:  # a stem that is silent: nobody sings
            return []
        sung = measure(listening, SUNG, standards)
        found = IN_MIX.finding(listening, standards, self.version)
        if found is None or sung < standards.number("voice.mix_sung_hiss_min_db"):
            return []
        told = told_more(found, {SUNG: sung}, {"estimated": True})
        return [capped(told, ESTIMATED_SEVERITY, ESTIMATED_CONFIDENCE)]
