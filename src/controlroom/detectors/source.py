"""The source audit: what a file went through before it arrived. Told, not judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.dsp.source import source_rate_hz
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.figures import frequency
from controlroom.model.finding_words import FindingWords, fact, judged
from controlroom.model.findings import Finding, Measurement
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

SEVERITY = 0.3
"""Of every line of the audit: information is ordered after what is judged."""


def _tell_hf_ceiling(finding: Finding) -> str:
    return f"The highs end at {judged(finding)}, as if cut with a knife: what lies above was lost before this file was made."


def _tell_upsampled(finding: Finding) -> str:
    rate = fact(finding, "source_rate_hz")
    was = f" of a source at {frequency(rate)}" if rate else ""
    return f"The highs end at {judged(finding)}, where the resampling filter{was} would end them."


def _tell_bit_depth(finding: Finding) -> str:
    return f"Its samples lie on a grid of {judged(finding)} bits, whatever the file's format says."


def _tell_dual_mono(finding: Finding) -> str:
    return f"Both channels carry the same sound: the side measures {judged(finding)} against the middle."


def _tell_silence(finding: Finding) -> str:
    return f"Inside the sound there are {judged(finding)} of silence."


class SourceDetector:
    """Tells a ceiling in the highs, a lower source rate, few bits, equal channels, and inner silence."""

    name: ClassVar[str] = "source"
    kinds: ClassVar[tuple[str, ...]] = ("hf-ceiling", "upsampled", "bit-depth", "dual-mono", "silence")
    words: ClassVar[Mapping[str, FindingWords]] = {
        "hf-ceiling": FindingWords("Ceiling of the highs", _tell_hf_ceiling),
        "upsampled": FindingWords("Upsampled source", _tell_upsampled),
        "bit-depth": FindingWords("True bit depth", _tell_bit_depth),
        "dual-mono": FindingWords("Dual mono", _tell_dual_mono),
        "silence": FindingWords("Silence inside", _tell_silence),
    }
    judges: ClassVar[dict[str, str]] = {
        "hf-ceiling": "source.ceiling_drop_db",
        "upsampled": "source.ceiling_hz",
        "bit-depth": "source.bits_count",
        "dual-mono": "source.side_db",
    }
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return what there is to tell, as information."""
        if listening.audio.frames == 0:
            return []

        def read(name: str) -> float:
            return measure(listening, name, standards)

        rate, told = listening.audio.rate_hz, []
        edge, drop = read("source.ceiling_hz"), read("source.ceiling_drop_db")
        if drop >= standards.number("source.ceiling_drop_db") and edge <= min(
            standards.number("source.ceiling_below_hz"), 0.43 * rate
        ):
            told.append(self._told("hf-ceiling", {"source.ceiling_hz": edge, "source.ceiling_drop_db": drop}))
            source = source_rate_hz(edge, rate)
            if source:
                told.append(self._told("upsampled", {"source.ceiling_hz": edge}, {"source_rate_hz": source}))
        bits = read("source.bits_count")
        if 0 < bits <= standards.number("source.bits_count"):
            told.append(self._told("bit-depth", {"source.bits_count": bits}))
        if read("source.side_db") < standards.number("source.side_db"):
            told.append(self._told("dual-mono", {"source.side_db": read("source.side_db")}))
        if read("source.silence_s") > standards.number("source.silence_s"):
            told.append(self._told("silence", {"source.silence_s": read("source.silence_s")}))
        return told

    def _told(
        self, kind: str, values: dict[str, float], facts: dict[str, str | float | int | bool] | None = None
    ) -> Finding:
        return Finding(
            kind=kind,
            measurements=tuple(Measurement(name=name, value=value) for name, value in values.items()),
            severity=SEVERITY,
            information=True,
            facts=facts or {},
            detector_version=self.version,
        )
