"""What SQLite says of a ledger, in the house's words."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path

from controlroom.media.files import environment_fault
from controlroom.model.errors import ControlRoomError, EnvironmentFault, LedgerError, SongBusyError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NOT_READABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_PRIMARY = 0xFF


def primary_code(error: sqlite3.Error) -> int:
    """Return the kind of an SQLite error; 0 for what never reached SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY


def writing_fault(path: Path, error: sqlite3.Error) -> EnvironmentFault:
    """Say why a ledger could not be written; to be raised with ``from error``."""
    text, code = str(error), primary_code(error)
    if code == sqlite3.SQLITE_FULL or "full" in text:
        return _full(path)
    if code in _BUSY:
        return _busy(path)
    if "readonly" in text or "unable to open" in text:
        return _why_not_written(path)
    return EnvironmentFault("env.ledger-io", f"{path}: {text}", "check the disk; the entry was not written")


def reading_fault(path: Path, error: Exception) -> ControlRoomError:
    """Say why a ledger could not be read: only a damaged one needs a copy."""
    code = primary_code(error) if isinstance(error, sqlite3.Error) else 0
    if code == sqlite3.SQLITE_FULL:  # what a stopped write left is taken back when there is room
        return _full(path)
    if code in _BUSY:
        return _busy(path)
    if code in _NOT_READABLE:
        return EnvironmentFault("env.not-readable", f"{path} can't be read: {error}", "check its permissions")
    if code == sqlite3.SQLITE_IOERR:
        return EnvironmentFault("env.ledger-io", f"{path}: {error}", "check the disk; nothing was changed")
    if code == sqlite3.SQLITE_READONLY:
        return unfinished(path)
    return LedgerError("ledger.unreadable", f"{path} can't be read: {error}", "restore it from a copy")


def is_not_ours_to_write(error: sqlite3.Error) -> bool:
    """Return whether the file, its journal or its folder may not be written by us."""
    codes = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
    return primary_code(error) in codes or error.sqlite_errorcode == sqlite3.SQLITE_IOERR_DELETE


def unfinished(path: Path) -> EnvironmentFault:
    """Say that a stopped write can't be taken back, because nothing can be written there."""
    return EnvironmentFault(
        "env.unfinished-entry",
        f"a write to {path} was interrupted, and can't be taken back: its folder can't be written",
        "make the song's folder writable, or copy the whole folder to where it is; nothing is lost",
    )


def _full(path: Path) -> EnvironmentFault:
    return EnvironmentFault(
        "env.disk-full", f"the disk is full while writing {path}", "free some space; nothing was changed"
    )


def _why_not_written(path: Path) -> EnvironmentFault:
    """Ask the system why no file can be made beside the ledger: SQLite says only that it could not open one."""
    probe = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError as error:
        return environment_fault(error, path)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return EnvironmentFault(
        "env.not-writable", f"{path} can't be written", "check the permissions of the song's folder"
    )


def _busy(path: Path) -> SongBusyError:
    return SongBusyError(
        "song.busy",
        f"{path} is being written by another process",
        "let it finish, then run the command again",
    )
