from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from controlroom.ledger import ledger as module
from controlroom.ledger.keys import Key
from controlroom.ledger.ledger import GENESIS, Head, Ledger, _chained
from controlroom.ledger.signatures import Stretch, head_text
from controlroom.model.base import canonical_json
from controlroom.model.errors import EnvironmentFault, LedgerError

AT = "2026-11-22T00:00:00+00:00"


def _key(seed: int) -> Key:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = bytes([seed]) * 32
    return Key(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex(), secret)


OURS, THEIRS = _key(1), _key(2)


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """Return a ledger of two appends, one of two entries; entry 1 says who signs."""
    with Ledger.create(tmp_path / "ledger.sqlite", lambda: OURS) as made:
        made.append("note", {"text": "one"}, AT)
        made.append_all([("note", {"text": "two"}), ("note", {"text": "three"})], AT)
    return tmp_path / "ledger.sqlite"


def test_each_append_signs_its_head(signed: Path) -> None:
    with Ledger.open(signed) as opened:
        assert [entry.kind for entry in opened.entries()] == ["signer.set", "note", "note", "note"]
        assert [(one.seq, one.key) for one in opened.signatures()] == [(2, OURS.public), (4, OURS.public)]
        assert opened.check_signatures() == [Stretch(OURS.public, 1, 4)]
        noted = json.loads(opened.anchor.read_text())
        assert (noted["key"], noted["signature"]) == (OURS.public, opened.signatures()[-1].signature)


def test_an_append_returns_what_was_asked_for(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "l.sqlite", lambda: OURS) as made:
        assert made.append("note", {"text": "one"}, AT).seq == 2
        assert made.append_all([], AT) == []
        assert made.head.seq == 2


def test_who_signs_is_entered_when_it_changes(signed: Path) -> None:
    for signer in (lambda: THEIRS, lambda: None, lambda: None, lambda: OURS):
        with Ledger.open(signed, signer=signer) as opened:
            opened.append("note", {}, AT)
    with Ledger.open(signed, read_only=True) as opened:
        assert opened.check_signatures() == [
            Stretch(OURS.public, 1, 4),
            Stretch(THEIRS.public, 5, 6),
            Stretch("", 7, 9),
            Stretch(OURS.public, 10, 11),
        ]


