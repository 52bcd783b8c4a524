"""A process that has everything imported and forks a child per call: for tests that kill, not for those that start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

SOURCE = """
import json, os, sys, traceback
from pathlib import Path
import controlroom.engine.desk, controlroom.studio.finishing, controlroom.media.decode
from controlroom.detectors.form import all_detectors
from controlroom.processors.form import all_processors
from controlroom.studio.studio import Studio
all_detectors(), all_processors()
for line in sys.stdin:
    said = json.loads(line)
    if "wait" in said:
        print(os.waitstatus_to_exitcode(os.waitpid(said["wait"], 0)[1]), flush=True)
        continue
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(os.open(said["log"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC), 2)
    os.dup2(2, 1)
    try:
        exec(said["code"], {"__name__": "__main__"})
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
"""


class Warm:
    """Starts children that need not import anything."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._zygote = subprocess.Popen(
            [sys.executable, "-c", SOURCE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # no threads: they do not survive a fork
        )

    def _ask(self, **said: object) -> int:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(json.dumps(said) + "\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())

    def start(self, code: str, log: Path | None = None) -> int:
        """Run Python in a process group of its own, and return its id; what it prints goes to the log."""
        return self._ask(code=code, log=str(log or self._log))

    def wait(self, child: int) -> int:
        """Return a child's exit status, −N where signal N ended it."""
        return self._ask(wait=child)

    def kill(self, child: int) -> int:
        """Kill a child and all that it started."""
        os.killpg(child, signal.SIGKILL)
        return self.wait(child)

    def run(self, code: str) -> int:
        """Run Python to its end."""
        return self.wait(self.start(code))

    @property
    def said(self) -> str:
        """The end of what the last child printed."""
        return self._log.read_text()[-500:]

    def close(self) -> None:
        """Let the warm process end."""
        self._zygote.communicate()
