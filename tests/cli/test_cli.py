from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from controlroom.cli.__main__ import run
from controlroom.cli.parse import knobs, place, seconds
from controlroom.cli.present import clock
from controlroom.model.errors import UsageError

HEAVY = ("numpy", "scipy", "numba", "av", "onnxruntime", "matplotlib", "soundfile")


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from controlroom.cli.__main__ import run
assert run(["--help"]) == 0
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "finish" in done.stdout


def test_finish_prints_one_json_object(
    take_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["finish", str(take_file), "--out", str(tmp_path / "song"), "--policy", "hygiene", "--json"]) == 0
    )
    finished = json.loads(capsys.readouterr().out)
    assert Path(finished["song"]) == tmp_path / "song"
    assert {m["format"] for m in finished["masters"]} == {"wav24", "flac24", "mp3-320", "aac-256"}


def test_without_a_terminal_hygiene_answers_and_the_rest_waits(
    take_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["finish", str(take_file)]) == 0
    said = capsys.readouterr().out
    assert "draft" in said
    assert said.endswith("\nSong  take-controlroom\n")
    assert (tmp_path / "take-controlroom" / "report.html").is_file()


def test_a_whole_song_by_hand(take_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = str(tmp_path / "song")
    assert run(["new", song, "--title", "By Hand"]) == 0
    assert run(["add", song, str(take_file)]) == 0
    assert run(["listen", song]) == 0
    assert run(["note", song, "0:01-0:02.5", "too dry here"]) == 0
    assert run(["do", song, "fade", "--knob", "out_ms=500"]) == 0
    capsys.readouterr()
    assert run(["propose", song, "--json"]) == 0
    proposals = json.loads(capsys.readouterr().out)["proposals"]
    assert proposals
    assert run(["decide", song, proposals[0]["id"], "reject", "--reason", "no"]) == 0
    assert run(["audition", song, proposals[-1]["id"]]) == 0
    assert all(
        Path(line.split(maxsplit=1)[1]).is_file() for line in capsys.readouterr().out.splitlines()[-3:]
    )
    assert run(["render", song, "--json"]) == 0
    assert run(["show", song]) == 0
    assert run(["history", song]) == 0
    assert "By Hand" in capsys.readouterr().out
    assert run(["verify", song]) == 0
    assert run(["standards", song]) == 0
    assert run(["policy", "hygiene"]) == 0


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (["finish", "nowhere.mp3"], 3, "nowhere.mp3"),
        (["show", "nowhere"], 2, "nowhere"),
        (["policy", "greedy"], 2, "greedy"),
        (["finish"], 2, "take"),
        (["--nonsense"], 2, "nonsense"),
        (["standards", "--set", "nowhere.toml"], 2, "nowhere.toml"),
    ],
)
def test_errors_name_the_value_and_never_show_a_traceback(
    arguments: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == code
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_errors_in_json_have_one_shape(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["finish", "nowhere.mp3", "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert set(error) == {"code", "message", "hint", "exit_code"}
    assert error["code"] == "audio.missing"


def test_a_terminal_is_asked_by_group(
    take_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def answer(prompt: str, **_: object) -> str:
        asked.append(prompt)
        return "a"

    monkeypatch.setattr("typer.prompt", answer)
    assert run(["finish", str(take_file), "--out", str(tmp_path / "song"), "--ask", "--json"]) == 0
    out = capsys.readouterr().out
    finished = json.loads(out[out.index("\n{") :])
    assert finished["decisions"]["person"] > 0
    assert finished["decisions"]["policy"] == 0
    assert 1 <= len(asked) <= 7


@pytest.mark.parametrize("text, value", [("72.5", 72.5), ("1:12.5", 72.5), ("0:03", 3.0)])
def test_times_are_read_and_written(text: str, value: float) -> None:
    assert seconds(text) == value
    assert seconds(clock(value)) == value


@pytest.mark.parametrize("text", ["", "one", "1:2:3", "-4"])
def test_bad_times_are_named(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        seconds(text)


def test_places_and_knobs() -> None:
    assert place("1:00-1:10") == (60.0, 70.0)
    with pytest.raises(UsageError, match="ends before it starts"):
        place("2-1")
    assert knobs(["a=1.5", "b=on", "c=word"]) == {"a": 1.5, "b": True, "c": "word"}
    with pytest.raises(UsageError, match="'gain' is no knob"):
        knobs(["gain"])


def test_the_first_run_says_what_it_waits_for(
    take_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    assert run(["listen", str(take_file)]) == 0
    assert "compiling the signal kernels" in capsys.readouterr().err
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache" / "kernel").touch()
    assert run(["listen", str(take_file)]) == 0
    assert "compiling" not in capsys.readouterr().err
