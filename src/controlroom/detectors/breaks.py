"""Clicks and dropouts: places where the wave itself is broken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.noise import clicks_of, gaps_of, milliseconds_of
from controlroom.model.figures import number
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span

CLICKS = Judge("clicks", "noise.clicks_per_minute", "clicks.per_minute", 8.0)
DROPOUTS = Judge("dropouts", "noise.dropouts_count", "dropouts.count", 2.0)


def _tell_clicks(finding: Finding) -> str:
    return f"It clicks: {judged(finding)}, each alone and without an echo of its own{allowed(finding)}."


def _tell_dropouts(finding: Finding) -> str:
    longest = fact(finding, "longest_ms")
    how = f"; the longest lasts {number(longest, 0)} ms" if longest else ""
    return f"The sound drops out in loud places: {judged(finding)}{allowed(finding)}{how}."


class BreaksDetector:
    """Finds isolated clicks and short gaps, and says where the first and the last are."""

    name: ClassVar[str] = "breaks"
    kinds: ClassVar[tuple[str, ...]] = (CLICKS.kind, DROPOUTS.kind)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "clicks": FindingWords("Clicks", _tell_clicks),
        "dropouts": FindingWords("Dropouts", _tell_dropouts),
    }
    judges: ClassVar[dict[str, str]] = {CLICKS.kind: CLICKS.name, DROPOUTS.kind: DROPOUTS.name}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 2

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return at most one finding of each kind."""
        places = clicks_of(listening, standards.number("clicks.over_db"))
        gaps = gaps_of(listening)
        found = [
            CLICKS.finding(
                listening, standards, self.version,
                facts={"count": int(places.size)}, span=_span(listening, places, np.ones_like(places)),
            ),
            DROPOUTS.finding(
                listening, standards, self.version,
                facts={"longest_ms": float(np.max(gaps.length, initial=0))}, span=_span(listening, gaps.start, gaps.length),
            ),
        ]  # fmt: skip
        return [finding for finding in found if finding is not None]


def _span(listening: Listening, starts: np.ndarray, lengths: np.ndarray) -> Span | None:
    """Return the span from the first to the last place, given in blocks."""
    if starts.size == 0:
        return None
    block_s = milliseconds_of(listening).block_s
    return listening.span(float(starts[0]) * block_s, float(starts[-1] + lengths[-1]) * block_s)
