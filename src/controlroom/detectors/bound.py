"""One comparison that the ears for drums, voice, space and dynamics share: a measurement beyond its bound."""

from __future__ import annotations

from dataclasses import dataclass

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span

Facts = dict[str, str | float | int | bool]


@dataclass(frozen=True, slots=True)
class Bound:
    """What a kind is judged by.

    Parameters
    ----------
    kind, name, limit : str
        Finding kind, measurement, and the standard that it must keep to.
    full : float
        How far beyond the limit the severity is 1.
    least : bool
        Whether the limit is the least allowed value instead of the most.
    """

    kind: str
    name: str
    limit: str
    full: float
    least: bool = False

    def beyond(self, listening: Listening, standards: Standards) -> float:
        """Return how far the measurement lies beyond its limit; 0 and less when it keeps to it."""
        away = measure(listening, self.name, standards) - standards.number(self.limit)
        return -away if self.least else away

    def finding(
        self, listening: Listening, standards: Standards, version: int, part: str = "mix"
    ) -> Finding | None:
        """Return the plain finding when the measurement lies beyond its limit."""
        beyond = self.beyond(listening, standards)
        if beyond <= 0.0:
            return None
        return Finding(
            kind=self.kind,
            part=part,
            measurements=(Measurement(name=self.name, value=measure(listening, self.name, standards)),),
            standard=StandardRef(key=self.limit, limit=standards.number(self.limit)),
            severity=min(1.0, beyond / self.full),
            detector_version=version,
        )


def told_more(
    finding: Finding,
    others: dict[str, float] | None = None,
    facts: Facts | None = None,
    span: Span | None = None,
) -> Finding:
    """Return a finding with further measurements, facts and its place."""
    extra = tuple(Measurement(name=name, value=value) for name, value in (others or {}).items())
    return finding.model_copy(
        update={
            "measurements": (*finding.measurements, *extra),
            "facts": {**finding.facts, **(facts or {})},
            "span": span or finding.span,
        }
    )


def capped(finding: Finding, most_severe: float, confidence: float) -> Finding:
    """Return a finding that claims no more than ``most_severe``: what it leans on was estimated."""
    return finding.model_copy(
        update={"severity": min(finding.severity, most_severe), "confidence": confidence}
    )
