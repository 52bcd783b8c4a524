"""What a child of the warm process does: command lines, or the console."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import re
import socket
import sqlite3
import stat
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from lab.faults.place import Place

FAULT = 70


def commands(place: Place, lines: Sequence[Sequence[str]], begin: int = 0) -> int:
    """Run command lines one after another, and write down each that was acknowledged; stop at the first that fails."""
    for index, words in enumerate(lines[begin:], begin):
        code, told = command(words)
        held = heads(place.songs) if code == 0 else {}
        acknowledge(place, {"line": index, "code": code, "error": told, "heads": held})
        if code != 0:
            return code
    return 0


def command(words: Sequence[str]) -> tuple[int, str]:
    """Run one command line in this process; return its exit code and its error's code."""
    from controlroom.cli.__main__ import run

    said = io.StringIO()
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(said):
            code = run(list(words))
    except Exception:  # noqa: BLE001 -- a traceback is a fault of the house, and is to be told as one
        traceback.print_exc()
        return FAULT, "traceback"
    return code, error_code(said.getvalue())


def error_code(text: str) -> str:
    """Return the code of the error that a command line told."""
    if "Traceback" in text:
        return "traceback"
    found = re.search(r"\[([a-z0-9.-]+)\]\s*$", text, re.MULTILINE)
    return found[1] if found else ""


def acknowledge(place: Place, what: dict[str, Any]) -> None:
    """Write down, outside of what is watched, that somebody was told something."""
    with place.said.open("a") as file:
        file.write(json.dumps(what) + "\n")


def heads(songs: Path) -> dict[str, tuple[int, str]]:
    """Return the head of every song's ledger, read past the house."""
    found = {}
    for ledger in sorted(songs.glob("[!.]*/ledger.sqlite")):
        db = sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)
        row = db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        db.close()
        found[ledger.parent.name] = (int(row[0]), str(row[1]))
    return found


def serve(place: Place) -> int:
    """Open the console of the workspace; its address goes to ``address``."""
    from controlroom.web.serve import serve as served

    os.register_at_fork(after_in_child=_leave_the_door)
    forked = multiprocessing.get_context("fork")  # a spawned worker would import everything anew
    with mock.patch.object(multiprocessing, "get_context", return_value=forked):
        served(place.songs, 0, partial(_say, place.address), browser=False)
    return 0


def _say(address: Path, line: str) -> None:
    with address.open("a") as file:
        file.write(f"{line}\n")


def _leave_the_door() -> None:
    """Close the server's sockets in a forked worker: a spawned one never had them."""
    for handle in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        with suppress(OSError):  # the listing's own handle is closed by now
            if stat.S_ISSOCK(os.fstat(handle).st_mode) and _family(handle) == socket.AF_INET:
                os.close(handle)


def _family(handle: int) -> int:
    with socket.socket(fileno=os.dup(handle)) as one:
        return one.family
