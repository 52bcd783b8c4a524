"""Bars that are copies of each other to the sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.musical import bar_lines_of, likeness_of
from controlroom.model.figures import number
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

JUDGE = Judge("repetition", "form.copied_bars_share", "form.copied_bars_share", 0.4)


def _tell_repetition(finding: Finding) -> str:
    bars, whole = fact(finding, "copied_bars"), fact(finding, "bars")
    counted = f" ({number(bars, 0)} of {number(whole, 0)} bars)" if whole else ""
    return f"{judged(finding)} of what is played is copied{counted}{allowed(finding)}: these bars repeat another one wave for wave, with nothing changed in them."


class RepetitionDetector:
    """Finds bars in which nothing at all changes: no voice, no velocity, no room."""

    name: ClassVar[str] = "repetition"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "repetition": FindingWords("Copied bars", _tell_repetition),
    }
    judges: ClassVar[dict[str, str]] = {JUDGE.kind: JUDGE.name}
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 1
    deep: ClassVar[bool] = True

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding, over the stretch from the first copied bar to the last."""
        likeness = likeness_of(listening)
        copied = likeness.residual_db < standards.number("form.copy_residual_db")
        if not copied.any():
            return []
        lines = bar_lines_of(listening)
        places = copied.nonzero()[0]
        span = listening.span(float(lines[places[0]]), float(lines[places[-1] + 1]))
        facts: dict[str, str | float | int | bool] = {
            "copied_bars": int(copied.sum()),
            "bars": int(copied.size),
            "residual_db": float(likeness.residual_db[copied].mean()),
        }
        found = JUDGE.finding(listening, standards, self.version, facts=facts, span=span)
        return [found] if found else []
