"""A low end that is wide or out of phase: it thins in mono and can't be cut to vinyl."""

from __future__ import annotations

from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

LIMIT = "stereo.low_side_mid_db"
FULL_SEVERITY_DB = 9.0
SURE_ABOVE_DB = 10.0


class LowEndWidthDetector:
    """Finds too much side energy in the low end, where there is a low end."""

    name: ClassVar[str] = "low_end_width"
    kinds: ClassVar[tuple[str, ...]] = ("low-end-width",)
    stage: ClassVar[Stage] = Stage.SPACE
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the low end is too wide."""
        if listening.audio.channels < 2:
            return []
        width = measure(listening, LIMIT, standards)
        present = measure(listening, "lowend.level_db", standards)
        limit, least = standards.number(LIMIT), standards.number("stereo.low_end_present_db")
        if width <= limit or present < least:
            return []
        return [
            Finding(
                kind="low-end-width",
                measurements=(
                    Measurement(name=LIMIT, value=width),
                    Measurement(
                        name="stereo.low_correlation",
                        value=measure(listening, "stereo.low_correlation", standards),
                    ),
                    Measurement(name="lowend.level_db", value=present),
                ),
                standard=StandardRef(key=LIMIT, limit=limit),
                severity=min(1.0, (width - limit) / FULL_SEVERITY_DB),
                confidence=min(1.0, 0.5 + 0.5 * (present - least) / SURE_ABOVE_DB),
                detector_version=self.version,
            )
        ]
