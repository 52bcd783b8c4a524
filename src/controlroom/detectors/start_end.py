"""How a song starts and ends: silence at both ends, and an end that is cut off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.figures import format_measurement
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span

FULL_START_S = 6.0
FULL_END_S = 10.0
FULL_SEVERITY_DB = 30.0
END_S = 0.02


def _tell_start_silence(finding: Finding) -> str:
    return f"The song starts after {judged(finding)} of silence{allowed(finding)}."


def _tell_end_silence(finding: Finding) -> str:
    return f"{judged(finding)} of silence follow the last sound{allowed(finding)}."


def _tell_cut_off_end(finding: Finding) -> str:
    first = finding.measurements[0]
    below = format_measurement(first.name, abs(first.value))
    side = "below" if first.value < 0 else "above"
    return f"The song does not end, it stops: when the file runs out there is still sound, {below} {side} its loudest passage."


class StartEndDetector:
    """Finds long silence at the start or the end, and an end that breaks off in full sound."""

    name: ClassVar[str] = "start_end"
    kinds: ClassVar[tuple[str, ...]] = ("start-silence", "end-silence", "cut-off-end")
    words: ClassVar[Mapping[str, FindingWords]] = {
        "start-silence": FindingWords("Silence at the start", _tell_start_silence),
        "end-silence": FindingWords("Silence at the end", _tell_end_silence),
        "cut-off-end": FindingWords("Cut-off end", _tell_cut_off_end),
    }
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return at most one finding of each kind."""
        length_s = listening.audio.duration_s
        start_s = measure(listening, "edges.start_silence_s", standards)
        end_s = measure(listening, "edges.end_silence_s", standards)
        level_db = measure(listening, "edges.end_level_db", standards)
        found = [
            self._finding(
                ("start-silence", "edges.start_silence_s"),
                start_s,
                standards,
                listening.span(0.0, start_s),
                FULL_START_S,
            ),
            self._finding(
                ("end-silence", "edges.end_silence_s"),
                end_s,
                standards,
                listening.span(length_s - end_s, length_s),
                FULL_END_S,
            ),
            self._finding(
                ("cut-off-end", "edges.end_level_db"),
                level_db,
                standards,
                listening.span(length_s - END_S, length_s),
                FULL_SEVERITY_DB,
            ),
        ]
        return [finding for finding in found if finding is not None]

    def _finding(
        self, what: tuple[str, str], value: float, standards: Standards, span: Span, full: float
    ) -> Finding | None:
        """Return the finding of a kind, when its measurement passes the standard of the same name."""
        kind, name = what
        limit = standards.number(name)
        if value <= limit:
            return None
        return Finding(
            kind=kind,
            measurements=(Measurement(name=name, value=value),),
            standard=StandardRef(key=name, limit=limit),
            span=span,
            severity=min(1.0, (value - limit) / full),
            detector_version=self.version,
        )
