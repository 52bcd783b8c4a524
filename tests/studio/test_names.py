"""Names as file systems have them: bytes that are no UTF-8, and letters of which 80 fill a name."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from controlroom.cli.__main__ import run
from controlroom.media.files import cut_name, write_bytes
from controlroom.model.base import text_of
from controlroom.model.errors import EnvironmentFault, SongError
from controlroom.studio import song as songs
from controlroom.studio.song import person
from controlroom.web.shelf import file_name

BYTES = "Bl\udcffm"
NAMES = {"bytes": BYTES, "235 letters": "a" * 235, "80 letters of three bytes": "夜" * 80, "250": "a" * 250}


@pytest.mark.parametrize(
    "name", [BYTES, pytest.param("夜" * 80, marks=pytest.mark.slow)], ids=["bytes", "80 letters"]
)
def test_a_take_of_any_name_is_finished_in_a_folder_of_any_name(
    name, take_file, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(take_file, f"{name}.wav")
    out = ["--out", BYTES] if name == BYTES else []
    assert run(["finish", f"{name}.wav", *out, "--policy", "hygiene", "--json"]) == 0
    finished = json.loads(capsys.readouterr().out)
    assert all(Path(master["path"]).is_file() for master in finished["masters"])
    root = Path(finished["song"])
    assert text_of(name[:60]) in (root / "report.html").read_text()
    for verb in ("history", "verify", "show"):
        assert run([verb, str(root)]) == 0
    assert text_of(f"{name}.wav") in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_words_and_files_of_any_name_come_in(name, take_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(take_file, f"{name}.wav")
    song = name[:235] if len(name) == 250 else name
    assert run(["new", song, "--title", name]) == 0
    assert run(["add", song, f"{name}.wav"]) == 0
    assert run(["note", song, "0:01", name]) == 0
    assert run(["do", song, "gain", "--knob", "gain_db=-1", "--reason", name]) == 0
    assert run(["samples", song, "--add", f"{name}.wav"]) == 3  # too long, and told so
    assert run(["history", song]) == 0
    assert text_of(name) in capsys.readouterr().out


def test_what_no_file_system_takes_is_told(tmp_path, capsys):
    for verb in (["new"], ["finish", "x.wav", "--out"], ["show"], ["verify"]):
        assert run([*verb, str(tmp_path / ("a" * 300))]) in (2, 3, 6)
        assert "[fault]" not in capsys.readouterr().err
    with pytest.raises(EnvironmentFault, match="300 bytes are too many") as refused:
        songs.SongFolder(tmp_path / ("a" * 300)).exists()
    assert refused.value.code == "env.name-too-long"


def test_a_file_is_no_folder_for_a_song(studio, tmp_path):
    (tmp_path / "song").write_text("mine")
    with pytest.raises(SongError, match="no folder") as refused:
        studio.new(tmp_path / "song")
    assert refused.value.code == "song.exists"
    assert (tmp_path / "song").read_text() == "mine"


@pytest.mark.parametrize("letter", ["a", "é", "夜", "💿"])
def test_a_file_may_have_the_longest_name_there_is(tmp_path, letter):
    name = letter * (255 // len(letter.encode()))
    write_bytes(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"
    cut = cut_name(name, 101)
    assert name.startswith(cut)
    assert 97 < len(cut.encode()) <= 101


def test_an_upload_of_any_name_is_short_enough(tmp_path):
    for name in ("夜" * 120 + ".wav", "a" * 300, "💿" * 90 + ".flac"):
        (tmp_path / file_name(name)).touch()


def test_nobody_knows_who_is_here(monkeypatch):
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(songs.getpass, "getuser", nobody)
    assert person() == "unknown"
    monkeypatch.setattr(songs.getpass, "getuser", lambda: BYTES)
    assert person() == "Bl\\xffm"


def test_an_archived_suffix_is_text_and_short():
    from controlroom.studio.importing import kept_suffix

    assert kept_suffix(Path("x.\udcff")) == ".\\xff"
    assert len(os.fsencode(f"original{kept_suffix(Path('x.' + 'w' * 250))}")) < 255
