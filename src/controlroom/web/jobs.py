"""Long work, each in a process apart: it tells where it is and can be stopped.

The event loop never computes. A job's progress comes through its worker's pipe,
that one thread reads; a stop is a flag that the studio looks at between blocks,
and after ``PATIENCE_S`` an end by force, which the ledger survives by design.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from controlroom.model.errors import Cancelled, ControlRoomError, UsageError
from controlroom.web.events import Hub
from controlroom.web.workers import Work, Worker

PATIENCE_S = 10.0
KEPT = 50
MOST_RUNNING = 4
TOLD_EVERY_S = 0.1


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
        self._workers: dict[str, Worker] = {}
        self._idle: list[Worker] = []
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
            self._workers[job.id] = worker = self._worker()
            self._jobs[job.id] = job
            self._forget()
        worker.ask(work, arguments)
        self._hub.tell("job", **job.as_dict())
        threading.Thread(target=self._follow, args=(job, worker, after), daemon=True).start()
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
        with self._lock:
            if job_id in self._workers:  # what works for another job by now is left alone
                self._workers[job_id].flag.set()
        return job

    def close(self) -> None:
        """Let the idle processes go."""
        with self._lock:
            while self._idle:
                self._idle.pop().end()

    def _worker(self) -> Worker:
        """Return a process that waits for work, or a new one."""
        while self._idle:
            if (worker := self._idle.pop()).fresh:
                return worker
            worker.end()
        return Worker()

    def _follow(self, job: Job, worker: Worker, after: Callable[[], None] | None) -> None:
        """Read what a job tells until it ends; its state changes last, when all else is known."""
        ending, stays = self._listen(job, worker)
        with self._lock:
            stopped = self._workers.pop(job.id).flag.is_set()
            stays = stays and not self._idle
            if stays:
                worker.rest()
                self._idle.append(worker)
        if not stays:
            worker.end()
        state, job.result, job.error = ending or _ended(worker.process.exitcode, stopped=stopped)
        job.ended = time.time()
        job.done = 1.0 if state == "done" else job.done
        job.state = state
        if after is not None:
            after()
        self._hub.tell("job", **job.as_dict())
        self._hub.tell("song", song=job.song)

    def _listen(self, job: Job, worker: Worker) -> tuple[tuple[str, Any, Any] | None, bool]:
        """Return how a job says that it ended, None when it did without a word, and whether its process waits."""
        told, stopped = 0.0, 0.0
        while True:
            try:
                message = worker.pipe.recv() if worker.pipe.poll(0.2) else None
            except (EOFError, OSError):
                return None, False
            if message is not None and message[0] == "ended":
                return message[1], message[2]
            if message is not None:
                job.what, job.done = str(message[1]), max(job.done, float(message[2]))
                if time.monotonic() - told >= TOLD_EVERY_S:
                    told = time.monotonic()
                    self._hub.tell("job", **job.as_dict())
            if worker.flag.is_set():
                stopped = stopped or time.monotonic()
                if time.monotonic() - stopped > PATIENCE_S:
                    worker.process.terminate()
                    return None, False

    def _forget(self) -> None:
        ended = [job for job in self.jobs() if job.state != "running"]
        for job in ended[KEPT:]:
            del self._jobs[job.id]


def _ended(code: int | None, *, stopped: bool) -> tuple[str, Any, dict[str, Any]]:
    """Return how a job ended whose process left without a word."""
    if stopped:
        return "cancelled", None, Cancelled().as_dict()
    fault = ControlRoomError("job.died", f"the process ended with code {code}", "try again")
    return "failed", None, fault.as_dict()
