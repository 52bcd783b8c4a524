"""One fault, and the tests that meet it: in a child forked from a process in which all else is imported."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.mutation import operators

HEAVY = (
    "numpy", "scipy.signal", "scipy.fft", "scipy.optimize", "scipy.ndimage", "numba", "soundfile", "soxr", "av",
    "pydantic", "typer", "rich.progress", "jinja2", "mutagen", "tomlkit", "fastapi", "starlette.testclient",
    "uvicorn", "hypothesis", "hypothesis.strategies", "pytest", "xdist", "sqlite3", "cryptography",
)  # fmt: skip
BELOW = (
    "model",
    "dsp",
    "media",
    "music",
    "listening",
    "detectors",
    "processors",
    "separation",
    "identity",
    "intent",
    "release",
    "report",
)
"""Rooms that import nothing of the mutated ones (imports go down only)."""

MUTATED = ("studio", "engine", "ledger")
SITE = 'import os\nif os.environ.get("CONTROLROOM_MUTANT"):\n    from lab.mutation import operators\n    operators.install(os.environ["CONTROLROOM_MUTANT"])\n'
WALL_S = 600.0
NOT_IMPORTED = ("ImportError while loading conftest", "ERROR collecting")
"""What pytest says of tests that can't be imported: the fault stands in what is done on import."""


def warm_up() -> None:
    """Import what no fault is put into; all of it is inherited by the children."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = "1"  # threads do not survive a fork
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for room in BELOW:
        package = importlib.import_module(f"controlroom.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"controlroom.{room}."):
            importlib.import_module(module.name)
    above = (*MUTATED, "catalogue", "cli", "web")
    loaded = [name for name in sys.modules if name.startswith(tuple(f"controlroom.{room}" for room in above))]
    assert not loaded, f"a fault in {loaded} would not be seen"


@dataclass
class Trial:
    """A child at work. ``mutant`` is empty for the code as it is."""

    mutant: str
    tests: Sequence[str]
    budget_s: float
    pid: int
    log: Path
    began: float

    def outcome(self, status: int) -> str:
        """Say what a child's end means: pytest's own codes, or a signal."""
        code = os.waitstatus_to_exitcode(status)
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return "timeout"
        if code == 4 and self.mutant and any(said in self.log.read_text() for said in NOT_IMPORTED):
            return "killed"  # the same tests were imported and run before, without it
        if code in (4, 5, 70):
            raise RuntimeError(f"{self.mutant}: the tests were not run:\n{self.log.read_text()[-2000:]}")
        return "survived" if code == 0 else "killed"

    def killer(self) -> str:
        """Return the test that failed first."""
        lines = self.log.read_text(errors="replace").splitlines()
        said = [line.split()[1] for line in lines if line.startswith(("FAILED ", "ERROR "))]
        return said[0] if said else ""


def start(mutant: str, tests: Sequence[str], budget_s: float, work: Path, slot: int, *, kept: bool) -> Trial:
    """Fork a child that runs tests until one fails, with a limit on its seconds."""
    log = work / f"log.{slot}"
    base = work / f"base.{slot}"
    site = work / "site"
    site.mkdir(parents=True, exist_ok=True)
    (site / "sitecustomize.py").write_text(SITE)
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return Trial(mutant, tests, budget_s, pid, log, time.monotonic())
    try:
        os.setsid()
        out = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        for number in (1, 2):
            os.dup2(out, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        seconds = int(budget_s) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        found = [path for path in (os.environ.get("PYTHONPATH"),) if path]
        root = str(Path(__file__).resolve().parents[2])
        os.environ.update(CONTROLROOM_MUTANT=mutant, PYTHONPATH=os.pathsep.join((str(site), root, *found)))
        if kept:
            os.environ["CONTROLROOM_TESTS_KEPT"] = str(work / "kept")
        if mutant:
            operators.install(mutant)
        os._exit(_run(tests, base))
    except BaseException:  # noqa: BLE001 - a child never returns into its parent's work
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(70)


def _run(tests: Sequence[str], base: Path) -> int:
    import pytest

    class InOrder:
        """The fastest first, whatever the files."""

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
            place = {name: at for at, name in enumerate(tests)}
            items.sort(key=lambda item: place.get(item.nodeid, len(place)))

    words = [
        "-x",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "--tb=line",
        "-rfE",
        f"--basetemp={base}",
    ]
    code = pytest.main([*words, *tests], plugins=[InOrder()])
    shutil.rmtree(base, ignore_errors=True)
    sys.stdout.flush()
    return int(code)


def end_of(trials: list[Trial]) -> tuple[Trial, str]:
    """Wait for the next child to end, and return it with its outcome; one that takes too long is killed."""
    while True:
        for trial in trials:
            pid, status = os.waitpid(trial.pid, os.WNOHANG)
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(trial.pid, signal.SIGKILL)  # what it started and left behind
                return trial, trial.outcome(status)
            if time.monotonic() - trial.began > WALL_S:
                os.killpg(trial.pid, signal.SIGKILL)
        time.sleep(0.02)
