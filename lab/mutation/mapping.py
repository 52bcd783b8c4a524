"""Which tests meet which lines: made once, and kept for as long as the code and a test's file are what they were."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from coverage import CoverageData

from lab.mutation.operators import Mutant
from lab.mutation.recorder import OUT

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "ledger", "studio", "cli", "web")
"""The rooms of ``tests/`` that are asked: those of the mutated code, and of the windows on it."""


def digest_of(paths: Iterable[Path]) -> str:
    """Return one digest of files' names and bytes."""
    told = hashlib.sha256()
    for path in sorted(paths):
        told.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()[:24]


def test_files() -> list[Path]:
    """Return the files of tests that are asked."""
    return [path for room in ROOMS for path in sorted((ROOT / "tests" / room).glob("test_*.py"))]


def code_key() -> str:
    """Return the digest of all that tests stand on: the program, and what tests share."""
    sources = [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "src").rglob("*.toml"),
        *(ROOT / "lab" / "songs").glob("*.py"),
    ]
    shared = [path for path in (ROOT / "tests").rglob("*.py") if not path.name.startswith("test_")]
    return digest_of([*sources, *shared])


@dataclass
class Map:
    """Tests with their seconds and wide fixtures; the lines that each test and fixture runs."""

    keys: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    fixtures: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def meets(self, mutant: Mutant) -> tuple[set[str], set[str]]:
        """Return the tests, and the wide fixtures, that run a line at which a fault is met."""
        lines = self.lines.get(mutant.path, {})
        reach = {str(line) for line in mutant.reach} if mutant.reach else set(lines)
        who = {name for line in reach for name in lines.get(line, ())}
        fixtures = {name for name in who if name.startswith("fixture:")}
        tests = who & set(self.fixtures)
        if (
            not mutant.function
        ):  # a module's own values are read by tests without a line of it being run again
            room, _, name = mutant.path.removeprefix("src/controlroom/").partition("/")
            mirror = f"tests/{room}/test_{name}::"
            tests |= {test for test in self.fixtures if test.startswith(mirror)}
        return tests, fixtures


def load(work: Path) -> Map:
    """Return the map, made where it is missing or stale."""
    kept = work / "map.json"
    known = Map(**json.loads(kept.read_text())) if kept.is_file() else Map()
    code = code_key()
    keys = {str(p.relative_to(ROOT)): f"{code}-{digest_of([p])}" for p in test_files()}
    stale = [name for name, key in keys.items() if known.keys.get(name) != key]
    if stale:
        if known.keys.get("code") != code:
            known = Map()
            shutil.rmtree(work / "kept", ignore_errors=True)
        _record(work, stale, known)
        known.keys = {**keys, "code": code}
        kept.write_text(json.dumps(known.__dict__))
    return known


def _record(work: Path, files: list[str], known: Map) -> None:
    """Run tests once and note what they run."""
    out = work / "notes"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    print(f"mapping {len(files)} files of tests", flush=True)
    env = {**os.environ, OUT: str(out), "CONTROLROOM_TESTS_KEPT": str(work / "kept")}
    command = [sys.executable, "-m", "pytest", "-n", "2", "-p", "lab.mutation.recorder", "--timeout=900"]
    subprocess.run([*command, *files], cwd=ROOT, env=env, check=False)
    stale = tuple(f"{name}::" for name in files)
    for lines in known.lines.values():
        for line, who in lines.items():
            lines[line] = [name for name in who if not name.startswith(stale)]
    for table in (known.seconds, known.fixtures):
        for name in [name for name in table if name.startswith(stale)]:
            del table[name]
    for notes in out.glob("tests.*.json"):
        _take_in(
            json.loads(notes.read_text()), notes.with_name(notes.name[:-5].replace("tests.", "lines.")), known
        )


def _take_in(notes: dict[str, dict], lines_file: Path, known: Map) -> None:
    failed = set(notes["failed"])
    for name, seconds in notes["seconds"].items():  # the worker that waited for another's song spent nothing
        known.seconds[name] = max(seconds, known.seconds.get(name, 0.0))
    known.fixtures.update({name: used for name, used in notes["fixtures"].items() if name not in failed})
    data = CoverageData(str(lines_file))
    data.read()
    for path in data.measured_files():
        table = known.lines.setdefault(str(Path(path).relative_to(ROOT)), {})
        for line, who in data.contexts_by_lineno(path).items():
            table[str(line)] = sorted({*table.get(str(line), ()), *who} - {"", *failed})
