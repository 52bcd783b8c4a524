"""Processes that do jobs, one after another: spawned, not forked, and gone when nobody asks.

To start a process and import what a render needs costs more CPU than a short
render itself, so that one stays warm for the next job. It ends by itself after
``IDLE_S`` without work, after ``JOBS_EACH`` jobs, and when it has grown: what a
long day leaves behind goes with it.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.synchronize import Event as Flag
from pathlib import Path
from typing import Any

from controlroom.model.context import Context
from controlroom.model.errors import Cancelled, ControlRoomError, Fault
from controlroom.studio.faults import told, with_traceback

IDLE_S = 90.0
MARGIN_S = 20.0
"""A process this near its end is asked for nothing: it may be gone before it hears."""
LEAVING_S = 10.0
JOBS_EACH = 25
LARGEST_MB = 600.0

Work = Callable[..., Any]
"""A module-level function: the context first, then plain arguments; returns what is JSON."""


class Worker:
    """One process, and the two ways to speak with it: a pipe, and a flag that says stop."""

    def __init__(self, spawn: SpawnContext | None = None) -> None:
        spawn = spawn or multiprocessing.get_context("spawn")
        self.flag: Flag = spawn.Event()
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(theirs, self.flag), daemon=True)
        self.process.start()
        theirs.close()
        self._since = time.monotonic()

    @property
    def fresh(self) -> bool:
        """Whether it lives, and will for long enough to be asked."""
        return self.process.is_alive() and time.monotonic() - self._since < IDLE_S - MARGIN_S

    def ask(self, work: Work, arguments: tuple[Any, ...]) -> None:
        """Hand it a job; what it tells comes through ``pipe``."""
        self.flag.clear()
        with suppress(OSError):  # it just died: whoever reads the pipe learns it
            self.pipe.send((work, arguments))

    def rest(self) -> None:
        """Say that it waits from now on."""
        self._since = time.monotonic()

    def end(self) -> None:
        """Let it go: without its pipe it ends by itself, or else by force."""
        self.pipe.close()
        self.process.join(LEAVING_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(pipe: Connection, flag: Flag) -> None:
    """Do what is asked in the new process, and send how each job ends and whether to ask again."""
    os.nice(5)  # the page answers first
    for left in reversed(range(JOBS_EACH)):
        try:
            if not pipe.poll(IDLE_S):
                return
            work, arguments = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):  # the server left
            return
        ending = _carried_out(pipe, flag, work, arguments)
        stays = left > 0 and _resident_mb() < LARGEST_MB
        pipe.send(("ended", ending, stays))
        if not stays:
            return


def _carried_out(
    pipe: Connection, flag: Flag, work: Work, arguments: tuple[Any, ...]
) -> tuple[str, Any, dict[str, Any] | None]:
    """Do the work and return its state, result and error."""
    context = Context(progress=lambda what, done: pipe.send(("progress", what, done)), cancel=flag.is_set)
    try:
        return "done", work(context, *arguments), None
    except Cancelled as stopped:
        return "cancelled", None, stopped.as_dict()
    except ControlRoomError as error:
        return "failed", None, error.as_dict()
    except Exception as error:  # noqa: BLE001 -- the page must hear of it, and the next job be done
        known = with_traceback(told(error), error)
        if isinstance(known, Fault):
            known = Fault("job.fault", known.message, known.hint)
        return "failed", None, known.as_dict()


def _resident_mb() -> float:
    """Return the memory that this process holds; without /proc, too much: it is not kept then."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return float("inf")
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
