"""The tripwire's other side: builds ``tripwire.c``, writes its plans, and reads what it saw."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from lab.children import ROOT

SOURCE = Path(__file__).with_name("tripwire.c")
BUILT = ROOT / ".work" / "faults"
PLAN = struct.Struct("<QQQIIII256s256s1024s1024s")
"""``struct plan`` of the C file."""
GROUP_AT = struct.calcsize("<QQQIII")
WRITES = ("write", "pwrite", "pwritev", "writev", "sendfile")
NAMES = ("create", "rename", "unlink", "mkdir", "rmdir", "link")
TAKES_SPACE = ("create", "mkdir", "link", *WRITES)


class Act(IntEnum):
    """What is done at the chosen call."""

    COUNT = 0
    KILL_BEFORE = 1
    KILL_AFTER = 2
    KILL_HALF = 3
    FAIL = 4
    SHORT = 5
    SIGNAL = 6


KILLS = (Act.KILL_BEFORE, Act.KILL_AFTER, Act.KILL_HALF)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is counted, and what is done at the ``at``-th call that counts.

    Attributes
    ----------
    at : int
        From 1; 0 only counts.
    number : int
        The errno of a failing call, or the signal.
    lasting : bool
        Every later call fares as this one: a disk stays full.
    calls : tuple of str
        Kinds of call that count; all when empty.
    name : str
        Which files count, as fnmatch has it, below the watched folder.
    """

    at: int = 0
    act: Act = Act.COUNT
    number: int = 0
    lasting: bool = False
    calls: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was seen."""

    number: int
    pid: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Wire:
    """A plan on disk, shared by the processes of one run, and their log."""

    path: Path

    @classmethod
    def laid(cls, path: Path, watched: Path, plan: Plan) -> Wire:
        """Write a plan for what lies below ``watched``; the log begins anew."""
        log = path.with_suffix(".log")
        log.unlink(missing_ok=True)
        words = f" {' '.join(plan.calls)} " if plan.calls else ""
        texts = [text.encode() for text in (words, plan.name, str(watched.resolve()), str(log))]
        numbers = (0, 0, plan.at, plan.act, plan.number, plan.lasting, 0)
        path.write_bytes(PLAN.pack(*numbers, *texts))
        return cls(path)

    @property
    def env(self) -> Mapping[str, str]:
        """Return what a process must find around it, to be watched from its start."""
        return {"LD_PRELOAD": str(library()), "TRIPWIRE": str(self.path)}

    def group(self, group: int) -> None:
        """Say which process group is killed as one; 0 is each process alone."""
        with self.path.open("r+b") as file:
            file.seek(GROUP_AT)
            file.write(struct.pack("<I", group))

    def hold(self) -> None:
        """Watch this process from now on, and the children that it starts."""
        os.environ["TRIPWIRE"] = str(self.path)
        if ctypes.CDLL(str(library())).trip_use(str(self.path).encode()) != 0:
            raise OSError(f"{self.path} can't be mapped")

    def sprung(self) -> int:
        """Return the number of the call at which it sprang; 0 when it never did."""
        return int(PLAN.unpack(self.path.read_bytes())[1])

    def calls(self) -> list[Call]:
        """Return every call that counted, in order."""
        log = self.path.with_suffix(".log")
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        split = (line.split("\t", 3) for line in lines)
        return sorted(
            (Call(int(number), int(pid), kind, name) for number, pid, kind, name in split),
            key=lambda call: call.number,
        )

    def at(self) -> Call | None:
        """Return the call at which it sprang."""
        number = self.sprung()
        return next((call for call in self.calls() if call.number == number), None)


def missing() -> str:
    """Return why no tripwire can be laid here; empty when it can."""
    if not sys.platform.startswith("linux"):
        return f"a library is preloaded, and a plan read from /proc, on Linux only; this is {sys.platform}"
    return "" if shutil.which("cc") else "there is no C compiler: `apt-get install gcc libc6-dev`"


def library() -> Path:
    """Return the preloaded library, compiled on first use.

    Raises
    ------
    RuntimeError
        When it can't be compiled here.
    """
    path = BUILT / f"tripwire-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"
    if not path.is_file():
        if why := missing():
            raise RuntimeError(why)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.part")
        flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Werror"]
        subprocess.run(["cc", *flags, "-o", str(half), str(SOURCE), "-ldl"], check=True)
        half.replace(path)
    return path
