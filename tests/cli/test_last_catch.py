"""The command line's last catch: a code and a reason, whatever breaks, and nothing but letters on the terminal."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from controlroom.cli.__main__ import run
from controlroom.studio.studio import Studio

CLEAR = "\x1b[2J\x1b]0;owned\x07\u202e"


@pytest.fixture
def breaking(monkeypatch):
    def breaks(error: BaseException) -> None:
        def policies(*_: object) -> None:
            raise error

        monkeypatch.setattr(Studio, "policies", policies)

    return breaks


def test_what_nobody_expected_has_a_code_and_keeps_its_traceback(breaking, capsys):
    breaking(ZeroDivisionError("by\x1b[2J nothing"))
    assert run(["policy"]) == 70
    err = capsys.readouterr().err
    assert "ZeroDivisionError: by\\x1b[2J nothing [fault]" in err
    assert "Traceback" not in err
    kept = next(word for word in err.split() if word.endswith("last-fault.txt;")).rstrip(";")
    assert "in policies" in Path(kept).read_text()


def test_a_traceback_is_shown_where_it_is_asked_for(breaking, capsys, monkeypatch):
    monkeypatch.setenv("CONTROLROOM_TRACEBACK", "1")
    breaking(ZeroDivisionError("x"))
    assert run(["policy"]) == 70
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error, exit_code, code",
    [
        (OSError(errno.ENOSPC, "No space left on device", "x"), 6, "env.disk-full"),
        (PermissionError(errno.EROFS, "Read-only file system", "x"), 6, "env.not-writable"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300), 6, "env.name-too-long"),
        (MemoryError(), 6, "env.memory"),
        (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"), 2, "usage.not-text"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_what_the_system_refuses_has_its_own_code(breaking, capsys, error, exit_code, code):
    breaking(error)
    assert run(["policy"]) == exit_code
    err = capsys.readouterr().err
    assert code in err
    assert "Traceback" not in err


def test_errors_of_the_call_have_the_one_shape_in_json(capsys):
    assert run(["show", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "usage.call"
    assert "controlroom show --help" in error["hint"]


def test_nothing_from_outside_reaches_the_terminal_raw(take_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LOGNAME", f"me{CLEAR}")
    named = take_file.rename(tmp_path / f"{CLEAR}[bold].wav")
    song = str(tmp_path / f"song{CLEAR}")
    assert run(["new", song, "--title", f"T{CLEAR}\nok  forged"]) == 0
    assert run(["add", song, str(named)]) == 0
    assert run(["note", song, "0:01", f"dry{CLEAR}\nok  forged"]) == 0
    assert run(["do", song, "gain", "--knob", "gain_db=-1", "--reason", f"why{CLEAR}\nok  forged"]) == 0
    for verb in (
        ["show", song],
        ["history", song],
        ["verify", song],
        ["stems", song],
        ["show", song, "--json"],
    ):
        assert run(verb) == 0
    assert run(["show", f"nowhere{CLEAR}"]) == 2
    assert run(["show", song, f"more{CLEAR}"]) == 2
    told = capsys.readouterr()
    assert not set(CLEAR) - set("[2J]0;owned") & set(told.out + told.err)
    assert "\\x1b[2J" in told.out
    assert not [line for line in told.out.splitlines() if line.startswith("ok  forged")]


@pytest.mark.parametrize(
    "towards, exit_code, said",
    [
        ("<&- >&- 2>&-", 0, ""),  # the caller's wish
        ("> /dev/full", 6, "[env.output]"),
        ("| head -c 1", 0, ""),  # a reader that left is no fault
    ],
)
def test_output_that_nobody_takes(towards, exit_code, said):
    line = f"set -o pipefail; {sys.executable} -m controlroom.cli policy {towards}"
    left = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert left.returncode == exit_code
    assert said in left.stderr
    assert bool(said) == bool(left.stderr)


def test_streams_that_were_closed_are_never_a_songs_file():
    """A file that gets number 1 is written into by whatever prints."""
    code = (
        "import os, sys; from controlroom.cli.__main__ import main;"
        "import controlroom.cli.__main__ as entry;"
        "entry.run = lambda *_: os.open('/dev/zero', os.O_RDONLY) + 100;"
        "main([])"
    )
    opened = subprocess.run(["bash", "-c", f'{sys.executable} -c "{code}" <&- >&- 2>&-'], check=False)
    assert opened.returncode > 102


def test_a_folder_that_went_away_is_named(tmp_path, capsys, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run(["new", "song"]) == 6
    assert "[env.no-here]" in capsys.readouterr().err


def test_a_stop_that_a_library_turned_into_something_else_is_a_stop(breaking, capsys):
    breaking(ImportError("initialization failed"))
    assert run(["policy"], lambda: True) == 130
    assert "stopped; the song is valid" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal here")
def test_a_stop_while_a_module_is_made_of_text_ends_with_its_code(tmp_path):
    """CPython would die of the signal where it passed through ``exec``, though it was caught."""
    script = (
        "import os, signal, controlroom.cli.__main__ as m\n"
        "m.run = lambda *_: exec('import os, signal; os.kill(os.getpid(), signal.SIGINT)')\n"
        "m.main([])\n"
    )
    (tmp_path / "stopped.py").write_text(script)
    left = subprocess.run(
        [sys.executable, "-m", "stopped"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert left.returncode == 130, left.stderr
