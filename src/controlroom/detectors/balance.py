"""Mud, boom, harshness, fizz, dullness, thin low end: words for where the balance leaves the corridor.

``tonal_balance`` tells that it does; these tell it in the words of a mixing
room. Each is the mean over its own third-octave bands of how far they lie
beyond the corridor of finished masters on the loudest third, never a share of
the total energy (peers.md 5.2: such shares flag plain noise).
"""

from __future__ import annotations

from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.noise import CORES_HZ
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

FULL_SEVERITY_DB = 5.0
JUDGES = (
    Judge("mud", "tone.mud_db", "balance.beyond_db", FULL_SEVERITY_DB),
    Judge("boom", "tone.boom_db", "balance.beyond_db", FULL_SEVERITY_DB),
    Judge("harshness", "tone.harshness_db", "balance.beyond_db", FULL_SEVERITY_DB),
    Judge("fizz", "tone.fizz_db", "balance.beyond_db", FULL_SEVERITY_DB),
    Judge("dullness", "tone.dullness_db", "balance.beyond_db", FULL_SEVERITY_DB),
    Judge("thin-low-end", "tone.thin_db", "balance.beyond_db", FULL_SEVERITY_DB),
)


class BalanceDetector:
    """Finds a group of bands that lies beyond the corridor as a whole."""

    name: ClassVar[str] = "balance"
    kinds: ClassVar[tuple[str, ...]] = tuple(judge.kind for judge in JUDGES)
    judges: ClassVar[dict[str, str]] = {judge.kind: judge.name for judge in JUDGES}
    stage: ClassVar[Stage] = Stage.TONE
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return at most one finding of each kind."""
        found = []
        for judge in JUDGES:
            low, high = CORES_HZ[judge.kind]
            facts: dict[str, str | float | int | bool] = {"low_hz": low, "high_hz": high}
            found.append(judge.finding(listening, standards, self.version, facts=facts))
        return [finding for finding in found if finding is not None]