def test_a_signature_is_written_with_its_entries_or_neither_is(
    signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(signed, signer=lambda: OURS) as opened:
        monkeypatch.setattr(Key, "sign", lambda _self, _text: None)
        with pytest.raises(EnvironmentFault, match="NOT NULL"):
            opened.append("note", {}, AT)
        assert opened.head.seq == 4


def test_the_table_refuses_change_and_removal(signed: Path) -> None:
    with closing(sqlite3.connect(signed)) as db:
        for statement in ("UPDATE signatures SET key = ''", "DELETE FROM signatures"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(statement)


def _attack(path: Path, *statements: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        db.execute(statement)
    return db


def _hash_anew(path: Path, db: sqlite3.Connection) -> None:
    """Write the chain anew, and the head file, as somebody without the key can."""
    head = Head(0, GENESIS)
    for seq, at, kind, body in db.execute("SELECT seq, at, kind, body FROM entries ORDER BY seq").fetchall():
        entry = _chained(head, at, kind, json.loads(body))
        db.execute(
            "UPDATE entries SET seq = ?, prev = ?, hash = ? WHERE seq = ?",
            (entry.seq, entry.prev, entry.hash, seq),
        )
        head = Head(entry.seq, entry.hash)
    path.with_name("ledger.head").write_text(json.dumps({"seq": head.seq, "hash": head.hash}))


CHANGE = 'UPDATE entries SET body = \'{"text":"other"}\' WHERE seq = 3'


def test_a_chain_written_anew_is_told_from_what_was_signed(signed: Path) -> None:
    with closing(_attack(signed, CHANGE)) as db:
        _hash_anew(signed, db)
    with (
        Ledger.open(signed) as opened,
        pytest.raises(LedgerError, match=r"entry 4 of .* is not what") as caught,
    ):
        opened.check_signatures()
    assert caught.value.code == "ledger.rewritten"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM signatures",
        "DELETE FROM signatures WHERE seq = 4",
        "DROP TABLE signatures",
        f"UPDATE signatures SET key = '{THEIRS.public}', signature = 'mine' WHERE seq = 4",
    ],
)
@pytest.mark.parametrize("schema", ["ledger/1", "ledger/2"])
def test_signatures_that_were_taken_off_are_missed(signed: Path, statement: str, schema: str) -> None:
    _attack(signed, statement, f"UPDATE meta SET value = '{schema}'").close()
    signed.with_name("ledger.head").unlink()
    with Ledger.open(signed, read_only=True) as opened, pytest.raises(LedgerError) as caught:
        opened.check_signatures()
    assert caught.value.code in ("ledger.stripped", "ledger.rewritten")


def test_a_strangers_signature_in_our_stretch_is_seen(signed: Path) -> None:
    with Ledger.open(signed) as opened:
        theirs = THEIRS.sign(head_text(4, opened.head.hash))
    _attack(
        signed, f"UPDATE signatures SET key = '{THEIRS.public}', signature = '{theirs}' WHERE seq = 4"
    ).close()
    with Ledger.open(signed) as opened, pytest.raises(LedgerError, match=f"by {OURS.public[:16]}") as caught:
        opened.check_signatures()
    assert caught.value.code == "ledger.stripped"


def test_a_chain_written_anew_and_stripped_is_seen_through_what_a_manifest_names(signed: Path) -> None:
    with Ledger.open(signed) as opened:
        head, signature = opened.head, opened.signatures()[-1]
        opened.require_signature(4, signature.key, signature.signature, "manifest")
        opened.require_signature(3, "", "", "manifest of an unsigned head")
    with closing(_attack(signed, "DELETE FROM signatures", "DELETE FROM entries WHERE seq = 1")) as db:
        _hash_anew(signed, db)
    with Ledger.open(signed) as opened:
        assert opened.check_signatures() == [Stretch("", 1, 3)]  # it reads as unsigned, never as ours
        with pytest.raises(LedgerError, match="no longer holds"):
            opened.require(head.seq, head.hash, "manifest")
        with pytest.raises(LedgerError, match="as manifest says") as caught:
            opened.require_signature(4, signature.key, signature.signature, "manifest")
    assert caught.value.code == "ledger.stripped"


def test_a_cut_tail_is_seen_through_the_signature_that_was_left(signed: Path) -> None:
    _attack(signed, "DELETE FROM entries WHERE seq = 4").close()
    signed.with_name("ledger.head").unlink()
    with Ledger.open(signed) as opened, pytest.raises(LedgerError, match="signature of entry 4") as caught:
        opened.check_signatures()
    assert caught.value.code == "ledger.cut"


def test_the_head_file_names_a_signature_that_must_be_there(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger.sqlite") as made:
        made.append("note", {}, AT)
        noted = json.loads(made.anchor.read_text())
        made.anchor.write_text(json.dumps({**noted, "key": OURS.public, "signature": "ab"}))
        with pytest.raises(LedgerError) as caught:
            made.check_signatures()
    assert caught.value.code == "ledger.stripped"


def test_a_ledger_of_before_says_that_it_is_unsigned(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger.sqlite") as made:
        assert made.check_signatures() == []
        made.append("note", {}, AT)
        assert made.check_signatures() == [Stretch("", 1, 1)]
    with Ledger.open(tmp_path / "ledger.sqlite", signer=lambda: OURS) as opened:
        opened.append("note", {}, AT)
        assert opened.check_signatures() == [Stretch("", 1, 1), Stretch(OURS.public, 2, 3)]


def test_a_full_disk_while_it_is_made_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.connect

    def full(path: Path, *, read_only: bool) -> sqlite3.Connection:
        db = real(path, read_only=read_only)
        db.execute("PRAGMA max_page_count=2")
        return db

    monkeypatch.setattr(module, "connect", full)
    with pytest.raises(EnvironmentFault, match="the disk is full while writing") as caught:
        Ledger.create(tmp_path / "ledger.sqlite")
    assert caught.value.code == "env.disk-full"
    assert list(tmp_path.iterdir()) == []


def test_canonical_text_of_a_head_is_pinned() -> None:
    assert (
        head_text(3, "ab")
        == canonical_json(["controlroom-head/1", 3, "ab"])
        == '["controlroom-head/1",3,"ab"]'
    )
