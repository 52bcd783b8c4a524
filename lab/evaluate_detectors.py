"""Measure every detector against planted truth: ``python -m lab.evaluate_detectors [KIND …]``.

Each defect of ``lab.defects`` is planted at its three fixed strengths into
seeded synthetic hosts and into shared human masters; each detector also hears
the clean songs, the nulls and the human masters whole. What was found is kept
in ``.work/ears`` per (sound, detector's code), so a run that is stopped goes on
where it was, and a changed detector is heard again alone.

Thresholds may be set by looking at hosts of *even* seed; the tables report
those of *odd* seed. ``--minutes`` bounds one run; ``--report`` only prints.
"""

from __future__ import annotations

import argparse
import ast
import gc
import hashlib
import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from controlroom.detectors.form import Detector, all_detectors
from controlroom.listening.listening import Listening
from controlroom.listening.measures import MEASURES, measure, split_name
from controlroom.model.audio import Audio
from controlroom.studio.standards import shipped_standards
from lab.corridor import find_masters
from lab.defects import DEFECTS, GRADES, NULLS, Defect, Host, host_of
from lab.songs import make_song

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared/audio"
WORK = ROOT / ".work/ears"
PLANT_S = 30.0
NULL_S = 20.0
HUMAN_EXCERPT_S = 40.0
HUMAN_HOSTS = 12
PLUMBING = {"controlroom.listening.measures", "controlroom.listening.heard", "controlroom.detectors.form"}
"""Tables that import every ear: a change in them is no change of the one that is measured."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One sound to be heard: a host (``song:12``, ``null:white:3``, ``human:…``), clean or with a defect at a grade."""

    host: str
    defect: str = ""
    grade: str = ""

    @property
    def name(self) -> str:
        """File name of what was found in it."""
        text = "~".join(part for part in (self.host, self.defect, self.grade) if part)
        return re.sub(r"[^\w.~-]+", "_", text)

    @property
    def seed(self) -> int:
        """Seed of a synthetic host; for a human one its place in the list."""
        return int(self.host.rpartition(":")[2])


@dataclass(frozen=True, slots=True)
class Heard:
    """What one detector found in one cell; ``values`` holds its judged measurements by kind, found or not."""

    cell: Cell
    found: list[dict[str, Any]] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)

    def severity(self, kind: str) -> float:
        """Return the greatest severity of a kind; 0 when it was not found."""
        return max((f["severity"] for f in self.found if f["kind"] == kind), default=0.0)

    def has(self, kind: str) -> bool:
        """Whether the kind was told at all."""
        return any(f["kind"] == kind for f in self.found)


def _sources(module: str, seen: dict[str, str]) -> dict[str, str]:
    """Return the source of a module and of all it imports of this package, plumbing left out."""
    if module in seen or module in PLUMBING:
        return seen
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return seen
    seen[module] = Path(spec.origin).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(seen[module])):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("controlroom."):
            _sources(str(node.module), seen)
            for alias in node.names:
                child = f"{node.module}.{alias.name}"
                if (ROOT / "src" / child.replace(".", "/")).with_suffix(".py").exists():
                    _sources(child, seen)
    return seen


@cache
def code_of(detector_name: str) -> str:
    """Digest a detector's code, all that it imports, and every standard that it names."""
    detector = all_detectors()[detector_name]
    sources = _sources(type(detector).__module__, {})
    for name in getattr(detector, "judges", {}).values():
        _sources(MEASURES[split_name(name)[0]].read.__module__, sources)
    text = "\n".join(sources[name] for name in sorted(sources))
    named = {
        k: s.value for k, s in shipped_standards().entries.items() if k in text or k.startswith("tone.c")
    }
    return hashlib.sha256((text + json.dumps(named, sort_keys=True)).encode()).hexdigest()[:10]


