"""The ledger's file as SQLite opens it; what a killed write left half done is taken back here."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from controlroom.ledger.faults import is_not_ours_to_write, reading_fault, unfinished, writing_fault
from controlroom.ledger.migrations import SCHEMA_NUMBER
from controlroom.model.base import check_schema

BUSY_S = 5.0

_log = logging.getLogger(__name__)


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file; what is committed through this connection is on the disk."""
    mode = "ro" if read_only else "rwc"
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None
        )
        if not read_only:
            db.execute("PRAGMA journal_mode=DELETE")
            db.execute("PRAGMA synchronous=EXTRA")
    except sqlite3.Error as error:
        raise writing_fault(path, error) from error
    return db


def schema_of(path: Path) -> tuple[int, bool]:
    """Return the number of the file's schema, and whether a half-done write was taken back to read it.

    A connection that only reads may not do that. SQLite takes its own exclusive
    lock for it, and leaves a journal alone while its writer lives.

    Raises
    ------
    EnvironmentFault
        ``env.unfinished-entry``: a write was stopped, and nothing can be written there.
    LedgerError, SchemaTooNewError
        It is no ledger, or a newer one.
    """
    try:
        given, rolled_back = _schema_text(path, "ro"), False
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise reading_fault(path, error) from error
        given, rolled_back = _recovered(path), True
    except sqlite3.Error as error:
        raise reading_fault(path, error) from error
    check_schema(given, "ledger", SCHEMA_NUMBER)
    return int(given.partition("/")[2]), rolled_back


def remove(half: Path) -> None:
    """Remove a file that was never finished, with its journal."""
    for path in (half, half.with_name(half.name + "-journal")):
        path.unlink(missing_ok=True)


def _recovered(path: Path) -> str:
    try:
        given = _schema_text(path, "rw")
    except sqlite3.Error as error:
        fault = unfinished(path) if is_not_ours_to_write(error) else reading_fault(path, error)
        raise fault from error
    _log.warning(
        "a write to %s was interrupted: what it had not finished is taken back, all that was acknowledged is there",
        path,
        extra={"song": str(path.parent)},
    )
    return given


def _schema_text(path: Path, mode: str) -> str:
    """Return what stands for the schema; to read is also what rolls a journal back."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as db:
        row = db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    return str(row[0]) if row else ""
