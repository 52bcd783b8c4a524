"""Flutter of the highs at a codec's or decoder's frame rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.noise import flutter_of
from controlroom.model.figures import number
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

JUDGE = Judge("hf-flutter", "noise.flutter_db", "flutter.prominence_db", 3.0)


def _tell_flutter(finding: Finding) -> str:
    hz = fact(finding, "freq_hz")
    times = f" {number(hz, 0)} times a second" if hz else ""
    return f"The highs flutter{times}: that beat stands {judged(finding)} over every other one{allowed(finding)}."


class FlutterDetector:
    """Finds one steady beat of 20 to 90 Hz in the level of 6 to 14 kHz."""

    name: ClassVar[str] = "flutter"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "hf-flutter": FindingWords("Flutter of the highs", _tell_flutter),
    }
    judges: ClassVar[dict[str, str]] = {JUDGE.kind: JUDGE.name}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when a beat stands out."""
        facts: dict[str, str | float | int | bool] = {"freq_hz": flutter_of(listening).freq_hz}
        found = JUDGE.finding(listening, standards, self.version, facts=facts)
        return [found] if found else []
