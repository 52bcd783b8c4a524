"""What a stop left behind goes, or is brought to its end; what a person put there stays."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from controlroom.ledger import ledger as ledger_module
from controlroom.model.errors import EnvironmentFault, VerifyError
from controlroom.studio import settling
from controlroom.studio.lock import locked
from controlroom.studio.settling import OLD_S
from controlroom.studio.studio import Studio
from controlroom.web.errors import status_of

PART = ".take.wav.0123456789ab.part"


@pytest.fixture
def song(studio: Studio, tmp_path: Path) -> Path:
    return studio.new(tmp_path / "song")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text('"loudness.ceiling_dbtp" = -1.5\n')
    return tmp_path / "mine.toml"


def _write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_leftovers_go_with_the_next_writer_and_what_is_a_persons_stays(
    studio: Studio, song: Path, mine: Path
) -> None:
    ours = [
        _write(song / name)
        for name in (
            PART,
            f"takes/t-1/{PART}",
            f"renders/0001-00000000/{PART}",
            "ledger.sqlite.migrating",
            "ledger.sqlite.migrating-journal",
            "ledger.sqlite.creating",
            ".standards." + "0" * 64 + ".staged",
        )
    ]
    theirs = [
        _write(song / name)
        for name in (
            "take.part",
            ".take.part",
            ".take.wav.0123456789AB.part",
            "takes/ledger.sqlite.migrating",
            "ledger.sqlite.migrating.bak",
            ".standards.mine.staged",
            f".cache/console/{PART}",  # a preview writes here without the lock
        )
    ]
    old = _write(song / ".cache" / "console" / PART.replace("take", "old"))
    os.utime(old, (time.time() - 2 * OLD_S,) * 2)
    studio.show(song)
    assert all(path.exists() for path in (*ours, *theirs, old))  # who only reads sweeps nothing
    studio.standards(song, set_from=mine)
    assert not [path for path in (*ours, old) if path.exists()]
    assert all(path.exists() for path in theirs)


def _unmade(parent: Path, name: str, *files: str) -> Path:
    folder = parent / name
    for file in files:
        _write(folder / file)
    return folder


def test_a_song_whose_maker_died_goes_when_the_next_is_made(studio: Studio, tmp_path: Path) -> None:
    dead = _unmade(tmp_path, ".song.01234567.creating", ".lock", "song.toml", "ledger.sqlite.creating", PART)
    alive = _unmade(tmp_path, ".other.01234567.creating", ".lock", "song.toml")
    beginning = _unmade(tmp_path, ".begun.01234567.creating", "song.toml")
    forgotten = _unmade(tmp_path, ".long-ago.01234567.creating", "song.toml")
    os.utime(forgotten, (time.time() - 2 * OLD_S,) * 2)
    theirs = _unmade(tmp_path, ".mine.01234567.creating", ".lock", "notes.txt")
    with locked(alive):
        studio.new(tmp_path / "song")
    assert not dead.exists()
    assert not forgotten.exists()
    assert alive.exists()
    assert beginning.exists()
    assert (theirs / "notes.txt").exists()
    assert sorted(path.name for path in (tmp_path / "song").iterdir()) == [
        ".lock",
        "ledger.head",
        "ledger.sqlite",
        "song.toml",
        "standards.toml",
    ]


def test_a_link_that_is_named_like_ours_is_not_followed(studio: Studio, tmp_path: Path) -> None:
    theirs = _unmade(tmp_path / "elsewhere", "folder", ".lock", "song.toml")
    (tmp_path / ".song.01234567.creating").symlink_to(theirs)
    studio.new(tmp_path / "song")
    assert (theirs / "song.toml").exists()


class Killed(BaseException):
    """Stands for a kill: nothing after it runs but what Python unwinds."""


@pytest.mark.parametrize("entered", [True, False])
def test_a_stop_while_standards_are_set_leaves_the_old_or_the_new(
    studio: Studio, song: Path, mine: Path, monkeypatch: pytest.MonkeyPatch, entered: bool
) -> None:
    def die(*_: object) -> None:
        raise Killed

    before = (song / "standards.toml").read_bytes()
    with monkeypatch.context() as patch:
        if entered:
            patch.setattr(settling, "_put_in_place", die)
        else:
            patch.setattr(ledger_module, "_chained", die)
        with pytest.raises(Killed):
            studio.standards(song, set_from=mine)
    assert (song / "standards.toml").read_bytes() == before
    told = studio.verify(song).told
    assert bool(told) == entered
    assert all("the next verb that writes puts it in place" in line for line in told)
    studio.standards(song, set_from=_write_other(song.parent / "other.toml"))
    assert studio.standards(song).number("loudness.ceiling_dbtp") == (-1.5 if entered else -1.0)
    assert studio.verify(song).told == []
    assert not list(song.glob(".standards.*"))


def _write_other(path: Path) -> Path:
    path.write_text("loudness.tolerance_lu = 0.3\n")
    return path


def test_a_staged_set_that_was_changed_is_no_excuse(
    studio: Studio, song: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(settling, "_put_in_place", lambda *_: None)
        studio.standards(song, set_from=mine)
    staged = next(song.glob(".standards.*"))
    staged.write_text(staged.read_text().replace("value = -1.5", "value = -0.5"))
    with pytest.raises(VerifyError) as caught:
        studio.verify(song)
    assert caught.value.code == "verify.standards"


def test_a_full_disk_while_a_song_is_made_leaves_nothing_and_is_507_in_the_console(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ledger_module.connect

    def full(path: Path, *, read_only: bool) -> sqlite3.Connection:
        db = real(path, read_only=read_only)
        db.execute("PRAGMA max_page_count=2")
        return db

    monkeypatch.setattr(ledger_module, "connect", full)
    with pytest.raises(EnvironmentFault) as caught:
        studio.new(tmp_path / "song")
    assert caught.value.code == "env.disk-full"
    assert status_of(caught.value) == 507
    assert list(tmp_path.iterdir()) == []


def test_a_kill_while_a_song_is_made_leaves_what_the_next_one_sweeps(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_a, **_k: None)
        patch.setattr(ledger_module, "_chained", _die)
        with pytest.raises(Killed):
            studio.new(tmp_path / "song")
    assert [path.name.endswith(".creating") for path in tmp_path.iterdir()] == [True]
    studio.new(tmp_path / "song")
    assert [path.name for path in tmp_path.iterdir()] == ["song"]


def _die(*_: object) -> None:
    raise Killed
