"""The arc of surface cues, section by section: level, onset rate, brightness. What it makes anyone feel is not measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.listening.surface import SurfaceArc, surface_arc_of
from controlroom.model.figures import clock
from controlroom.model.finding_words import FindingWords, allowed, fact, judged
from controlroom.model.findings import Finding, Measurement, Plot, StandardRef
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards

LIMIT = "arc.agreement_percent"
TOLD = ("arc.energy_range_share", "arc.chorus_lift_db")
MOST_SECTIONS = 256


def _tell_surface_arc(finding: Finding) -> str:
    if finding.standard is not None:
        return f"Surface energy (level, onset rate, brightness) does not follow the energies that the brief intends: they agree by {judged(finding)}{allowed(finding)}."
    highest = finding.facts.get("highest")
    where = (
        f"; it is highest in “{highest}” at {clock(fact(finding, 'highest_at_s'))}"
        if highest is not None
        else ""
    )
    if finding.measurements[0].name == "arc.agreement_percent":
        return f"Surface energy (level, onset rate, brightness) follows the energies that the brief intends, by {judged(finding)}{where}."
    return f"Surface energy (level, onset rate, brightness) reaches over {judged(finding)} of its range between sections{where}. These are cues measured, not what anyone feels."


class SurfaceArcDetector:
    """Tells one energy curve; judges it only against energies that the brief intends."""

    name: ClassVar[str] = "surface_arc"
    kinds: ClassVar[tuple[str, ...]] = ("surface-arc",)
    words: ClassVar[Mapping[str, FindingWords]] = {
        "surface-arc": FindingWords("Arc of surface energy", _tell_surface_arc),
    }
    stage: ClassVar[Stage] = Stage.ARRANGEMENT
    version: ClassVar[int] = 2
    deep: ClassVar[bool] = True

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return the one finding; none where the form is not known."""
        arc = surface_arc_of(listening)
        if arc is None or len(arc.cues) > MOST_SECTIONS:
            return []
        limit = standards.number(LIMIT)
        missed = arc.agreement is not None and 100.0 * arc.agreement < limit
        names = (LIMIT, *TOLD) if arc.agreement is not None else TOLD
        away = limit - 100.0 * arc.agreement if arc.agreement is not None else 0.0
        return [
            Finding(
                kind="surface-arc",
                measurements=tuple(
                    Measurement(name=name, value=measure(listening, name, standards)) for name in names
                ),
                standard=StandardRef(key=LIMIT, limit=limit) if missed else None,
                severity=min(1.0, max(0.01, away / 100.0)) if missed else 0.0,
                information=not missed,
                facts=_facts(arc),
                plot=_plot(arc),
                detector_version=self.version,
            )
        ]


def _facts(arc: SurfaceArc) -> dict[str, str | float | int | bool]:
    energies = [cue.energy for cue in arc.cues]
    top = energies.index(max(energies))
    facts: dict[str, str | float | int | bool] = {
        "sections": len(energies),
        "highest": arc.labels[top],
        "highest_at_s": arc.edges_s[top],
    }
    return facts if arc.lift_db is None else facts | {"lift": True}


def _plot(arc: SurfaceArc) -> Plot:
    """Return the energies as a stepped curve."""
    x = [edge for pair in zip(arc.edges_s[:-1], arc.edges_s[1:], strict=True) for edge in pair]
    y = [cue.energy for cue in arc.cues for _ in range(2)]
    return Plot(x_name="time_s", y_name="energy_share", x=tuple(x), y=tuple(y))
