"""Migrations of the ledger's schema: forward only, on a copy, then swapped in."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

SCHEMA_NUMBER = 1

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: Mapping[int, Migration] = {}
"""From a schema number to the function that brings it to the next."""


def migrate(
    path: Path, number: int, steps: Mapping[int, Migration] = MIGRATIONS, to: int = SCHEMA_NUMBER
) -> None:
    """Bring a ledger forward on a copy; the original stays until the copy is whole."""
    copy = path.with_name(path.name + ".migrating")
    shutil.copyfile(path, copy)
    db = sqlite3.connect(copy)
    try:
        for at in range(number, to):
            with db:
                steps[at](db)
                db.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (f"ledger/{at + 1}",))
    except BaseException:
        db.close()
        copy.unlink(missing_ok=True)
        raise
    db.close()
    with copy.open("rb") as handle:
        os.fsync(handle.fileno())
    copy.replace(path)
