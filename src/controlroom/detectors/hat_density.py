"""Hats that never pause and lie over the snare and the voice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.bound import Bound, capped, told_more
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

OVER = Bound("hat-density", "transients.hats_over_db", "transients.hats_over_max_db", 4.0)
FROM_MIX = Bound("hat-density", "transients.hiss_over_crack_db", "transients.hiss_over_crack_max_db", 2.0)
OCCUPANCY = "transients.hats_occupancy_share"
OCCUPANCY_LIMIT = "transients.hats_occupancy_max_share"
FROM_MIX_SEVERITY = 0.5
FROM_MIX_CONFIDENCE = 0.5


def _tell_hat_density(finding: Finding) -> str:
    return f"The hats hardly pause and cover what they should accompany: they measure {judged(finding)} against it{allowed(finding)}."


class HatDensityDetector:
    """Finds dense, loud hats: from the stems of hats, snare and voice, else from the mix's own highs."""

    name: ClassVar[str] = "hat_density"
    kinds: ClassVar[tuple[str, ...]] = (OVER.kind,)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "hat-density": FindingWords("Dense hats", _tell_hat_density),
    }
    judges: ClassVar[dict[str, str]] = {OVER.kind: OVER.name}
    stage: ClassVar[Stage] = Stage.STEMS
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when hats are both nearly always there and over what they accompany."""
        occupancy = measure(listening, OCCUPANCY, standards)
        if occupancy <= standards.number(OCCUPANCY_LIMIT):
            return []
        apart = "hats" in listening.stems
        bound = OVER if apart else FROM_MIX
        found = bound.finding(listening, standards, self.version, "hats" if apart else "mix")
        if found is None:
            return []
        told = told_more(found, {OCCUPANCY: occupancy}, {"estimated": not apart})
        return [told if apart else capped(told, FROM_MIX_SEVERITY, FROM_MIX_CONFIDENCE)]
