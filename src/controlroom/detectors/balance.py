"""Mud, boom, harshness, fizz, dullness, thin low end: words for where the balance leaves the corridor.

``tonal_balance`` tells that it does; these tell it in the words of a mixing
room. Each is the mean over its own third-octave bands of how far they lie
beyond the corridor of finished masters on the loudest third, never a share of
the total energy (peers.md 5.2: such shares flag plain noise).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.detectors.judging import Judge
from controlroom.listening.listening import Listening
from controlroom.listening.noise import CORES_HZ
from controlroom.model.finding_words import FindingWords, allowed, judged
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


def _tell_mud(finding: Finding) -> str:
    return f"It is muddy: in its loudest third, 200 to 500 Hz lies {judged(finding)} beyond the corridor of finished masters{allowed(finding)}."


def _tell_boom(finding: Finding) -> str:
    return f"It booms: in its loudest third, 80 to 125 Hz lies {judged(finding)} beyond the corridor of finished masters{allowed(finding)}."


def _tell_harshness(finding: Finding) -> str:
    return f"It is harsh: in its loudest third, 2.5 to 5 kHz lies {judged(finding)} beyond the corridor of finished masters{allowed(finding)}."


def _tell_fizz(finding: Finding) -> str:
    return f"It fizzes: in its loudest third, 8 kHz and above lies {judged(finding)} beyond the corridor of finished masters{allowed(finding)}."


def _tell_dullness(finding: Finding) -> str:
    return f"It is dull: in its loudest third, 5 kHz and above lies {judged(finding)} below the corridor of finished masters{allowed(finding)}."


def _tell_thin(finding: Finding) -> str:
    return f"The low end is thin: in its loudest third, 63 to 125 Hz lies {judged(finding)} below the corridor of finished masters{allowed(finding)}."


class BalanceDetector:
    """Finds a group of bands that lies beyond the corridor as a whole."""

    name: ClassVar[str] = "balance"
    kinds: ClassVar[tuple[str, ...]] = tuple(judge.kind for judge in JUDGES)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "mud": FindingWords("Mud", _tell_mud),
        "boom": FindingWords("Boom", _tell_boom),
        "harshness": FindingWords("Harshness", _tell_harshness),
        "fizz": FindingWords("Fizz", _tell_fizz),
        "dullness": FindingWords("Dullness", _tell_dullness),
        "thin-low-end": FindingWords("Thin low end", _tell_thin),
    }
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
