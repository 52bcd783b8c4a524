"""One writer per song: a lock that the system drops when its holder dies.

The lock is on the file ``.lock`` as the system keeps it: what stands in the file,
and whether it can be written, does not matter, and a killed holder leaves no
stale lock behind. The holder's process id stands in a small file beside it, so
that a second process can say whom it waits for.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controlroom.media.files import environment_fault
from controlroom.model.errors import SongBusyError

WAIT_S = 5.0
AGAIN_S = 0.02
NAME = ".lock"
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""A song from elsewhere may have links there: they lead to files that are not the song's."""


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
    holder = folder / ".lock.json"
    with locked(folder, wait_s):
        with suppress(OSError):
            _write(holder, json.dumps({"pid": os.getpid(), "since": time.time()}, allow_nan=False))
        try:
            yield
        finally:
            with suppress(OSError):
                holder.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock alone: for a folder that is no song yet.

    Raises
    ------
    SongBusyError, EnvironmentFault
        As ``holding`` does.
    """
    handle = _taken(folder, wait_s)
    try:
        yield
    finally:
        os.close(handle)


def _taken(folder: Path, wait_s: float) -> int:
    """Return the open file that holds the lock; closing it gives the lock back."""
    lock = folder / NAME
    until = time.monotonic() + wait_s
    try:
        handle = _opened(lock)
    except OSError as error:
        raise environment_fault(error, lock) from error
    try:
        while not _take(handle):
            _wait(folder, until, wait_s)
    except BaseException as error:
        os.close(handle)
        if isinstance(error, OSError):
            raise environment_fault(error, lock) from error
        raise
    return handle


def _wait(folder: Path, until: float, wait_s: float) -> None:
    if time.monotonic() < until:
        time.sleep(AGAIN_S)
        return
    raise SongBusyError(
        "song.busy",
        f"{folder} is in use by process {_pid(folder / '.lock.json')} (waited {wait_s:g} s)",
        "let it finish, or stop that process",
    )


def _opened(lock: Path) -> int:
    """Open the lock's file, for reading alone where it may not be written: that locks as well."""
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | _NO_LINKS, 0o666)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS) or not lock.is_file():
            raise
        return os.open(lock, os.O_RDONLY | _NO_LINKS)


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> bool:
        """Take the lock if it is free."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _take(handle: int) -> bool:
        """Take the lock if it is free. It is the open file's, not the process's: threads exclude each other too."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _write(holder: Path, text: str) -> None:
    handle = os.open(holder, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINKS, 0o666)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _pid(holder: Path) -> str:
    try:
        return str(int(json.loads(holder.read_text(encoding="utf-8"))["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"
