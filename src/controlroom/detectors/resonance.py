"""A ring: one narrow band that stands out whatever is played."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound, told_more
from controlroom.listening.listening import Listening
from controlroom.listening.traces import resonance_of
from controlroom.model.figures import frequency
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

BOUND = Bound("resonance", "tone.resonance_db", "tone.resonance_max_db", 3.0)


def _tell_resonance(finding: Finding) -> str:
    hz = fact(finding, "freq_hz")
    at = f" at {frequency(hz)}" if hz else ""
    return f"It rings{at}: whatever is played, this narrow place stands {judged(finding)} over what is around it, between the notes too{allowed(finding)}."


class ResonanceDetector:
    """Finds a narrow peak of the floor between the partials, 300 Hz to 2.5 kHz, that no note explains."""

    name: ClassVar[str] = "resonance"
    kinds: ClassVar[tuple[str, ...]] = (BOUND.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "resonance": FindingWords("Resonance", _tell_resonance),
    }
    judges: ClassVar[dict[str, str]] = {BOUND.kind: BOUND.name}
    stage: ClassVar[Stage] = Stage.TONE
    version: ClassVar[int] = 2

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding, with its frequency, when the strongest ring stands out too far."""
        found = BOUND.finding(listening, standards, self.version)
        if found is None:
            return []
        told = told_more(found, facts={"freq_hz": round(resonance_of(listening).freq_hz, 1)})
        # a ring of a room or of an instrument is one too: it is told, and claims nothing
        return [told.model_copy(update={"information": True})]