@cache
def code_of_sounds(folder: str) -> str:
    """Digest the files that make the sounds."""
    files = sorted((ROOT / "lab" / folder).glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


@cache
def code_of_defect(name: str) -> str:
    """Digest what plants a defect: its own file, the form and the tools."""
    own = Path(sys.modules[DEFECTS[name].apply.__module__].__file__ or "")
    files = [own, *(ROOT / "lab/defects" / f"{n}.py" for n in ("form", "sound"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def place_of(cell: Cell, detector_name: str) -> Path:
    """Return the file that keeps what a detector found in a cell."""
    sound = "" if cell.host.startswith("human") else code_of_sounds("songs")
    planted = code_of_defect(cell.defect) if cell.defect else ""
    return WORK / detector_name / code_of(detector_name) / f"{cell.name}~{sound}{planted}.json"


@cache
def masters() -> list[tuple[str, Path]]:
    """Return the shared human masters: (artist folder, file)."""
    return find_masters(SHARED) if SHARED.is_dir() else []


def read(path: Path) -> Audio:
    """Decode a master."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return Audio(np.ascontiguousarray(samples.T), int(rate_hz))


def sound_of(host: str, *, whole: bool) -> Host:
    """Make or read a host."""
    kind, _, rest = host.partition(":")
    if kind == "song":
        return host_of(make_song(int(rest), duration_s=PLANT_S))
    if kind == "null":
        name, _, seed = rest.partition(":")
        return Host(NULLS[name](int(seed), NULL_S))
    audio = read(masters()[int(rest.rpartition(":")[2])][1])
    if not whole:
        first = max(0, round((0.4 * audio.duration_s - HUMAN_EXCERPT_S / 2) * audio.rate_hz))
        audio = audio.excerpt(first, first + round(HUMAN_EXCERPT_S * audio.rate_hz))
    return Host(audio)


def hear(cell: Cell, audio: Audio, stems: dict[str, Audio], detectors: Sequence[Detector]) -> None:
    """Run detectors on a sound and keep what they found."""
    parts = {role: Listening(stem) for role, stem in stems.items()}
    listening, standards = Listening(audio, stems=parts), shipped_standards()
    for detector in detectors:
        found = [
            {
                "kind": f.kind, "severity": f.severity, "confidence": f.confidence, "part": f.part,
                "information": f.information, "name": f.measurements[0].name, "value": f.measurements[0].value,
                "span": [f.span.start_s, f.span.end_s] if f.span else None, "facts": f.facts,
            }
            for f in detector.detect(listening, standards)
        ]  # fmt: skip
        judges = getattr(detector, "judges", {})
        values = {kind: measure(listening, name, standards) for kind, name in judges.items()}
        place = place_of(cell, detector.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"found": found, "values": values}), encoding="utf-8")


def recall(cell: Cell, detector_name: str) -> Heard | None:
    """Return what is kept of a cell."""
    place = place_of(cell, detector_name)
    if not place.exists():
        return None
    stored = json.loads(place.read_text(encoding="utf-8"))
    return Heard(cell, stored["found"], stored["values"])


def detector_of(kind: str) -> Detector | None:
    """Return the detector that may emit a kind."""
    return next((d for d in all_detectors().values() if kind in d.kinds), None)


def defects_for(kinds: set[str]) -> list[Defect]:
    """Return the defects of some kinds that a detector claims to find."""
    return [d for d in DEFECTS.values() if d.kind in kinds and detector_of(d.kind)]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is heard."""

    kinds: set[str]
    hosts: int
    clean: int
    nulls: int
    human: bool
    human_clean: bool

    @property
    def detectors(self) -> list[Detector]:
        """The detectors of these kinds."""
        return [d for d in all_detectors().values() if self.kinds & set(d.kinds)]

    def clean_cells(self) -> list[Cell]:
        """Sounds in which nothing is wrong."""
        cells = [Cell(f"song:{seed}") for seed in range(1000, 1000 + self.clean)]
        cells += [Cell(f"null:{n}:{s}") for n in NULLS if n != "clean" for s in range(self.nulls)]
        return cells

    def human_cells(self) -> list[Cell]:
        """Human masters, whole."""
        return [Cell(f"human:{i}") for i in range(len(masters()))] if self.human_clean else []

    def hosts_of(self) -> list[str]:
        """Hosts that defects are planted in."""
        step = max(1, len(masters()) // HUMAN_HOSTS)
        human = [f"human:{i}" for i in range(0, len(masters()), step)][:HUMAN_HOSTS] if self.human else []
        synthetic = [f"song:{seed}" for seed in range(self.hosts)]
        mixed: list[str] = []
        for index in range(max(len(human), len(synthetic))):
            mixed += synthetic[index : index + 1] + human[index : index + 1]
        return mixed


def work(plan: Plan) -> Iterator[Callable[[], None]]:
    """Yield what is still to be heard, one host at a time."""
    for cell in [*plan.clean_cells(), *plan.human_cells()]:
        missing = [d for d in plan.detectors if not place_of(cell, d.name).exists()]
        if missing:
            yield lambda cell=cell, missing=missing: _hear_clean(cell, missing)
    for host in plan.hosts_of():
        cells = [
            Cell(host, d.name, g)
            for d in defects_for(plan.kinds)
            for g in GRADES
            if host.startswith("song") or not d.needs
        ]
        cells = [c for c in cells if not _kept(c)]
        if cells:
            yield lambda host=host, cells=cells: _hear_planted(host, cells)


def _kept(cell: Cell) -> bool:
    detector = detector_of(DEFECTS[cell.defect].kind)
    return detector is None or place_of(cell, detector.name).exists()


def _hear_clean(cell: Cell, detectors: list[Detector]) -> None:
    host = sound_of(cell.host, whole=True)
    hear(cell, host.mix, dict(host.stems), detectors)


def _hear_planted(host: str, cells: list[Cell]) -> None:
    clean = sound_of(host, whole=False)
    for cell in cells:
        defect = DEFECTS[cell.defect]
        detector = detector_of(defect.kind)
        if detector is None:
            continue
        if not defect.fits(clean):  # a song without a voice can't have one that is masked
            place_of(cell, detector.name).parent.mkdir(parents=True, exist_ok=True)
            place_of(cell, detector.name).write_text('{"found": [], "values": {}, "unfit": true}')
            continue
        flawed = defect.plant(clean, cell.grade, cell.seed)
        stems = {**clean.stems, **flawed.stems} if flawed.stems else {}
        hear(cell, flawed.mix, stems, [detector])


def fits(cell: Cell) -> bool:
    """Whether the host of a planted cell could take the defect."""
    detector = detector_of(DEFECTS[cell.defect].kind)
    if detector is None or not place_of(cell, detector.name).exists():
        return False
    return "unfit" not in json.loads(place_of(cell, detector.name).read_text(encoding="utf-8"))


def main() -> None:
    """Hear what has not been heard, within the minutes given, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="finding kinds; all that have a detector by default")
    parser.add_argument("--hosts", type=int, default=40, help="synthetic hosts per defect and grade")
    parser.add_argument("--clean", type=int, default=200, help="clean synthetic songs")
    parser.add_argument("--nulls", type=int, default=10, help="seeds of each other null")
    parser.add_argument("--no-human", action="store_true", help="leave the shared human masters out")
    parser.add_argument(
        "--no-human-clean", action="store_true", help="plant in human masters, but skip them whole"
    )
    parser.add_argument("--minutes", type=float, default=8.0, help="stop after this long; run again to go on")
    parser.add_argument("--report", action="store_true", help="only write the tables from what is kept")
    given = parser.parse_args()
    known = {kind for d in all_detectors().values() for kind in d.kinds}
    kinds = set(given.kinds) or known
    human = not given.no_human and bool(masters())
    plan = Plan(kinds, given.hosts, given.clean, given.nulls, human, human and not given.no_human_clean)
    started, done = time.monotonic(), 0
    left = False
    for step in () if given.report else work(plan):
        if time.monotonic() - started > 60 * given.minutes:
            left = True
            break
        step()
        gc.collect()
        done += 1
    from lab.ears_report import write_report

    print(write_report(plan, narrow=bool(given.kinds)))
    print(
        f"{done} sounds heard in {time.monotonic() - started:.0f} s"
        + ("; run again for the rest" if left else "")
    )


if __name__ == "__main__":
    # as a module of its own name, so that the report shares its caches
    from lab.evaluate_detectors import main as run

    run()
