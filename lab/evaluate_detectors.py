"""Measure every detector against planted truth: ``python -m lab.evaluate_detectors [KIND …]``.

Each defect of ``lab.defects`` is planted at its three fixed strengths into made
songs and into shared human recordings; each detector also hears clean songs
(with their stems and alone), the other nulls and the human masters whole. What
was found is kept in ``.work/ears`` per (sound, detector's code), so a run that
is stopped goes on where it was, and a changed detector is heard again alone.

``lab.ears_sounds`` says which seeds are looked at (``--tuning``) and which are
published. ``--minutes`` bounds one run; ``--report`` only prints.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from controlroom.detectors.form import Detector, all_detectors
from controlroom.listening.known import Known, Meant
from controlroom.listening.listening import Listening
from controlroom.listening.measures import measure
from controlroom.model.audio import Audio
from controlroom.model.brief import Brief, FormSection
from controlroom.model.proposals import Stage
from controlroom.studio.standards import shipped_standards
from lab.defects import DEFECTS, GRADES, Defect, Host
from lab.defects.form import intended_form
from lab.ears_digest import code_of, code_of_defect
from lab.ears_sounds import (
    BLOCK_OF,
    NOISES,
    ROOT,
    TUNING,
    Cell,
    Seeds,
    clean_hosts,
    grades_on,
    hosts_for,
    null_hosts,
    report_seeds,
    sound_of,
    whole_masters,
)

WORK = ROOT / ".work/ears"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one detector found in one cell; ``values`` holds its judged measurements by kind, found or not."""

    cell: Cell
    found: list[dict[str, Any]] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    unfit: bool = False

    def severity(self, kind: str) -> float:
        """Return the greatest severity of a kind that is claimed; 0 when it was not, or was only information."""
        return max(
            (f["severity"] for f in self.found if f["kind"] == kind and not f["information"]), default=0.0
        )

    def told(self, kind: str) -> bool:
        """Whether the kind was told at all, be it as information."""
        return any(f["kind"] == kind for f in self.found)


