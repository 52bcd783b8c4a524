from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from controlroom.media.files import atomic_write, inside, sha256_of, write_bytes, write_text
from controlroom.model.errors import EnvironmentFault, VerifyError


def test_a_file_is_written_whole_and_no_temporary_stays(tmp_path: Path) -> None:
    write_text(tmp_path / "a.toml", "größe = 1\n")
    assert (tmp_path / "a.toml").read_bytes() == "größe = 1\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.toml"]


def test_an_exception_keeps_what_was_there_before(tmp_path: Path) -> None:
    target = tmp_path / "song.wav"
    target.write_bytes(b"old")

    def half() -> None:
        with atomic_write(target) as part:
            part.write_bytes(b"ne")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        half()
    assert target.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_old_bytes_are_seen_until_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_bytes(b"old")
    with atomic_write(target) as part:
        part.write_bytes(b"new")
        assert part.parent == target.parent
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_the_mode_follows_the_umask_as_any_new_file_does(tmp_path: Path) -> None:
    write_bytes(tmp_path / "x", b"1")
    (tmp_path / "plain").write_bytes(b"1")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


@pytest.mark.parametrize(
    "number, code",
    [
        (errno.ENOSPC, "env.disk-full"),
        (errno.EDQUOT, "env.disk-full"),
        (errno.EACCES, "env.not-writable"),
        (errno.EROFS, "env.not-writable"),
        (errno.EIO, "env.io-failed"),
    ],
)
def test_what_the_system_says_is_said_in_the_houses_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    def fails(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(EnvironmentFault, match=r"master\.wav") as caught:
        write_bytes(tmp_path / "master.wav", b"sound")
    assert caught.value.code == code
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_has_its_own_code(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="folder does not exist") as caught:
        write_bytes(tmp_path / "no" / "x", b"")
    assert caught.value.code == "env.no-folder"


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(EnvironmentFault) as caught:
        write_bytes(tmp_path / "x", b"1")
    assert caught.value.code == "env.not-writable"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_the_file_and_its_folder_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def spy(handle: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", spy)
    write_bytes(tmp_path / "x", b"1")
    assert synced == ([False, True] if os.name == "posix" else [False])


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_digest_is_the_digest_of_all_bytes(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "x").write_bytes(data[:size])
    assert sha256_of(tmp_path / "x") == hashlib.sha256(data[:size]).hexdigest()


def test_a_stored_name_leads_below_its_root(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "song" / "renders").mkdir(parents=True)
    assert inside(tmp_path / "song", "renders/0001/a.wav") == tmp_path.resolve() / "song/renders/0001/a.wav"
    assert inside(tmp_path / "song", "renders/../x.wav") == tmp_path.resolve() / "song/x.wav"
    assert inside(tmp_path / "song", str(tmp_path / "song" / "x.wav")).name == "x.wav"


@pytest.mark.parametrize("name", ["..", ".", "", "../song", "../other/x", "/etc/passwd", "a/../../x", "a\0b"])
def test_a_stored_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "song").mkdir()
    with pytest.raises(VerifyError, match="does not lie inside") as caught:
        inside(tmp_path / "song", name)
    assert caught.value.code == "path.outside"


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "song").mkdir()
    (tmp_path / "song" / "renders").symlink_to(tmp_path)
    with pytest.raises(VerifyError, match="does not lie inside"):
        inside(tmp_path / "song", "renders/0001")
