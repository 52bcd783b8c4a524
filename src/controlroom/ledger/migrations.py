"""Migrations of the ledger's schema: forward only, on a copy, then swapped in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

from controlroom.ledger.faults import writing_fault
from controlroom.media.files import environment_fault, sync_file, sync_folder

SCHEMA_NUMBER = 2

SIGNATURES = """
CREATE TABLE signatures (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq),
    key TEXT NOT NULL,
    signature TEXT NOT NULL
);
CREATE TRIGGER signatures_are_never_changed BEFORE UPDATE ON signatures
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER signatures_are_never_removed BEFORE DELETE ON signatures
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""

Migration = Callable[[sqlite3.Connection], None]


def _heads_are_signed(db: sqlite3.Connection) -> None:
    db.executescript(SIGNATURES)


MIGRATIONS: Mapping[int, Migration] = {1: _heads_are_signed}
"""From a schema number to the function that brings it to the next."""


def migrate(
    path: Path, number: int, steps: Mapping[int, Migration] = MIGRATIONS, to: int = SCHEMA_NUMBER
) -> None:
    """Bring a ledger forward on a copy; the original stays until the copy is whole."""
    copy = path.with_name(path.name + ".migrating")
    try:
        _remove(copy)
        _bring_forward(path, copy, number, steps, to)
        sync_file(copy)
        copy.replace(path)
        sync_folder(path.parent)
    except sqlite3.Error as error:
        raise writing_fault(path, error) from error
    except OSError as error:
        raise environment_fault(error, path) from error
    finally:
        with suppress(OSError):
            _remove(copy)


def _bring_forward(path: Path, copy: Path, number: int, steps: Mapping[int, Migration], to: int) -> None:
    with (
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as old,
        closing(sqlite3.connect(copy)) as db,
    ):
        old.backup(db)
        for at in range(number, to):
            with db:
                steps[at](db)
                db.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (f"ledger/{at + 1}",))


def _remove(copy: Path) -> None:
    for path in (copy, copy.with_name(copy.name + "-journal")):
        path.unlink(missing_ok=True)
