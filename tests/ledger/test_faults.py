"""Why a ledger could not be written or read: SQLite names a kind, the system the cause."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from controlroom.ledger.faults import reading_fault, writing_fault


def not_opened(path: Path) -> sqlite3.Error:
    with pytest.raises(sqlite3.OperationalError, match="unable to open") as caught:
        sqlite3.connect(path / "no" / "folder")
    return caught.value


@pytest.mark.parametrize(
    "number, code",
    [
        (errno.ENOSPC, "env.disk-full"),
        (errno.EDQUOT, "env.disk-full"),
        (errno.EROFS, "env.not-writable"),
        (errno.EACCES, "env.not-writable"),
        (errno.EIO, "env.io-failed"),
    ],
)
def test_a_journal_that_could_not_be_made_is_told_by_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def refused(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    error = not_opened(tmp_path)
    monkeypatch.setattr(os, "open", refused)
    told = writing_fault(tmp_path / "ledger.sqlite", error)
    assert told.code == code
    assert str(tmp_path / "ledger.sqlite") in told.message


def test_where_a_file_can_be_made_the_ledger_alone_is_closed_and_nothing_is_left(tmp_path: Path) -> None:
    assert writing_fault(tmp_path / "ledger.sqlite", not_opened(tmp_path)).code == "env.not-writable"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_while_a_stopped_write_is_taken_back_is_no_damaged_ledger(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    told = reading_fault(tmp_path / "ledger.sqlite", error)
    assert told.code == "env.disk-full"
    assert "ledger.sqlite" in told.message
