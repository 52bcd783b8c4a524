"""Long work, each in a process of its own: it tells where it is and can be stopped.

The event loop never computes. A job's process is spawned, not forked; its
progress comes through a pipe that one thread reads; a stop is a flag that the
studio looks at between blocks, and after ``PATIENCE_S`` an end by force, which
the ledger survives by design.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event as Flag
from typing import Any

from controlroom.model.context import Context
from controlroom.model.errors import Cancelled, ControlRoomError, UsageError
from controlroom.web.events import Hub

PATIENCE_S = 10.0
KEPT = 50
MOST_RUNNING = 4
TOLD_EVERY_S = 0.1

Work = Callable[..., Any]
"""A module-level function: the context first, then plain arguments; returns what is JSON."""


@dataclass
class Job:
    """One piece of long work."""

    id: str
    kind: str
    song: str
    state: str = "running"
    what: str = ""
    done: float = 0.0
    error: dict[str, Any] | None = None
    result: Any = None
    started: float = field(default_factory=time.time)
    ended: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, with what remains by the pace so far."""
        passed = (self.ended or time.time()) - self.started
        remains = passed * (1 / self.done - 1) if self.state == "running" and self.done > 0.05 else None
        return {
            "id": self.id,
            "kind": self.kind,
            "song": self.song,
            "state": self.state,
            "what": self.what,
            "done": round(self.done, 4),
            "passed_s": round(passed, 1),
            "remains_s": round(remains, 1) if remains is not None else None,
            "error": self.error,
            "result": self.result,
        }


class Runner:
    """Starts jobs, one at a time per song, and keeps the last ones for whoever asks."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._jobs: dict[str, Job] = {}
        self._flags: dict[str, Flag] = {}
        self._spawn = multiprocessing.get_context("spawn")
        self._lock = threading.Lock()

    def start(
        self, kind: str, song: str, work: Work, *arguments: Any, after: Callable[[], None] | None = None
    ) -> Job:
        """Start a job; UsageError while another works on the same song, or too many run."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.state == "running"]
            if any(job.song == song for job in running):
                raise UsageError("job.busy", f"{song} is being worked on", "wait, or stop that job")
            if len(running) >= MOST_RUNNING:
                raise UsageError("job.too-many", f"{len(running)} jobs run already", "wait for one to end")
            job = Job(secrets.token_hex(6), kind, song)
            self._jobs[job.id] = job
            self._flags[job.id] = self._spawn.Event()
            self._forget()
        ours, theirs = self._spawn.Pipe(duplex=False)
        process = self._spawn.Process(
            target=_carry_out, args=(theirs, self._flags[job.id], work, arguments), daemon=True
        )
        process.start()
        theirs.close()
        self._hub.tell("job", **job.as_dict())
        threading.Thread(target=self._follow, args=(job, process, ours, after), daemon=True).start()
        return job

    def jobs(self) -> list[Job]:
        """Return the kept jobs, newest first."""
        return sorted(self._jobs.values(), key=lambda job: -job.started)

    def job(self, job_id: str) -> Job:
        """Return a job; UsageError when there is none of this id."""
        if job_id not in self._jobs:
            raise UsageError("job.missing", f"there is no job {job_id!r}", "it may have been long ago")
        return self._jobs[job_id]

    def cancel(self, job_id: str) -> Job:
        """Ask a job to stop."""
        job = self.job(job_id)
        self._flags[job_id].set()
        return job

    def _follow(self, job: Job, process: Any, pipe: Connection, after: Callable[[], None] | None) -> None:
        """Read what a job tells until it ends; its state changes last, when all else is known."""
        ending = self._listen(job, process, pipe)
        process.join()
        pipe.close()
        state, job.result, job.error = ending or self._ended(job, process.exitcode)
        job.ended = time.time()
        job.done = 1.0 if state == "done" else job.done
        job.state = state
        if after is not None:
            after()
        self._hub.tell("job", **job.as_dict())
        self._hub.tell("song", song=job.song)

    def _listen(self, job: Job, process: Any, pipe: Connection) -> tuple[str, Any, Any] | None:
        """Return how a job says that it ended; None when it ended without a word."""
        told, stopped = 0.0, 0.0
        while True:
            try:
                message = pipe.recv() if pipe.poll(0.2) else None
            except (EOFError, OSError):
                return None
            if message is not None and message[0] != "progress":
                state, result, error = message
                return state, result, error
            if message is not None:
                job.what, job.done = str(message[1]), max(job.done, float(message[2]))
                if time.monotonic() - told >= TOLD_EVERY_S:
                    told = time.monotonic()
                    self._hub.tell("job", **job.as_dict())
            if self._flags[job.id].is_set():
                stopped = stopped or time.monotonic()
                if time.monotonic() - stopped > PATIENCE_S:
                    process.terminate()
                    return None

    def _ended(self, job: Job, code: int | None) -> tuple[str, Any, dict[str, Any]]:
        if self._flags[job.id].is_set():
            return "cancelled", None, Cancelled().as_dict()
        fault = ControlRoomError("job.died", f"the process ended with code {code}", "try again")
        return "failed", None, fault.as_dict()

    def _forget(self) -> None:
        ended = [job for job in self.jobs() if job.state != "running"]
        for job in ended[KEPT:]:
            del self._jobs[job.id], self._flags[job.id]


def _carry_out(pipe: Connection, flag: Flag, work: Work, arguments: tuple[Any, ...]) -> None:
    """Do the work in the new process, and send how it ends."""
    os.nice(5)  # the page answers first
    context = Context(progress=lambda what, done: pipe.send(("progress", what, done)), cancel=flag.is_set)
    try:
        pipe.send(("done", work(context, *arguments), None))
    except Cancelled as stopped:
        pipe.send(("cancelled", None, stopped.as_dict()))
    except ControlRoomError as error:
        pipe.send(("failed", None, error.as_dict()))
    except Exception as error:  # noqa: BLE001 -- the page must hear of it; the process ends anyway
        fault = ControlRoomError("job.fault", f"{type(error).__name__}: {error}", "this is a fault of ours")
        pipe.send(("failed", None, fault.as_dict()))
