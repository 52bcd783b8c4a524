"""Bars that are copies of each other to the sample."""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.musical import bar_lines_of, likeness_of
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

JUDGE = Judge("repetition", "form.copied_bars_share", "form.copied_bars_share", 0.4)


class RepetitionDetector:
    """Finds bars in which nothing at all changes: no voice, no velocity, no room."""

    name: ClassVar[str] = "repetition"
    kinds: ClassVar[tuple[str, ...]] = (JUDGE.kind,)
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
