"""One run of a verb in a place of its own, and the bench that lends what runs need."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from lab.children import ROOT
from lab.faults import sounds, trees
from lab.faults.acts import acknowledge, error_code, heads
from lab.faults.console import GoneError, StoppedError, Visit
from lab.faults.place import Place
from lab.faults.tripwire import Call, Plan, Wire
from lab.faults.verbs import CONSOLE, VERBS
from lab.faults.warm import TRACEBACK, Warm

Item = TypeVar("Item")
Result = TypeVar("Result")
LEAVES_S = 20.0


class Bench:
    """Warm processes, inputs, and the trees, each grown once."""

    def __init__(self, root: Path, hands: int = 2) -> None:
        self.root = root
        self.inputs = sounds.bring(root / trees.INPUTS)
        self._numbers = iter(range(10**9))
        self._lock = threading.RLock()
        self._trees: dict[str, Place] = {}
        self._undisturbed: dict[str, tuple[list[Call], dict[str, Any]]] = {}
        with ThreadPoolExecutor(hands) as pool:
            self._free = list(pool.map(lambda _: Warm(), range(hands)))

    def close(self) -> None:
        """Let the warm processes go."""
        for warm in self._free:
            warm.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def all_of(self, work: Callable[[Bench, Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield what work makes of items, as many at a time as there are warm processes."""
        with ThreadPoolExecutor(len(self._free)) as pool:
            yield from pool.map(lambda item: work(self, item), items)

    @contextmanager
    def ground(self, stage: str) -> Iterator[tuple[Warm, Place]]:
        """Lend a warm process, and a copy of a tree that goes afterwards."""
        with self._lock:
            warm = self._free.pop()
            place = self._tree(stage, warm).copied(self.root / f"run-{next(self._numbers)}")
        try:
            yield warm, place
        finally:
            shutil.rmtree(place.root, ignore_errors=True)
            with self._lock:
                self._free.append(warm)

    def undisturbed(self, name: str) -> tuple[list[Call], dict[str, Any]]:
        """Return the calls of a verb that nobody disturbs, and what is found after it."""
        with self._lock:
            if name not in self._undisturbed:
                with self.ground(VERBS[name].tree) as (warm, place):
                    run = Run(warm, place, name, self.inputs)
                    told = run.begun(Plan())
                    if told:
                        raise RuntimeError(f"{name} does not work undisturbed: {told}")
                    self._undisturbed[name] = Wire(place.plan).calls(), run.look()
            return self._undisturbed[name]

    def _tree(self, stage: str, warm: Warm) -> Place:
        if stage not in self._trees:
            base = trees.STAGES[stage][0]
            root = self.root / f"tree-{stage}"
            place = self._tree(base, warm).copied(root) if base else trees.first(root)
            code = warm.run("lab.faults.trees:grow", place, stage=stage, inputs=str(self.inputs))
            if code != 0:
                raise RuntimeError(
                    f"the tree {stage} did not grow: {(place.root / 'out').read_text()[-800:]}"
                )
            self._trees[stage] = place
        return self._trees[stage]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a verb.

    ``group`` is what a kill ends: the whole run, else the process that made the
    call; ``real`` runs the true command line, in processes of their own.
    """

    warm: Warm
    place: Place
    name: str
    inputs: Path
    group: bool = True
    real: bool = False

    @property
    def lines(self) -> list[list[str]]:
        """Return the command lines."""
        return VERBS[self.name].filled(self.place, self.inputs)

    def begun(self, plan: Plan) -> str:
        """Run the verb under a plan; return what it said when it failed, or that it was killed."""
        Wire.laid(self.place.plan, self.place.watched, plan)
        if self.name == CONSOLE:
            return self._visit(planned=True)
        return self._ending(self._real() if self.real else self._warm(planned=True, begin=0))

    def again(self) -> str:
        """Run what was not acknowledged again, at least the last line; return what fails, empty when all works."""
        if self.name == CONSOLE:
            return self._visit(planned=False)
        verb = VERBS[self.name]
        acknowledged = sum(one["code"] == 0 for one in self.place.said_so_far())
        begin = min(acknowledged, len(verb.lines) - 1)
        while begin < len(verb.lines):
            told = self._ending(self._warm(planned=False, begin=begin))
            if told not in verb.done:
                return told
            begin += 1  # it says that the killed run had come to its end
        return ""

    def look(self) -> dict[str, Any]:
        """Return what is found from outside."""
        code = self.warm.run("lab.faults.outside:look", self.place)
        if code != 0:
            return {"opens": [f"the look itself ends with {code}: {self._last_words()}"]}
        return dict(json.loads(self.place.looked.read_text()))

    def _warm(self, *, planned: bool, begin: int) -> int:
        act = "lab.faults.acts:commands"
        return self.warm.run(act, self.place, plan=planned, group=self.group, lines=self.lines, begin=begin)

    def _ending(self, code: int) -> str:
        if code == 0:
            return ""
        if code == TRACEBACK:
            return f"traceback: {self._last_words()}"
        said = self.place.said_so_far()
        return str(said[-1]["error"] or f"exit code {code}") if code > 0 and said else f"signal {-code}"

    def _last_words(self) -> str:
        out = self.place.root / "out"
        lines = out.read_text(errors="replace").split("\n") if out.exists() else []
        return next((line for line in reversed(lines) if line.strip()), "")

    def _real(self) -> int:
        """Run the true command line, each line in a new process; return the last exit code."""
        for index, words in enumerate(self.lines):
            child = self.process(words)
            code = child.wait()
            end_group(child.pid)
            if code < 0:
                return code
            told = error_code((self.place.root / "out").read_text(errors="replace"))
            held = heads(self.place.songs) if code == 0 else {}
            said = {"line": index, "code": code, "error": told if code else "", "heads": held}
            acknowledge(self.place, said)
            if code != 0:
                return code
        return 0

    def process(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start the true command line, watched; what it prints goes to ``address``, what it complains of to ``out``."""
        wire = Wire(self.place.plan)
        with self.place.address.open("wb") as out, (self.place.root / "out").open("wb") as err:
            child = subprocess.Popen(
                [sys.executable, "-m", "controlroom.cli.__main__", *words],
                cwd=self.place.songs,
                env={**os.environ, **self.place.env(), **wire.env, "PYTHONPATH": str(ROOT / "src")},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        if self.group:
            wire.group(child.pid)
        return child

    def _visit(self, *, planned: bool) -> str:
        """Go to the console; what stopped while the server lived on is asked for again there."""
        self.place.address.unlink(missing_ok=True)
        door = _RealDoor(self) if planned and self.real else _WarmDoor(self, planned=planned)
        visit, told = Visit(self.place, door.alive), ""
        try:
            visit.enter()
            for _ in range(1 + planned):
                told = self._try(visit, told)
        except GoneError:
            return "the server is gone"
        finally:
            door.close()
        return told

    def _try(self, visit: Visit, told: str) -> str:
        try:
            visit.whole_job(self.inputs / "take.wav")
        except StoppedError as stopped:
            return f"{told}, then {stopped.code}" if told else stopped.code
        return told


class _WarmDoor:
    """The console's server, forked from the warm process."""

    def __init__(self, run: Run, *, planned: bool) -> None:
        self._warm = run.warm
        self._pid = run.warm.start("lab.faults.acts:serve", run.place, plan=planned, group=run.group)

    def alive(self) -> bool:
        """Return whether it runs; a killed one waits for its parent as a zombie."""
        try:
            return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    def close(self) -> None:
        """End it: its forked workers hold the pipes by which a spawned one would learn that it leaves."""
        end_group(self._pid)
        self._warm.wait(self._pid)


class _RealDoor:
    """The console's server, as ``controlroom studio`` starts it."""

    def __init__(self, run: Run) -> None:
        self._child = run.process(["studio", ".", "--no-browser"])

    def alive(self) -> bool:
        """Return whether it runs."""
        return self._child.poll() is None

    def close(self) -> None:
        """Ask it to leave, as Ctrl-C does, and end what stays."""
        if self.alive():
            self._child.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(LEAVES_S)
        end_group(self._child.pid)
        self._child.wait()


def end_group(group: int) -> None:
    """End what a run left running."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