@cache
def code_of_sounds(folder: str) -> str:
    """Digest the files that make the sounds."""
    files = sorted((ROOT / "lab" / folder).glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def place_of(cell: Cell, detector_name: str) -> Path:
    """Return the file that keeps what a detector found in a cell."""
    sound = "" if cell.kind in {"human", "multitrack"} else code_of_sounds("songs")
    planted = code_of_defect(cell.defect) if cell.defect else ""
    return WORK / detector_name / code_of(detector_name) / f"{cell.name}~{sound}{planted}.json"


def hear(
    cell: Cell, host: Host, detectors: Sequence[Detector], intended: tuple[FormSection, ...] = ()
) -> None:
    """Run detectors on a sound, its passes shared between them, and keep what they found."""
    stems: dict[str, Audio] = dict(host.stems)
    known = Known(Meant(brief=Brief(form=intended) if intended else None))
    parts = {role: Listening(stem, known) for role, stem in stems.items()}
    listening = Listening(host.mix, known, parts)
    standards = shipped_standards()
    for detector in detectors:
        found = [
            {
                "kind": f.kind, "severity": f.severity, "confidence": f.confidence, "part": f.part,
                "information": f.information, "name": f.measurements[0].name, "value": f.measurements[0].value,
                "limit": f.standard.limit if f.standard else None,
                "span": [f.span.start_s, f.span.end_s] if f.span else None, "facts": f.facts,
            }
            for f in detector.detect(listening, standards)
        ]  # fmt: skip
        judges = getattr(detector, "judges", {})
        values = {kind: measure(listening, name, standards) for kind, name in judges.items()}
        _keep(cell, detector, {"found": found, "values": values})


def _keep(cell: Cell, detector: Detector, result: dict[str, Any]) -> None:
    place = place_of(cell, detector.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(result), encoding="utf-8")


def recall(cell: Cell, detector_name: str) -> Heard | None:
    """Return what is kept of a cell."""
    place = place_of(cell, detector_name)
    if not place.exists():
        return None
    stored = json.loads(place.read_text(encoding="utf-8"))
    return Heard(cell, stored["found"], stored["values"], stored.get("unfit", False))


def detector_of(kind: str) -> Detector | None:
    """Return the detector that may emit a kind."""
    return next((d for d in all_detectors().values() if kind in d.kinds), None)


def defects_for(kinds: set[str]) -> list[Defect]:
    """Return the defects of some kinds that a detector claims to find."""
    return [d for d in DEFECTS.values() if d.kind in kinds and detector_of(d.kind)]


def reads_stems(detector: Detector) -> bool:
    """Whether a detector may hear otherwise when a song comes without stems."""
    return detector.stage is Stage.STEMS


Batch = list[tuple[Cell, list[Detector]]]
"""Cells that share one host, each with the detectors that are to hear it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which kinds are heard, on which seeds, and whether in planted or in clean sounds."""

    kinds: frozenset[str]
    tuning: bool = False
    what: str = "planted and clean"

    def seeds(self, kind: str) -> Seeds:
        """Return the seeds of a kind."""
        return TUNING if self.tuning else report_seeds(BLOCK_OF.get(kind, 0))

    def detectors(self, seeds: Seeds) -> list[Detector]:
        """Return the detectors of the kinds that use these seeds."""
        return [
            d
            for d in all_detectors().values()
            if any(kind in self.kinds and self.seeds(kind) == seeds for kind in d.kinds)
        ]

    def all_seeds(self) -> list[Seeds]:
        """Return every set of seeds that is used, the first block first."""
        return sorted({self.seeds(kind) for kind in self.kinds}, key=lambda s: s.hosts.start)


def work(plan: Plan) -> Iterator[Batch]:
    """Yield what is still to be heard: cells that share one host, each with its detectors.

    Planted hosts and clean songs take turns, so that a run that is stopped has some of each.
    """
    for host in whole_masters() if "clean" in plan.what else ():
        yield _missing([(Cell(host), _detectors(plan.kinds))])
    for seeds in plan.all_seeds():
        planted = _planted(plan, seeds) if "planted" in plan.what else []
        clean = _clean(plan, seeds) if "clean" in plan.what else []
        ahead = -(-2 * len(clean) // max(1, len(planted)))  # clean songs are through when half is planted
        for index in range(max(len(planted), 1 if clean else 0)):
            yield from (_missing(cells) for cells in planted[index : index + 1])
            share = slice(index * ahead, (index + 1) * ahead) if planted else slice(None)
            yield from (_missing(cells) for cells in clean[share])


def _clean(plan: Plan, seeds: Seeds) -> list[Batch]:
    """Return clean songs, each with its stems and alone, and the other nulls."""
    detectors = plan.detectors(seeds)
    of_stems = [d for d in detectors if reads_stems(d)]
    songs = zip(clean_hosts(seeds), clean_hosts(seeds, "alone"), strict=True)
    batches: list[Batch] = [[(Cell(song), detectors), (Cell(alone), of_stems)] for song, alone in songs]
    return batches + [[(Cell(host), detectors)] for name in NOISES for host in null_hosts(seeds, name)]


def _planted(plan: Plan, seeds: Seeds) -> list[Batch]:
    """Return every host with all that is planted in it: clear faults first, then the weaker grades."""
    batches: list[Batch] = []
    for grades in (GRADES[-1:], GRADES[:-1]):
        by_host: dict[str, Batch] = {}
        for defect in defects_for(set(plan.kinds)):
            detector = detector_of(defect.kind)
            if detector is None or plan.seeds(defect.kind) != seeds:
                continue
            for host in hosts_for(defect.name, seeds):
                wanted = [grade for grade in grades_on(host) if grade in grades]
                cells = by_host.setdefault(host, [(Cell(host), [])])
                if wanted and detector not in cells[0][1]:
                    cells[0][1].append(detector)
                cells += [(Cell(host, defect.name, grade), [detector]) for grade in wanted]
        batches += _in_turn(by_host)
    return batches


def _in_turn(by_host: dict[str, Batch]) -> list[Batch]:
    """Return hosts of every kind and length spread evenly through each other."""
    groups: dict[tuple[str, int], list[str]] = {}
    for host in by_host:
        groups.setdefault((Cell(host).kind, Cell(host).length_s), []).append(host)
    places = {host: (at + 0.5) / len(group) for group in groups.values() for at, host in enumerate(group)}
    return [by_host[host] for host in sorted(by_host, key=lambda host: places[host])]


def _detectors(kinds: frozenset[str]) -> list[Detector]:
    return [d for d in all_detectors().values() if kinds & set(d.kinds)]


def _missing(cells: Batch) -> Batch:
    """Return the cells of a host that have not been heard by all their detectors."""
    left = [
        (cell, [d for d in detectors if not place_of(cell, d.name).exists()]) for cell, detectors in cells
    ]
    return [(cell, detectors) for cell, detectors in left if detectors]


def hear_host(cells: Batch) -> None:
    """Make a host once and hear all that is to be heard of it."""
    host = sound_of(cells[0][0])
    meant = intended_form(host.truth) if host.truth else ()
    for cell, detectors in cells:
        if not cell.defect:
            hear(cell, Host(host.mix) if cell.kind == "alone" else host, detectors, meant)
            continue
        defect = DEFECTS[cell.defect]
        if not defect.fits(host):  # a song without a voice can't have one that is masked
            _keep(cell, detectors[0], {"found": [], "values": {}, "unfit": True})
            continue
        flawed = defect.plant(host, cell.grade, cell.number)
        if not flawed.reached:  # a master without highs can't have too many of them
            _keep(cell, detectors[0], {"found": [], "values": {}, "unfit": True})
            continue
        stems = {**host.stems, **flawed.stems} if flawed.stems else {}
        hear(cell, Host(flawed.mix, stems), detectors, flawed.intended)


def run_plan(plan: Plan, minutes: float) -> str:
    """Hear what has not been heard, within the minutes given, and say how far it came."""
    for detector in _detectors(plan.kinds):
        code_of(detector.name)  # of the code that was imported, should a file change on the way
    started, done = time.monotonic(), 0
    for cells in work(plan):
        if not cells:
            continue
        if time.monotonic() - started > 60 * minutes:
            return f"{done} hosts heard in {time.monotonic() - started:.0f} s; run again for the rest"
        hear_host(cells)
        gc.collect()
        done += 1
    return f"{done} hosts heard in {time.monotonic() - started:.0f} s; all there is"


def all_kinds() -> frozenset[str]:
    """Return every kind that some detector may emit."""
    return frozenset(kind for d in all_detectors().values() for kind in d.kinds)


def section() -> str:
    """Hear everything that is missing and return the page: a section of ``make evaluate``."""
    from lab.ears_report import page

    plan = Plan(all_kinds())
    print(run_plan(plan, float("inf")))
    return page(plan)


def main() -> None:
    """Hear what has not been heard, within the minutes given, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="finding kinds; all that have a detector by default")
    parser.add_argument("--tuning", action="store_true", help="the seeds that may be looked at")
    parser.add_argument("--what", choices=("planted", "clean"), help="only one of the two")
    parser.add_argument("--minutes", type=float, default=8.0, help="stop after this long; run again to go on")
    parser.add_argument("--report", action="store_true", help="only print the tables from what is kept")
    given = parser.parse_args()
    plan = Plan(frozenset(given.kinds) or all_kinds(), given.tuning, given.what or "planted and clean")
    said = "" if given.report else run_plan(plan, given.minutes)
    from lab.ears_report import page

    print(page(plan))
    print(said)


if __name__ == "__main__":
    # as a module of its own name, so that the report shares its caches
    from lab.evaluate_detectors import main as run

    run()
