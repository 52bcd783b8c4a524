"""What is kept of earlier work: found again by content, and never trusted more than that."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from controlroom.engine.kept_files import KeptFiles
from controlroom.engine.notebook import Notebook
from controlroom.media.files import sha256_of
from controlroom.model.base import Record


class Fact(Record):
    value: float


def found_out(notes: Notebook, value: float, of: str = "a", what: str = "fact") -> float:
    return notes.recall(what, [of], Fact, lambda: Fact(value=value)).value


class TestNotes:
    def test_are_found_out_once_for_the_same_content(self, tmp_path: Path) -> None:
        assert found_out(Notebook(tmp_path), 1 / 3) == 1 / 3
        assert found_out(Notebook(tmp_path), 2.0) == 1 / 3
        assert found_out(Notebook(tmp_path), 2.0, of="b") == 2.0
        assert found_out(Notebook(tmp_path), 3.0, what="other") == 3.0

    @pytest.mark.parametrize("value", [math.inf, -math.inf, 1e-300, 0.1 + 0.2])
    def test_keep_a_number_as_it_is(self, tmp_path: Path, value: float) -> None:
        found_out(Notebook(tmp_path), value)
        assert found_out(Notebook(tmp_path), 9.0) == value

    def test_of_another_environment_are_not_used(self, tmp_path: Path) -> None:
        found_out(Notebook(tmp_path, made_by="numpy1"), 1.0)
        assert found_out(Notebook(tmp_path, made_by="numpy2"), 2.0) == 2.0

    @pytest.mark.parametrize("text", ["", '{"value": "x"}', "[]", '{"value":', "{}"])
    def test_that_cannot_be_read_are_made_anew(self, tmp_path: Path, text: str) -> None:
        found_out(Notebook(tmp_path), 1.0)
        (path,) = tmp_path.glob("*.json")
        path.write_text(text, encoding="utf-8")
        assert found_out(Notebook(tmp_path), 2.0) == 2.0
        assert found_out(Notebook(tmp_path), 3.0) == 2.0

    def test_are_bounded_and_the_oldest_go(self, tmp_path: Path) -> None:
        for n in range(4):
            found_out(Notebook(tmp_path, limit_bytes=30), float(n), of=str(n))
            for path in tmp_path.glob("*.json"):
                os.utime(path, (path.stat().st_mtime - 10,) * 2)
        assert len(list(tmp_path.glob("*.json"))) == 2
        assert found_out(Notebook(tmp_path), 9.0, of="3") == 3.0

    def test_without_a_place_are_found_out_each_time(self, tmp_path: Path) -> None:
        assert [found_out(Notebook(), value) for value in (1.0, 2.0)] == [1.0, 2.0]
        blocked = tmp_path / "file"
        blocked.write_text("", encoding="utf-8")
        assert [found_out(Notebook(blocked / "x"), value) for value in (1.0, 2.0)] == [1.0, 2.0]


class TestFiles:
    @pytest.fixture
    def made(self, tmp_path: Path) -> Path:
        path = tmp_path / "made.flac"
        path.write_bytes(b"sound" * 100)
        return path

    def test_are_brought_back_byte_for_byte(self, tmp_path: Path, made: Path) -> None:
        kept = KeptFiles(tmp_path / "kept")
        kept.put("k", made, sha256_of(made))
        assert KeptFiles(tmp_path / "kept").bring("k", tmp_path / "again.flac") == sha256_of(made)
        assert (tmp_path / "again.flac").read_bytes() == made.read_bytes()
        assert kept.bring("other", tmp_path / "none.flac") is None
        assert kept.bring("k", tmp_path / "none.mp3") is None

    def test_outlive_the_name_that_they_were_made_under(self, tmp_path: Path, made: Path) -> None:
        kept, data, digest = KeptFiles(tmp_path / "kept"), made.read_bytes(), sha256_of(made)
        kept.put("k", made, digest)
        made.unlink()
        assert kept.bring("k", made) == digest
        assert made.read_bytes() == data

    def test_that_somebody_changed_in_place_are_not_used_and_theirs_stays(
        self, tmp_path: Path, made: Path
    ) -> None:
        kept = KeptFiles(tmp_path / "kept")
        kept.put("k", made, sha256_of(made))
        with made.open("r+b") as file:
            file.write(b"tag")
        assert kept.bring("k", tmp_path / "again.flac") is None
        assert not (tmp_path / "again.flac").exists()
        assert made.read_bytes().startswith(b"tag")

    def test_are_copied_where_a_file_has_one_name_only(
        self, tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def one_name(*_: object) -> None:
            raise OSError(95, "not supported")

        monkeypatch.setattr(os, "link", one_name)
        kept = KeptFiles(tmp_path / "kept")
        kept.put("k", made, sha256_of(made))
        assert kept.bring("k", tmp_path / "again.flac") == sha256_of(made)
        assert made.stat().st_nlink == (tmp_path / "again.flac").stat().st_nlink == 1

    def test_are_bounded_and_the_oldest_go(self, tmp_path: Path, made: Path) -> None:
        kept = KeptFiles(tmp_path / "kept", limit_bytes=1100)
        for n in range(4):
            path = tmp_path / f"{n}.flac"
            path.write_bytes(bytes([n]) * 500)
            kept.put(f"k{n}", path, sha256_of(path))
            for old in (tmp_path / "kept").iterdir():
                os.utime(old, (old.stat().st_mtime - 10,) * 2)
        there = sorted(path.name.split(".")[0] for path in (tmp_path / "kept").iterdir())
        assert there == ["k2", "k3"]

    def test_are_not_kept_where_nothing_can_be(self, tmp_path: Path, made: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        kept = KeptFiles(tmp_path / "file" / "kept")
        kept.put("k", made, sha256_of(made))
        assert kept.bring("k", tmp_path / "again.flac") is None
