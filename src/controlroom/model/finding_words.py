"""What the detectors' words share: a finding's value, limit and facts as they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controlroom.model.figures import format_measurement, measure_label
from controlroom.model.findings import Finding


@dataclass(frozen=True, slots=True)
class FindingWords:
    """A kind's title, and the sentence that tells one finding of it."""

    title: str
    says: Callable[[Finding], str]


MOST_FINER = 2


def judged(finding: Finding) -> str:
    """Return the judged measurement with its unit."""
    first = finding.measurements[0]
    return format_measurement(first.name, first.value, finer=_finer(finding))


def limit(finding: Finding) -> str:
    """Return the limit it was judged against, with its unit; empty when it was not judged."""
    if finding.standard is None:
        return ""
    return format_measurement(finding.standard.key, finding.standard.limit, finer=_finer(finding))


def _finer(finding: Finding) -> int:
    """Return how many more digits tell what was measured from its limit: a miss by little must not read as none."""
    if finding.standard is None:
        return 0
    first, standard = finding.measurements[0], finding.standard
    for finer in range(MOST_FINER):
        pair = [
            format_measurement(name, value, finer=finer)
            for name, value in ((first.name, first.value), (standard.key, standard.limit))
        ]
        if pair[0] != pair[1]:
            return finer
    return MOST_FINER


def over(finding: Finding) -> float:
    """Return how far the judged value lies beyond its limit, in its own unit; 0 when not judged."""
    return finding.measurements[0].value - finding.standard.limit if finding.standard else 0.0


# --- drums, voice, space and dynamics ---


def anything(finding: Finding) -> str:
    """Return a plain sentence for a kind that no file here tells."""
    first = finding.measurements[0]
    label = measure_label(first.name)
    return f"{label[:1].upper()}{label[1:]} measures {judged(finding)}{allowed(finding)}."


def allowed(finding: Finding) -> str:
    """Return the standard in brackets; empty when the finding was not judged."""
    if finding.standard is None:
        return ""
    side = "at most" if over(finding) > 0 else "at least"
    return f" (the standard: {side} {limit(finding)})"


def fact(finding: Finding, name: str) -> float:
    """Return a fact that is a number; 0 when it is not known."""
    value = finding.facts.get(name, 0.0)
    return 0.0 if isinstance(value, str) else float(value)
