"""The memory of a song: entries that are only ever appended, each chained to the last.

An entry's hash is the SHA-256 of its canonical content and the hash before it,
so an edited, removed or reordered entry breaks the chain. A tail that was cut
off leaves the chain whole; it is seen through what was written elsewhere under
a later head (see ``require``): the manifests, and ``ledger.head`` beside the file.

SQLite on local disk, rollback journal, ``synchronous=EXTRA``: an append that
returned is on the disk.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from controlroom.ledger.migrations import SCHEMA_NUMBER, migrate
from controlroom.media.files import write_text
from controlroom.model.base import canonical_json, check_schema, digest_text
from controlroom.model.errors import EnvironmentFault, LedgerError

GENESIS = "0" * 64
BUSY_S = 5.0

_CREATE = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
);
CREATE INDEX entries_by_kind ON entries (kind, seq);
CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entries_are_never_removed BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its place, time, kind, body, and its links in the chain."""

    seq: int
    at: str
    kind: str
    body: dict[str, Any]
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry's place and hash; 0 and zeros when there is none."""

    seq: int
    hash: str


class Ledger:
    """An open ledger. Use ``create`` or ``open``, and ``close`` it.

    Raises
    ------
    LedgerError
        When the file is no ledger, or its chain does not hold.
    SchemaTooNewError
        When a newer Control Room wrote it; the file is not changed.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self.path = path

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new, empty ledger at ``path``, which must not exist."""
        if path.exists():
            raise LedgerError("ledger.exists", f"{path} is already there", "open it instead")
        half = path.with_name(path.name + ".creating")
        half.unlink(missing_ok=True)
        db = _connect(half, read_only=False)
        db.executescript(f"BEGIN; {_CREATE} COMMIT;")
        db.execute("INSERT INTO meta VALUES ('schema', ?)", (f"ledger/{SCHEMA_NUMBER}",))
        db.close()
        half.rename(path)
        return cls(_connect(path, read_only=False), path)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open a ledger, check its schema, migrate it on a copy if it is old, check its chain."""
        if not path.is_file():
            raise LedgerError("ledger.missing", f"there is no ledger at {path}", "restore it from a copy")
        number = _schema_of(path)
        if number < SCHEMA_NUMBER and not read_only:
            migrate(path, number)
        opened = cls(_connect(path, read_only=read_only), path)
        try:
            opened.verify()
            opened.check_anchor()
        except BaseException:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def head(self) -> Head:
        """The last entry's place and hash."""
        row = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(int(row[0]), str(row[1])) if row else Head(0, GENESIS)

    def append(self, kind: str, body: dict[str, Any], at: str) -> Entry:
        """Append one entry; when this returns, it is on the disk."""
        return self.append_all([(kind, body)], at)[0]

    def append_all(self, items: Sequence[tuple[str, dict[str, Any]]], at: str) -> list[Entry]:
        """Append entries in one transaction: all of them, or none."""
        entries: list[Entry] = []
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                head = self.head
                for kind, body in items:
                    entry = _chained(head, at, kind, body)
                    self._db.execute(
                        "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                        (entry.seq, at, kind, canonical_json(body, strict=True), entry.prev, entry.hash),
                    )
                    entries.append(entry)
                    head = Head(entry.seq, entry.hash)
        except sqlite3.Error as error:
            raise _fault(self.path, error) from error
        if entries:
            self._anchor(Head(entries[-1].seq, entries[-1].hash))
        return entries

    @property
    def anchor(self) -> Path:
        """The small file beside the ledger that holds a head it once had."""
        return self.path.with_name("ledger.head")

    def _anchor(self, head: Head) -> None:
        """Note the head apart from the ledger. It may lag after a crash, never lead."""
        with suppress(EnvironmentFault):
            write_text(self.anchor, json.dumps({"seq": head.seq, "hash": head.hash}, allow_nan=False))

    def check_anchor(self) -> None:
        """Check that the ledger still holds the head that was noted beside it.

        Raises
        ------
        LedgerError
            When its end is missing.
        """
        if not self.anchor.is_file():
            return
        try:
            noted = json.loads(self.anchor.read_text())
            seq, digest = int(noted["seq"]), str(noted["hash"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LedgerError(
                "ledger.bad-head", f"{self.anchor} can't be read: {error}", "restore it from a copy"
            ) from error
        self.require(seq, digest, str(self.anchor))

    def entries(self, kinds: Iterable[str] = (), after: int = 0) -> Iterator[Entry]:
        """Yield entries in order, of some kinds or of all, after a place."""
        wanted = tuple(kinds)
        query = "SELECT seq, at, kind, body, prev, hash FROM entries WHERE seq > ?"
        if wanted:
            query += f" AND kind IN ({','.join('?' * len(wanted))})"
        for row in self._db.execute(query + " ORDER BY seq", (after, *wanted)):
            yield Entry(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5])

    def verify(self) -> Head:
        """Walk the whole chain and return its head.

        Raises
        ------
        LedgerError
            Naming the first entry that does not follow from the one before.
        """
        head = Head(0, GENESIS)
        try:
            for entry in self.entries():
                expected = _chained(head, entry.at, entry.kind, entry.body)
                if expected != entry:
                    raise LedgerError(
                        "ledger.broken",
                        f"entry {entry.seq} of {self.path} is not what was written",
                        "the ledger was changed by hand or damaged; restore it from a copy",
                    )
                head = Head(entry.seq, entry.hash)
        except (sqlite3.DatabaseError, json.JSONDecodeError) as error:
            raise LedgerError(
                "ledger.unreadable", f"{self.path} can't be read: {error}", "restore it from a copy"
            ) from error
        return head

    def require(self, seq: int, digest: str, where: str) -> None:
        """Check that the ledger still holds the head that a manifest names.

        Raises
        ------
        LedgerError
            When the entry is missing (a cut tail) or another.
        """
        row = self._db.execute("SELECT hash FROM entries WHERE seq = ?", (seq,)).fetchone()
        if seq > 0 and (row is None or row[0] != digest):
            raise LedgerError(
                "ledger.cut",
                f"{where} was written under entry {seq}, which the ledger no longer holds",
                "the end of the ledger is missing; restore it from a copy",
            )


def _chained(head: Head, at: str, kind: str, body: dict[str, Any]) -> Entry:
    seq = head.seq + 1
    digest = digest_text(canonical_json([seq, at, kind, body, head.hash]))
    return Entry(seq, at, kind, json.loads(canonical_json(body)), head.hash, digest)


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rwc"
    try:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_S, isolation_level=None
        )
        if not read_only:
            db.execute("PRAGMA journal_mode=DELETE")
            db.execute("PRAGMA synchronous=EXTRA")
    except sqlite3.Error as error:
        raise _fault(path, error) from error
    return db


def _schema_of(path: Path) -> int:
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
        try:
            row = db.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
        finally:
            db.close()
    except sqlite3.Error as error:
        raise LedgerError(
            "ledger.unreadable", f"{path} can't be read: {error}", "restore it from a copy"
        ) from error
    given = str(row[0]) if row else ""
    check_schema(given, "ledger", SCHEMA_NUMBER)
    return int(given.partition("/")[2])


def _fault(path: Path, error: sqlite3.Error) -> EnvironmentFault:
    text = str(error)
    if "full" in text:
        return EnvironmentFault(
            "env.disk-full", f"the disk is full while writing {path}", "free some space; nothing was changed"
        )
    if "readonly" in text or "unable to open" in text:
        return EnvironmentFault(
            "env.not-writable", f"{path} can't be written", "check the permissions of the song's folder"
        )
    return EnvironmentFault("env.ledger-io", f"{path}: {text}", "check the disk; the entry was not written")
