"""The last catch of every window: what broke on nobody's purpose, in the house's words."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

import platformdirs

from controlroom.media.files import environment_fault, reading_fault, write_text
from controlroom.model.errors import ControlRoomError, EnvironmentFault, Fault, UsageError


def told(error: Exception) -> ControlRoomError:
    """Return an error with a code: itself, what the system refused, or a ``fault`` of ours."""
    if isinstance(error, ControlRoomError):
        return error
    if isinstance(error, MemoryError):
        return EnvironmentFault(
            "env.memory",
            "there is not enough memory for this",
            "close other programs, or take a shorter file",
        )
    if isinstance(error, OSError) and error.errno is not None:
        return _of_the_system(error)
    if isinstance(error, UnicodeError):
        return UsageError("usage.not-text", f"a text or a name is no UTF-8: {error}", "write it anew")
    return Fault("fault", f"something broke here: {type(error).__name__}: {error}", "this is a fault of ours")


def with_traceback(known: ControlRoomError, error: Exception) -> ControlRoomError:
    """Return a fault whose hint names the file that its traceback is kept in; other errors as they are."""
    if not isinstance(known, Fault):
        return known
    kept = _kept("".join(traceback.format_exception(error)))
    where = f"what happened is in {kept}" if kept else "CONTROLROOM_TRACEBACK=1 shows where"
    return Fault(known.code, known.message, f"{known.hint}; {where}; please report it")


def _of_the_system(error: OSError) -> EnvironmentFault:
    if error.filename is None:
        return _nameless(error)
    path = Path(os.fsdecode(error.filename)) if not isinstance(error.filename, int) else Path("a stream")
    if error.errno in (errno.EACCES, errno.EPERM) and not _readable(path):
        return reading_fault(error, path)
    return environment_fault(error, path)


def _nameless(error: OSError) -> EnvironmentFault:
    try:
        here = Path.cwd()
    except OSError:
        return EnvironmentFault(
            "env.no-here", "the folder that you are in is no longer there", "go to another with `cd`"
        )
    return environment_fault(error, here)


def _readable(path: Path) -> bool:
    """Return whether a path can be read, or the folder that would hold it."""
    return os.access(path if os.path.lexists(path) else path.parent, os.R_OK)


def _kept(text: str) -> Path | None:
    """Keep what happened in the user's log folder; None where there is none."""
    try:
        path = Path(platformdirs.user_log_dir("controlroom")) / "last-fault.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8"))
    except (OSError, RuntimeError, ControlRoomError):  # no home, or none that can be written
        return None
    return path
