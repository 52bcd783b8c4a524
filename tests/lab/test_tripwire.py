"""The tripwire sees every call that changes a folder, whoever makes it, and does at the chosen one what its plan says."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from lab.faults.tripwire import Act, Plan, Wire, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"NO TRIPWIRE CAN BE LAID: {missing()}")

WRITES_FOUR = "import os\nfor n in range(4):\n with open(f'{n}', 'wb', buffering=0) as f: print(n, f.write(b'12345678'))"


def run(folder: Path, plan: Plan, code: str) -> tuple[subprocess.CompletedProcess[str], Wire]:
    watched = folder / "watched"
    watched.mkdir()
    wire = Wire.laid(folder / "plan", watched, plan)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=watched,
        env={**os.environ, **wire.env},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, wire


def kinds(wire: Wire, name: str) -> set[str]:
    return {call.kind for call in wire.calls() if call.name == name}


def test_it_counts_what_sqlite_libsndfile_ffmpeg_numpy_python_and_children_do(tmp_path):
    code = """
import os, shutil, sqlite3, subprocess, sys
from pathlib import Path
import numpy as np, soundfile
from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
db = sqlite3.connect("l.sqlite"); db.execute("PRAGMA synchronous=EXTRA")
db.execute("CREATE TABLE t (x)"); db.commit(); db.close()
noise = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 44100)).astype(np.float32)
soundfile.write("s.flac", noise.T, 44100)
write(Path("f.m4a"), Audio(noise, 44100), MediaFormat.AAC_256)
with open("n.npy", "wb") as file: np.save(file, noise)
shutil.copyfile("n.npy", "c.npy")
os.mkdir("d"); os.rmdir("d"); os.rename("c.npy", "e.npy"); os.link("e.npy", "g.npy"); os.unlink("g.npy")
with open("e.npy", "r+b") as file: file.truncate(10)
subprocess.run([sys.executable, "-c", "open('child', 'w').write('x')"], check=True)
"""
    done, wire = run(tmp_path, Plan(), code)
    assert done.returncode == 0, done.stderr
    assert kinds(wire, "l.sqlite") == {"create", "pwrite", "fdatasync"}
    assert kinds(wire, "l.sqlite-journal") == {"create", "pwrite", "fdatasync", "unlink"}
    assert {"create", "write"} <= kinds(wire, "s.flac")
    assert {"rename"} <= kinds(wire, "f.m4a")
    assert any(call.name.startswith(".f.m4a") and call.kind == "write" for call in wire.calls())
    assert kinds(wire, "n.npy") == {"create", "write"}
    assert kinds(wire, "c.npy") == {"create", "sendfile"}
    assert kinds(wire, "d") == {"mkdir", "rmdir"}
    assert kinds(wire, "e.npy") == {"rename", "open", "truncate"}
    assert kinds(wire, "g.npy") == {"link", "unlink"}
    assert kinds(wire, "child") == {"create", "write"}
    assert len({call.pid for call in wire.calls()}) == 2
    assert [call.number for call in wire.calls()] == list(range(1, len(wire.calls()) + 1))


BESIDE = {
    "pwrite": {"pwrite64"},
    "rename": {"rename", "renameat", "renameat2"},
    "unlink": {"unlink", "unlinkat"},
    "mkdir": {"mkdir", "mkdirat"},
    "fsync": {"fsync"},
    "fdatasync": {"fdatasync"},
}
"""Kinds of call, and what strace calls them."""


@pytest.mark.fault
@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace to count beside")
def test_it_counts_as_strace_does(tmp_path):
    watched, seen = tmp_path / "watched", tmp_path / "seen"
    watched.mkdir()
    wire = Wire.laid(tmp_path / "plan", watched, Plan())
    given = [word for name, value in wire.env.items() for word in ("-E", f"{name}={value}")]
    traced = ["strace", "-f", "-y", "-qq", "-o", str(seen), *given, sys.executable]
    new = [*traced, "-m", "controlroom.cli.__main__", "new", str(watched / "song")]
    done = subprocess.run(new, capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("strace may trace nothing here")
    assert done.returncode == 0, done.stderr
    lines = [line for line in seen.read_text(errors="replace").splitlines() if str(watched) in line]
    calls = Counter(re.sub(r"^\d+\s+(\w+)\(.*", r"\1", line) for line in lines if "AT_REMOVEDIR" not in line)
    beside = {kind: sum(calls[name] for name in names) for kind, names in BESIDE.items()}
    counted = Counter(call.kind for call in wire.calls())
    assert beside == {kind: counted[kind] for kind in BESIDE}
    assert all(beside.values())


@pytest.mark.parametrize(
    "act, there, size",
    [(Act.KILL_BEFORE, True, 0), (Act.KILL_AFTER, True, 8), (Act.KILL_HALF, True, 4)],
)
def test_a_kill_falls_before_after_or_in_the_middle_of_the_write(tmp_path, act, there, size):
    done, wire = run(tmp_path, Plan(2, act, calls=("write",)), WRITES_FOUR)
    assert done.returncode == -signal.SIGKILL
    assert [(tmp_path / "watched" / str(n)).exists() for n in range(3)] == [True, there, False]
    assert (tmp_path / "watched" / "1").stat().st_size == size
    assert wire.sprung() == 2
    assert (wire.at().kind, wire.at().name) == ("write", "1")


def test_a_kill_before_a_call_that_is_whole_leaves_it_undone(tmp_path):
    done, _ = run(tmp_path, Plan(3, Act.KILL_BEFORE, calls=("create",)), WRITES_FOUR)
    assert done.returncode == -signal.SIGKILL
    assert sorted(path.name for path in (tmp_path / "watched").iterdir()) == ["0", "1"]


@pytest.mark.parametrize("lasting, left", [(False, ["0", "2", "3"]), (True, ["0"])])
def test_a_call_fails_once_or_from_then_on(tmp_path, lasting, left):
    code = WRITES_FOUR.replace(" with", " try:\n  with").replace(
        "b'12345678'))", "b'12345678'))\n except OSError as e: print(e.errno)"
    )
    done, _ = run(tmp_path, Plan(2, Act.FAIL, errno.EROFS, lasting, calls=("create",)), code)
    assert sorted(path.name for path in (tmp_path / "watched").iterdir()) == left
    assert done.stdout.split().count(str(errno.EROFS)) == 4 - len(left)


def test_a_short_write_says_how_much_it_wrote(tmp_path):
    done, _ = run(tmp_path, Plan(3, Act.SHORT, calls=("write",)), WRITES_FOUR)
    assert done.stdout.split() == ["0", "8", "1", "8", "2", "4", "3", "8"]


def test_a_signal_comes_at_a_call_and_the_name_chooses_the_file(tmp_path):
    done, wire = run(tmp_path, Plan(1, Act.SIGNAL, signal.SIGINT, name="*2*"), WRITES_FOUR)
    assert "KeyboardInterrupt" in done.stderr
    assert wire.at().name == "2"
    assert len(wire.calls()) <= 2


def test_what_lies_elsewhere_is_not_counted(tmp_path):
    code = "for n in ('../watched-too', './here', 'd/../there', '../watched/up'): open(n, 'w').write('x')"
    done, wire = run(tmp_path, Plan(), f"import os; os.mkdir('d')\n{code}")
    assert done.returncode == 0
    assert {call.name for call in wire.calls()} == {"d", "here", "there", "up"}


@pytest.mark.parametrize("group, code", [(False, 0), (True, -signal.SIGKILL)])
def test_a_kill_ends_the_process_alone_or_the_whole_run(tmp_path, group, code):
    watched = tmp_path / "watched"
    watched.mkdir()
    wire = Wire.laid(tmp_path / "plan", watched, Plan(1, Act.KILL_BEFORE, name="child"))
    text = "import subprocess, sys; sys.stdin.read(); subprocess.run([sys.executable, '-c', 'open(\"child\", \"w\")'])"
    env = {**os.environ, **wire.env}
    with subprocess.Popen(
        [sys.executable, "-c", text], cwd=watched, env=env, stdin=subprocess.PIPE, start_new_session=True
    ) as parent:
        wire.group(parent.pid if group else 0)
        parent.communicate()
    assert parent.returncode == code
    assert wire.sprung() == 1
