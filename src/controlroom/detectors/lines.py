"""Hum and whine: tones that stand through notes and pauses alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.noise import hum_of, whine_of
from controlroom.model.figures import frequency
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

HUM = Judge("hum", "noise.hum_db", "hum.prominence_db", 2.0)
WHINE = Judge("whine", "noise.whine_db", "whine.prominence_db", 10.0)


def _tell_hum(finding: Finding) -> str:
    mains = fact(finding, "freq_hz")
    of = f" of {frequency(mains)} and its multiples" if mains else ""
    return f"It hums: a comb{of} stands {judged(finding)} over its surroundings, through notes and pauses alike{allowed(finding)}."


def _tell_whine(finding: Finding) -> str:
    hz = fact(finding, "freq_hz")
    at = f" at {frequency(hz)}" if hz else ""
    return f"It whines: one tone{at} that nobody plays stands {judged(finding)} over its surroundings{allowed(finding)}."


class LinesDetector:
    """Finds a mains comb, and one standing line above the voice's overtones."""

    name: ClassVar[str] = "lines"
    kinds: ClassVar[tuple[str, ...]] = (HUM.kind, WHINE.kind)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "hum": FindingWords("Hum", _tell_hum),
        "whine": FindingWords("Whine", _tell_whine),
    }
    judges: ClassVar[dict[str, str]] = {HUM.kind: HUM.name, WHINE.kind: WHINE.name}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 2

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return at most one finding of each kind, with the line's frequency."""
        found = [
            HUM.finding(listening, standards, self.version, facts={"freq_hz": hum_of(listening).freq_hz}),
            WHINE.finding(listening, standards, self.version, facts={"freq_hz": whine_of(listening).freq_hz}),
        ]
        return [finding for finding in found if finding is not None]
