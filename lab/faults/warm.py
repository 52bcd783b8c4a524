"""A process that has imported and compiled everything, and forks itself for each run.

To start Python and import the house costs more than most verbs. The warm process has one thread and
holds no song; a child of it is as a new process, but for what it need not load. That this tells the truth
is seen in the runs that go through the true command line.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from lab.children import ROOT
from lab.faults.place import Place
from lab.faults.tripwire import Wire, library

ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
TRACEBACK = 70
"""The exit code of a child that ended in an exception."""
POLL_S = 0.01


class Warm:
    """The warm process, as its owner sees it."""

    def __init__(self) -> None:
        env = {
            **os.environ,
            **ALONE,
            "LD_PRELOAD": str(library()),
            "TRIPWIRE": "",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        }
        command = [sys.executable, "-m", "lab.faults.warm"]
        self._process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._asked = threading.Lock()
        self._read()

    def start(self, act: str, place: Place, *, plan: bool = False, group: bool = True, **args: Any) -> int:
        """Begin ``module:function`` in a child, watched when ``plan`` was laid; return its process id."""
        order = {"act": act, "root": str(place.root), "plan": plan, "group": group, "args": args}
        return self._ask({"start": order})

    def wait(self, pid: int, limit_s: float = 120.0) -> int:
        """Return a child's exit code, negative for a signal; it is killed after ``limit_s``."""
        return self._ask({"wait": pid, "limit_s": limit_s})

    def run(self, act: str, place: Place, *, plan: bool = False, group: bool = True, **args: Any) -> int:
        """Run a child to its end, let go whatever it left running, and return its exit code."""
        pid = self.start(act, place, plan=plan, group=group, **args)
        code = self.wait(pid)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        return code

    def close(self) -> None:
        """Let it go."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, what: Mapping[str, Any]) -> int:
        with self._asked:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return self._read()

    def _read(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the warm process ended")
        return int(line)


def main() -> None:
    """Warm up, and do what is asked on standard input until it ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    _warm_up()
    print(os.getpid(), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        done = _begun(asked["start"]) if "start" in asked else _ended(asked["wait"], asked["limit_s"])
        print(done, file=answers, flush=True)


def _warm_up() -> None:
    from lab.faults.trees import once_through

    with tempfile.TemporaryDirectory() as folder:
        once_through(Path(folder))
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"{threads} threads run: a fork would not take them along")
    gc.collect()
    gc.freeze()


def _begun(order: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        code = TRACEBACK
        try:
            code = _child(order)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        except BaseException:  # noqa: BLE001 -- the child must end here, and say why
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return pid


def _child(order: Mapping[str, Any]) -> int:
    place = Place(Path(order["root"]))
    os.setsid()
    out = os.open(place.root / "out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for handle, target in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (out, 2)):
        os.dup2(handle, target)
    os.chdir(place.songs)
    os.environ.update(place.env())
    tempfile.tempdir = None
    module, _, name = str(order["act"]).partition(":")
    act = getattr(importlib.import_module(module), name)
    if order["plan"]:
        wire = Wire(place.plan)
        wire.group(os.getpid() if order["group"] else 0)
        wire.hold()
    return int(act(place, **order["args"]) or 0)


def _ended(pid: int, limit_s: float) -> int:
    until = time.monotonic() + limit_s
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(POLL_S)


if __name__ == "__main__":
    main()
