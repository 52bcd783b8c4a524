"""The memory of a song: entries that are only ever appended, each chained to the last.

An entry's hash is the SHA-256 of its canonical content and the hash before it,
so an edited, removed or reordered entry breaks the chain. A tail that was cut
off leaves the chain whole; it is seen through what was written elsewhere under
a later head (see ``require``): the manifests, and ``ledger.head`` beside the file.
Each head is signed (see ``signatures``), so that a chain which somebody else
wrote anew is told from the person's own.

SQLite on local disk, rollback journal, ``synchronous=EXTRA``: an append that
returned is on the disk. One that was killed half way leaves a journal, which the
next opening rolls back, whatever it opens for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from controlroom.ledger.connections import connect, remove, schema_of
from controlroom.ledger.faults import reading_fault, writing_fault
from controlroom.ledger.keys import Key
from controlroom.ledger.migrations import SCHEMA_NUMBER, SIGNATURES, migrate
from controlroom.ledger.signatures import (
    SIGNER_SET,
    Signature,
    Stretch,
    check_signatures,
    head_text,
    signer_entry,
    stretches,
    stripped,
)
from controlroom.media.files import environment_fault, write_text
from controlroom.model.base import canonical_json, digest_text
from controlroom.model.errors import EnvironmentFault, LedgerError

GENESIS = "0" * 64

Signer = Callable[[], Key | None]
"""Returns the key that signs; asked at the first append, for a key takes time to read."""

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

    def __init__(self, connection: sqlite3.Connection, path: Path, signer: Signer | None = None) -> None:
        self._db = connection
        self.path = path
        self.rolled_back = False
        self._signer = signer
        self._key: Key | None = None

    @classmethod
    def create(cls, path: Path, signer: Signer | None = None) -> Self:
        """Make a new, empty ledger at ``path``, which must not exist."""
        if path.exists():
            raise LedgerError("ledger.exists", f"{path} is already there", "open it instead")
        half = path.with_name(path.name + ".creating")
        try:
            remove(half)
            with closing(connect(half, read_only=False)) as db:
                db.executescript(f"BEGIN; {_CREATE} {SIGNATURES}")
                db.execute("INSERT INTO meta VALUES ('schema', ?)", (f"ledger/{SCHEMA_NUMBER}",))
                db.execute("COMMIT")
            half.rename(path)
        except sqlite3.Error as error:
            raise writing_fault(path, error) from error
        except OSError as error:
            raise environment_fault(error, path) from error
        finally:
            with suppress(OSError):
                remove(half)
        return cls(connect(path, read_only=False), path, signer)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, signer: Signer | None = None) -> Self:
        """Open a ledger, check its schema, migrate it on a copy if it is old, check its chain.

        A write that was stopped half way is taken back first, and ``rolled_back``
        says so.
        """
        if not path.is_file():
            raise LedgerError("ledger.missing", f"there is no ledger at {path}", "restore it from a copy")
        number, rolled_back = schema_of(path)
        if number < SCHEMA_NUMBER and not read_only:
            migrate(path, number)
        opened = cls(connect(path, read_only=read_only), path, signer)
        opened.rolled_back = rolled_back
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
        row = self._one("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1")
        return Head(int(row[0]), str(row[1])) if row else Head(0, GENESIS)

    def append(self, kind: str, body: dict[str, Any], at: str) -> Entry:
        """Append one entry; when this returns, it is on the disk."""
        return self.append_all([(kind, body)], at)[0]

    def append_all(self, items: Sequence[tuple[str, dict[str, Any]]], at: str) -> list[Entry]:
        """Append entries in one transaction and sign the new head: all of it, or none."""
        if not items:
            return []
        key = self._own_key()
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                entries = self._insert(self._with_signer(items, key), at)
                signed = self._sign(entries[-1], key) if key else None
        except sqlite3.Error as error:
            raise writing_fault(self.path, error) from error
        self._anchor(Head(entries[-1].seq, entries[-1].hash), signed)
        return entries[-len(items) :]

    def _own_key(self) -> Key | None:
        if self._key is None and self._signer is not None:
            self._key = self._signer()
        return self._key

    def _with_signer(
        self, items: Sequence[tuple[str, dict[str, Any]]], key: Key | None
    ) -> list[tuple[str, dict[str, Any]]]:
        """Say first who signs from here on, where that changes."""
        row = self._one("SELECT body FROM entries WHERE kind = ? ORDER BY seq DESC LIMIT 1", SIGNER_SET)
        before = str(json.loads(row[0])["key"]) if row else ""
        now = key.public if key else ""
        return [*([signer_entry(now)] if now != before else []), *items]

    def _sign(self, last: Entry, key: Key) -> Signature:
        signed = Signature(last.seq, key.public, key.sign(head_text(last.seq, last.hash)))
        row = (signed.seq, signed.key, signed.signature)
        self._db.execute("INSERT INTO signatures VALUES (?, ?, ?)", row)
        return signed

    def _insert(self, items: Sequence[tuple[str, dict[str, Any]]], at: str) -> list[Entry]:
        entries: list[Entry] = []
        head = self.head
        for kind, body in items:
            entry = _chained(head, at, kind, body)
            self._db.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                (entry.seq, at, kind, canonical_json(body, strict=True), entry.prev, entry.hash),
            )
            entries.append(entry)
            head = Head(entry.seq, entry.hash)
        return entries

    @property
    def anchor(self) -> Path:
        """The small file beside the ledger that holds a head it once had."""
        return self.path.with_name("ledger.head")

    def _anchor(self, head: Head, signed: Signature | None) -> None:
        """Note the head apart from the ledger. It may lag after a crash, never lead."""
        named = {"key": signed.key, "signature": signed.signature} if signed else {}
        with suppress(EnvironmentFault):
            write_text(
                self.anchor, json.dumps({"seq": head.seq, "hash": head.hash, **named}, allow_nan=False)
            )

    def signature_of(self, seq: int) -> Signature | None:
        """Return the signature of the head at a place; None where it bears none."""
        query = "SELECT seq, key, signature FROM signatures WHERE seq = ?"
        return next(self._signatures(query, seq), None)

    def signatures(self) -> list[Signature]:
        """Return every signature, in order; none in a ledger of before."""
        return list(self._signatures("SELECT seq, key, signature FROM signatures ORDER BY seq"))

    def _signatures(self, query: str, *values: object) -> Iterator[Signature]:
        if self._one("SELECT 1 FROM sqlite_master WHERE name = 'signatures'"):
            for row in self._rows(query, *values):
                yield Signature(*row)

    def require_signature(self, seq: int, key: str, signature: str, where: str) -> None:
        """Check that the ledger still holds the signature that a manifest names; an empty key names none.

        Raises
        ------
        LedgerError
            ``ledger.stripped``.
        """
        if key and self.signature_of(seq) != Signature(seq, key, signature):
            raise stripped(seq, key, where)

    def check_signatures(self) -> list[Stretch]:
        """Check who signed what; see ``signatures`` for what that proves.

        Raises
        ------
        LedgerError
            ``ledger.cut``, ``ledger.rewritten`` or ``ledger.stripped``.
        """
        hashes = {int(seq): str(digest) for seq, digest in self._rows("SELECT seq, hash FROM entries")}
        named = [(entry.seq, str(entry.body["key"])) for entry in self.entries([SIGNER_SET])]
        parts = stretches(named, self.head.seq)
        check_signatures(self.signatures(), hashes, parts, str(self.path))
        self._check_anchored_signature()
        return parts

    def _check_anchored_signature(self) -> None:
        if self.anchor.is_file():
            noted = json.loads(self.anchor.read_text(encoding="utf-8"))
            self.require_signature(
                int(noted["seq"]),
                str(noted.get("key", "")),
                str(noted.get("signature", "")),
                str(self.anchor),
            )

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
        for row in self._rows(query + " ORDER BY seq", after, *wanted):
            yield Entry(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5])

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        return next(self._rows(query, *values), None)

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._db.execute(query, values)
        except sqlite3.Error as error:
            raise reading_fault(self.path, error) from error

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
        except json.JSONDecodeError as error:
            raise reading_fault(self.path, error) from error
        return head

    def require(self, seq: int, digest: str, where: str) -> None:
        """Check that the ledger still holds the head that a manifest names.

        Raises
        ------
        LedgerError
            When the entry is missing (a cut tail) or another.
        """
        row = self._one("SELECT hash FROM entries WHERE seq = ?", seq)
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
