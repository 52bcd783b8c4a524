from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.ledger.ledger import GENESIS, Ledger
from controlroom.ledger.migrations import migrate
from controlroom.model.errors import EnvironmentFault, LedgerError, SchemaTooNewError, SongError

AT = "2026-11-22T00:00:00+00:00"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger.create(tmp_path / "ledger.sqlite")
    made.append_all([("note", {"text": "one"}), ("note", {"text": "two"}), ("decision", {"n": 3})], AT)
    return made


def test_a_new_ledger_is_empty_and_whole(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "l.sqlite") as made:
        assert made.head.seq == 0
        assert made.head.hash == GENESIS
        assert made.verify() == made.head


def test_entries_come_back_in_order_and_by_kind(ledger: Ledger) -> None:
    assert [entry.body for entry in ledger.entries()] == [{"text": "one"}, {"text": "two"}, {"n": 3}]
    assert [entry.seq for entry in ledger.entries(["decision"])] == [3]
    assert [entry.seq for entry in ledger.entries(after=1)] == [2, 3]


@settings(max_examples=25, deadline=None)
@given(
    bodies=st.lists(
        st.dictionaries(
            st.text(max_size=5),
            st.one_of(
                st.text(),
                st.integers(-(2**53), 2**53),
                st.floats(allow_nan=False, allow_infinity=False),
                st.booleans(),
                st.none(),
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_json_survives_reopening_with_its_chain(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "l.sqlite"
    with Ledger.create(path) as made:
        for body in bodies:
            made.append("any", body, AT)
    with Ledger.open(path) as again:
        assert [entry.body for entry in again.entries()] == bodies


def test_the_table_refuses_change_and_removal(ledger: Ledger) -> None:
    db = sqlite3.connect(ledger.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("UPDATE entries SET body = '{}' WHERE seq = 1")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM entries WHERE seq = 1")
    db.close()


def _edit(path: Path, statement: str) -> None:
    db = sqlite3.connect(path)
    db.execute("DROP TRIGGER entries_are_never_changed")
    db.execute("DROP TRIGGER entries_are_never_removed")
    db.execute(statement)
    db.commit()
    db.close()


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE entries SET body = \'{"text":"other"}\' WHERE seq = 2',
        "UPDATE entries SET at = 'never' WHERE seq = 1",
        "UPDATE entries SET kind = 'decision' WHERE seq = 2",
        "DELETE FROM entries WHERE seq = 2",
        "UPDATE entries SET hash = upper(hash) WHERE seq = 3",
    ],
)
def test_an_edited_ledger_is_refused(ledger: Ledger, statement: str) -> None:
    ledger.close()
    _edit(ledger.path, statement)
    with pytest.raises(LedgerError, match=r"entry \d of .* is not what was written"):
        Ledger.open(ledger.path)


def test_a_cut_tail_is_seen_through_what_was_noted_beside_it(ledger: Ledger) -> None:
    ledger.close()
    _edit(ledger.path, "DELETE FROM entries WHERE seq = 3")
    with pytest.raises(LedgerError, match="entry 3, which the ledger no longer holds"):
        Ledger.open(ledger.path)


def test_a_manifest_names_a_head_that_must_still_be_there(ledger: Ledger) -> None:
    head = ledger.head
    ledger.require(head.seq, head.hash, "manifest")
    with pytest.raises(LedgerError, match="manifest was written under entry 4"):
        ledger.require(4, head.hash, "manifest")
    with pytest.raises(LedgerError, match="no longer holds"):
        ledger.require(2, head.hash, "manifest")


def test_an_anchor_that_lags_after_a_crash_is_no_fault(ledger: Ledger) -> None:
    old = ledger.anchor.read_text()
    ledger.append("note", {"text": "later"}, AT)
    ledger.anchor.write_text(old)
    ledger.close()
    with Ledger.open(ledger.path) as again:
        assert again.head.seq == 4


def test_a_newer_schema_is_refused_and_not_touched(ledger: Ledger) -> None:
    ledger.close()
    db = sqlite3.connect(ledger.path)
    db.execute("UPDATE meta SET value = 'ledger/99' WHERE name = 'schema'")
    db.commit()
    db.close()
    before = ledger.path.read_bytes()
    with pytest.raises(SchemaTooNewError, match="ledger/99 is newer"):
        Ledger.open(ledger.path)
    assert ledger.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\x00" + b"\x00" * 200])
def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "l.sqlite"
    path.write_bytes(content)
    with pytest.raises(SongError):
        Ledger.open(path)
    assert path.read_bytes() == content


def test_a_missing_ledger_and_an_existing_one_are_named(tmp_path: Path, ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        Ledger.open(tmp_path / "nothing.sqlite")
    with pytest.raises(LedgerError, match="already there"):
        Ledger.create(ledger.path)


def test_read_only_can_read_and_not_write(ledger: Ledger) -> None:
    ledger.close()
    with Ledger.open(ledger.path, read_only=True) as opened:
        assert opened.head.seq == 3
        with pytest.raises(EnvironmentFault, match="can't be written"):
            opened.append("note", {}, AT)


def test_a_batch_is_written_whole_or_not_at_all(ledger: Ledger) -> None:
    with pytest.raises(TypeError):
        ledger.append_all([("note", {"text": "good"}), ("note", {"text": object()})], AT)
    assert ledger.head.seq == 3
    assert ledger.append("note", {}, AT).seq == 4


def test_a_migration_runs_on_a_copy_and_a_failing_one_leaves_the_old_file(ledger: Ledger) -> None:
    ledger.close()
    before = ledger.path.read_bytes()

    def broken(_db: sqlite3.Connection) -> None:
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        migrate(ledger.path, 1, {1: broken}, to=2)
    assert ledger.path.read_bytes() == before
    assert list(ledger.path.parent.glob("*.migrating")) == []

    def adds_a_table(db: sqlite3.Connection) -> None:
        db.execute("CREATE TABLE extra (x)")

    migrate(ledger.path, 1, {1: adds_a_table}, to=2)
    db = sqlite3.connect(ledger.path)
    assert db.execute("SELECT value FROM meta").fetchone() == ("ledger/2",)
    assert db.execute("SELECT count(*) FROM entries").fetchone() == (3,)
    db.close()
