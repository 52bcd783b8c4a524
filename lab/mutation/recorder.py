"""A pytest plugin that notes which lines each test runs, and what it costs: ``-p lab.mutation.recorder``.

What a session's or a module's fixture runs counts for the fixture, and so for every test that asks for it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

OUT = "CONTROLROOM_MUTANTS_OUT"
WIDE = {"session", "package", "module", "class"}


def cpu_s() -> float:
    """Return the seconds of this process and its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Recorder:
    """One worker's notes: written as ``lines.<id>`` (coverage's own file) and ``tests.<id>.json``."""

    def __init__(self, out: Path, worker: str) -> None:
        self.notes = out / f"tests.{worker}.json"
        rooms = [f"src/controlroom/{room}/*" for room in ("studio", "engine", "ledger")]
        self.coverage = Coverage(data_file=str(out / f"lines.{worker}"), include=rooms)
        self.coverage.start()
        self.seconds: dict[str, float] = {}
        self.fixtures: dict[str, list[str]] = {}
        self.failed: set[str] = set()
        self.now = ""

    def _within(self, name: str) -> Iterator[None]:
        """Count what runs, and its cost, for a test or a fixture; what it interrupts goes on after it."""
        outer, self.now = self.now, name
        self.coverage.switch_context(name)
        began, inside = cpu_s(), sum(self.seconds.values())
        try:
            return (yield)
        finally:
            inside = sum(self.seconds.values()) - inside
            self.seconds[name] = self.seconds.get(name, 0.0) + cpu_s() - began - inside
            self.now = outer
            self.coverage.switch_context(outer)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note one test."""
        names = getattr(item, "_fixtureinfo", None)
        known = names.name2fixturedefs.items() if names else ()
        self.fixtures[item.nodeid] = [
            f"fixture:{name}@{defs[-1].baseid}" for name, defs in known if defs[-1].scope in WIDE
        ]
        return (yield from self._within(item.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        """Note what a wide fixture runs apart from the test that asked first."""
        if fixturedef.scope not in WIDE:
            return (yield)
        return (yield from self._within(f"fixture:{fixturedef.argname}@{fixturedef.baseid}"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Leave out what does not pass."""
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write the notes."""
        self.coverage.stop()
        self.coverage.save()
        notes = {"seconds": self.seconds, "fixtures": self.fixtures, "failed": sorted(self.failed)}
        self.notes.write_text(json.dumps(notes))


def pytest_configure(config: pytest.Config) -> None:
    """Record in the processes that run tests."""
    worker = getattr(config, "workerinput", {}).get("workerid")
    if worker or not getattr(config.option, "numprocesses", None):
        out = Path(os.environ[OUT])
        config.pluginmanager.register(Recorder(out, worker or "main"), "mutation-recorder")
