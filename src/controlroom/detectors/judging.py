"""One comparison that many ears share: a measurement over its standard."""

from __future__ import annotations

from dataclasses import dataclass

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.findings import Finding, Measurement, StandardRef
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span


@dataclass(frozen=True, slots=True)
class Judge:
    """What a kind is judged by.

    Parameters
    ----------
    kind, name, limit : str
        Finding kind, measurement, and the standard that it must not exceed.
    full : float
        How far beyond the limit the severity is 1; half of it is where
        the evaluation asks for no false findings.
    """

    kind: str
    name: str
    limit: str
    full: float

    def finding(
        self,
        listening: Listening,
        standards: Standards,
        version: int,
        told: dict[str, float] | None = None,
        facts: dict[str, str | float | int | bool] | None = None,
        span: Span | None = None,
    ) -> Finding | None:
        """Return the finding when the measurement is over its limit, with ``told`` beside it."""
        value, limit = measure(listening, self.name, standards), standards.number(self.limit)
        if value <= limit:
            return None
        others = tuple(Measurement(name=name, value=other) for name, other in (told or {}).items())
        return Finding(
            kind=self.kind,
            measurements=(Measurement(name=self.name, value=value), *others),
            standard=StandardRef(key=self.limit, limit=limit),
            span=span,
            severity=min(1.0, (value - limit) / self.full),
            facts=facts or {},
            detector_version=version,
        )
