"""Shimmer: birdies, short lines at 5 to 7 kHz that belong to no note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.noise import BIRDIES_HZ
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

JUDGE = Judge("shimmer", "noise.birdies_count", "shimmer.birdies_count", 1.2)


def _tell_shimmer(finding: Finding) -> str:
    return f"It shimmers: between 5.1 and 7.2 kHz, {judged(finding)} more short tones sound at once than the overtones around them explain{allowed(finding)}."


class ShimmerDetector:
    """Finds more short-lived lines in the band than the overtones around it explain.

    A line must last 0.14 s: single frames of noise reach 8 to 11 dB over their
    median all the time (peers.md 5.2) and prove nothing.
    """

    name: ClassVar[str] = "shimmer"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "shimmer": FindingWords("Shimmer", _tell_shimmer),
    }
    judges: ClassVar[dict[str, str]] = {JUDGE.kind: JUDGE.name}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when there are too many."""
        facts: dict[str, str | float | int | bool] = {"low_hz": BIRDIES_HZ[0], "high_hz": BIRDIES_HZ[1]}
        found = JUDGE.finding(listening, standards, self.version, facts=facts)
        return [found] if found else []
