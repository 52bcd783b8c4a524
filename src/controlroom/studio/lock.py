"""One writer per song: a lock that the system drops when its holder dies.

An SQLite file whose exclusive transaction is held open: it works alike on
every system, and a killed holder leaves no stale lock behind. The holder's
process id stands in a small file beside it, so that a second process can say
whom it waits for.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controlroom.model.errors import EnvironmentFault, SongBusyError

WAIT_S = 5.0


@contextmanager
def holding(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the song in ``folder`` for writing.

    Raises
    ------
    SongBusyError
        When another process still holds it after ``wait_s`` seconds; names its pid.
    EnvironmentFault
        When the folder can't be written.
    """
    lock, holder = folder / ".lock", folder / ".lock.json"
    db = _begin(lock, holder, wait_s)
    try:
        with suppress(OSError):
            holder.write_text(json.dumps({"pid": os.getpid(), "since": time.time()}, allow_nan=False))
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        db.close()


def _begin(lock: Path, holder: Path, wait_s: float) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(lock, timeout=wait_s, isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise SongBusyError(
                "song.busy",
                f"{lock.parent} is in use by process {_pid(holder)} (waited {wait_s:g} s)",
                "let it finish, or stop that process",
            ) from error
        raise EnvironmentFault(
            "env.not-writable", f"{lock.parent} can't be written: {error}", "check the folder's permissions"
        ) from error
    return db


def _pid(holder: Path) -> str:
    try:
        return str(json.loads(holder.read_text())["pid"])
    except (OSError, ValueError, KeyError):
        return "unknown"
