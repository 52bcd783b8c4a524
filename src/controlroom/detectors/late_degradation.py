"""A song that decays: its late part, played the same, has lost its highs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards
from controlroom.music.arc import LATE

JUDGE = Judge("late-degradation", "form.late_highs_loss_db", "form.late_highs_loss_db", 3.0)


def _tell_late_degradation(finding: Finding) -> str:
    return f"The song decays towards its end: where the same is played, its late part has {judged(finding)} less highs than before{allowed(finding)}."


class LateDegradationDetector:
    """Compares late frames with the early ones whose lows and mids are most alike."""

    name: ClassVar[str] = "late_degradation"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "late-degradation": FindingWords("Decay towards the end", _tell_late_degradation),
    }
    judges: ClassVar[dict[str, str]] = {JUDGE.kind: JUDGE.name}
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding on the late part when it has lost more than the standard."""
        length_s = listening.audio.duration_s
        span = listening.span(LATE[0] * length_s, length_s)
        found = JUDGE.finding(listening, standards, self.version, span=span)
        return [found] if found else []
