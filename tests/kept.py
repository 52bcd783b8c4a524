"""What is dear to make is made once for all workers of a run, and copied by the tests that change it."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from controlroom.studio.studio import Studio

STORE = "CONTROLROOM_TESTS_KEPT"
"""Names a folder that outlives the run: for a driver that runs tests many times on the same code."""


class Kept:
    """Folders by name, in one place that the workers share."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of_run(cls, factory: pytest.TempPathFactory) -> Kept:
        """Return this run's own store: a worker's base folder lies in the run's."""
        if kept := os.environ.get(STORE):
            return cls(Path(kept))
        base = factory.getbasetemp()
        return cls((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kept")

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the folder of that name, not to be changed; the first who asks makes it, the others wait.

        ``make`` is given a folder that is there and empty. It is renamed when whole, so nothing in it may
        hold its own path.
        """
        folder, half = self.root / name, self.root / f"{name}.half"
        with (self.root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                shutil.rmtree(half, ignore_errors=True)  # of a maker that failed or was killed
                half.mkdir()
                make(half)
                half.rename(folder)
        return folder


def ticking_studio(name: str = "tester") -> Studio:
    """Return a studio with a person and a clock that ticks a second per call."""
    seconds = itertools.count()

    def now() -> str:
        count = next(seconds)
        return f"2026-11-22T{count // 3600 % 24:02}:{count // 60 % 60:02}:{count % 60:02}+00:00"

    return Studio(now=now, name=name)
