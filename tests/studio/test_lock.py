"""One writer per song, whatever stands in the lock's file and whoever may write it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from controlroom.model.errors import EnvironmentFault, SongBusyError
from controlroom.studio.lock import holding
from controlroom.studio.studio import Studio

NOBODY = 65534


def _excludes(folder: Path, wait_s: float = 0.0) -> str:
    with (
        holding(folder),
        pytest.raises(SongBusyError, match="is in use by process") as caught,
        holding(folder, wait_s),
    ):
        pass
    with holding(folder, 0.0):  # and it is free again
        pass
    assert caught.value.code == "song.busy"
    return caught.value.message


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"\x00" * 5000, b"SQLite format 3\x00" + b"\xff" * 200])
def test_garbage_in_the_lock_is_no_matter_and_stays(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / ".lock").write_bytes(garbage)
    assert f"in use by process {os.getpid()} (waited 0 s)" in _excludes(tmp_path)
    assert (tmp_path / ".lock").read_bytes() == garbage


@pytest.mark.parametrize("garbage", ["", "[1]", "7", '{"pid": null}', '{"pid": "\\u001b[31m"}', "\udcff"])
def test_garbage_beside_the_lock_names_nobody(tmp_path: Path, garbage: str) -> None:
    with holding(tmp_path):
        (tmp_path / ".lock.json").write_bytes(garbage.encode(errors="surrogateescape"))
        with pytest.raises(SongBusyError, match="by process unknown"), holding(tmp_path, 0.0):
            pass


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX here")
def test_a_lock_that_cant_be_written_excludes(tmp_path_factory: pytest.TempPathFactory) -> None:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp())
    (folder / ".lock").touch()
    (folder / ".lock").chmod(0o444)
    folder.chmod(0o777)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(NOBODY)
        assert not os.access(folder / ".lock", os.W_OK, effective_ids=True)
        _excludes(folder)
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


def test_a_lock_that_is_a_folder_or_a_link_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for number, make in enumerate((Path.mkdir, lambda path: path.symlink_to(elsewhere))):
        folder = tmp_path / str(number)
        folder.mkdir()
        make(folder / ".lock")
        with pytest.raises(EnvironmentFault, match=r"\.lock") as caught, holding(folder):
            pass
        assert caught.value.code in ("env.not-writable", "env.io-failed")
    assert not elsewhere.exists()


def test_a_link_beside_the_lock_is_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.txt"
    theirs.write_text("a person's own")
    (tmp_path / ".lock.json").symlink_to(theirs)
    with holding(tmp_path):
        pass
    assert theirs.read_text() == "a person's own"


def test_a_fault_inside_is_raised_as_it_is_and_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="inside"), holding(tmp_path):
        raise FileNotFoundError("inside")
    with holding(tmp_path, 0.0):
        assert json.loads((tmp_path / ".lock.json").read_text())["pid"] == os.getpid()
    assert not (tmp_path / ".lock.json").exists()


def test_a_thread_waits_for_another(tmp_path: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with holding(tmp_path):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    threading.Timer(0.1, leave.set).start()
    with holding(tmp_path, 10.0):
        assert leave.is_set()
    thread.join()


def test_a_song_with_garbage_in_its_lock_is_worked_on(studio: Studio, tmp_path: Path) -> None:
    song = studio.new(tmp_path / "song")
    (song / ".lock").write_bytes(b"garbage")
    mine = tmp_path / "mine.toml"
    mine.write_text('"loudness.ceiling_dbtp" = -1.5\n')
    assert studio.standards(song, set_from=mine).number("loudness.ceiling_dbtp") == -1.5
