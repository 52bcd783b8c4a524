"""Energy that no one hears and every limiter does: below 20 Hz."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

LIMIT = "rumble.infrasonic_db"
FULL_SEVERITY_DB = 12.0


def _tell_rumble(finding: Finding) -> str:
    return f"There is energy below hearing: what lies under 20 Hz measures {judged(finding)} against the whole{allowed(finding)}. It eats headroom and nobody hears it."


class RumbleDetector:
    """Finds a share of energy between 3 and 20 Hz above the standard.

    Deep bass is no evidence: the analysis window's side lobes are 92 dB down,
    so a note at 25 Hz and above does not count.
    """

    name: ClassVar[str] = "rumble"
    kinds: ClassVar[tuple[str, ...]] = ("rumble",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "rumble": FindingWords("Rumble", _tell_rumble),
    }
    stage: ClassVar[Stage] = Stage.REPAIR
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when there is rumble."""
        share = measure(listening, "level.infrasonic_db", standards)
        limit = standards.number(LIMIT)
        if share <= limit:
            return []
        return [
            Finding(
                kind="rumble",
                measurements=(Measurement(name="level.infrasonic_db", value=share),),
                standard=StandardRef(key=LIMIT, limit=limit),
                severity=min(1.0, (share - limit) / FULL_SEVERITY_DB),
                detector_version=self.version,
            )
        ]
