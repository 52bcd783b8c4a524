"""The arc of the level over the song: one that hardly moves is told before it is played."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.musical import dynamic_arc_of
from controlroom.model.figures import format_measurement
from controlroom.model.finding_words import FindingWords, allowed, judged
from controlroom.model.findings import Finding, Measurement, Plot, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards
from controlroom.model.wording import spoken

LIMIT = "form.arc_spread_db"
FULL_SEVERITY_DB = 0.4
"""The step from the flattest clean songs to evened-out ones is this small on lab/songs."""
TOLD = ("form.arc_spread_db", "form.arc_peak_share", "form.arc_stock_share")


def _tell_predictable_arc(finding: Finding) -> str:
    stock = finding.facts.get("stock")
    peak = next((m for m in finding.measurements if m.name == "form.arc_peak_share"), None)
    told = f"The level hardly moves over the song: it stays within {judged(finding)}{allowed(finding)}."
    if peak is not None and isinstance(stock, str):
        told += f" What movement there is peaks at {format_measurement(peak.name, peak.value)} of the song; the nearest stock arc is “{spoken(stock).lower()}”."
    return told


class PredictableArcDetector:
    """Judges an arc without contrast; tells the stock arc that it follows and where its peak falls."""

    name: ClassVar[str] = "predictable_arc"
    kinds: ClassVar[tuple[str, ...]] = ("predictable-arc",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "predictable-arc": FindingWords("Predictable arc", _tell_predictable_arc),
    }
    judges: ClassVar[dict[str, str]] = {"predictable-arc": TOLD[0]}
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 1

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return one finding when the level stays within the standard from start to end."""
        arc, limit = dynamic_arc_of(listening), standards.number(LIMIT)
        if arc is None or arc.spread_db >= limit:
            return []
        return [
            Finding(
                kind="predictable-arc",
                measurements=tuple(
                    Measurement(name=name, value=measure(listening, name, standards)) for name in TOLD
                ),
                standard=StandardRef(key=LIMIT, limit=limit),
                severity=min(1.0, (limit - arc.spread_db) / FULL_SEVERITY_DB),
                facts={"stock": arc.stock},
                plot=Plot(
                    x_name="time_s",
                    y_name="level_db",
                    x=tuple(arc.times_s.tolist()),
                    y=tuple(arc.level_db.tolist()),
                ),
                detector_version=self.version,
            )
        ]
