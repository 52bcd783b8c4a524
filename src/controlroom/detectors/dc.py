"""A constant offset: it costs headroom, and clicks wherever the sound is cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

LIMIT = "dc.ratio_db"
FULL_SEVERITY_DB = 30.0
MEANT = ("level.dc_ratio_db", "level.dc_offset_dbfs", "level.dc_drift_db")


def _tell_dc(finding: Finding) -> str:
    wanders = " and wanders" if finding.facts.get("wanders") else ""
    return f"The waveform sits off its zero line{wanders}: the offset measures {judged(finding)} against the sound{allowed(finding)}. It eats headroom and can click at the start and the end."


class DcDetector:
    """Finds an offset that is strong against the sound itself.

    Judged as a ratio, so that turning a take up does not make a fault of it.
    Whether the offset stands or wanders is told in ``level.dc_drift_db``.
    """

    name: ClassVar[str] = "dc"
    kinds: ClassVar[tuple[str, ...]] = ("dc-offset",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "dc-offset": FindingWords("DC offset", _tell_dc),
    }
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the offset is too strong."""
        values = {name: measure(listening, name, standards) for name in MEANT}
        limit = standards.number(LIMIT)
        if values["level.dc_ratio_db"] <= limit:
            return []
        return [
            Finding(
                kind="dc-offset",
                measurements=tuple(Measurement(name=name, value=value) for name, value in values.items()),
                standard=StandardRef(key=LIMIT, limit=limit),
                severity=min(1.0, (values["level.dc_ratio_db"] - limit) / FULL_SEVERITY_DB),
                facts={"wanders": values["level.dc_drift_db"] > standards.number("dc.drift_db")},
                detector_version=self.version,
            )
        ]
