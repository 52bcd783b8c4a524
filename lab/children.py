"""One program run and weighed: wall seconds, CPU seconds and peak memory, of it and its children."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a program cost. ``peak_mb`` is the highest sum of resident memory of it and its children."""

    code: int
    cpu_s: float
    wall_s: float
    peak_mb: float
    out: str


def weighed(command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Weighed:
    """Run a program to its end and weigh it."""
    began = time.perf_counter()
    child = subprocess.Popen(
        list(command),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    peaks = [0.0]
    watcher = threading.Thread(target=_watch, args=(child.pid, peaks), daemon=True)
    watcher.start()
    assert child.stdout is not None
    out = child.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    peak = max(peaks[0], usage.ru_maxrss / 1024)
    cpu = usage.ru_utime + usage.ru_stime
    return Weighed(child.returncode, cpu, time.perf_counter() - began, peak, out)


def python(code: str, *, env: Mapping[str, str] | None = None) -> Weighed:
    """Run a piece of Python in a fresh process and weigh it."""
    return weighed([sys.executable, "-c", code], env)


def _watch(pid: int, peaks: list[float]) -> None:
    while True:
        total = sum(_resident_mb(one) for one in _family(pid))
        if total == 0.0:
            return
        peaks[0] = max(peaks[0], total)
        time.sleep(POLL_S)


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(descendant for child in children for descendant in _family(int(child)))]


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
