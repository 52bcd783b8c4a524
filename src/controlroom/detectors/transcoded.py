"""The source audit: a sound that was a lossy file before. Told, not judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.source import SEVERITY
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.figures import format_measurement
from controlroom.model.finding_words import FindingWords, judged
from controlroom.model.findings import Finding, Measurement
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

KIND, HOLES, CEILING = "transcoded", "source.holes_per_minute", "source.ceiling_hz"


def _tell_transcoded(finding: Finding) -> str:
    ceiling = next((m for m in finding.measurements if m.name == "source.ceiling_hz"), None)
    ends = f" Its spectrum ends near {format_measurement(ceiling.name, ceiling.value)}." if ceiling else ""
    return f"It was a lossy file once: an encoder left holes in the highs, {judged(finding)}, where a moment of sound was rounded away.{ends}"


class TranscodedDetector:
    """Tells the holes that an encoder at a low bit rate leaves, and where the spectrum ends."""

    name: ClassVar[str] = "transcoded"
    kinds: ClassVar[tuple[str, ...]] = (KIND,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "transcoded": FindingWords("Transcoded source", _tell_transcoded),
    }
    judges: ClassVar[dict[str, str]] = {KIND: HOLES}
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return what there is to tell, as information."""
        if listening.audio.frames == 0 or measure(listening, HOLES, standards) <= standards.number(HOLES):
            return []
        values = {name: measure(listening, name, standards) for name in (HOLES, CEILING)}
        return [
            Finding(
                kind=KIND,
                measurements=tuple(Measurement(name=name, value=value) for name, value in values.items()),
                severity=SEVERITY,
                information=True,
                detector_version=self.version,
            )
        ]
