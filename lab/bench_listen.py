"""Where the time of listening goes: CPU seconds of each pass over a track, everything but separation.

``python -m lab.bench_listen FILE`` listens once in this process, with every
detector and the music, and prints one JSON object: seconds by pass, each
without the passes that it asked for itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

LISTEN = """
import sys
from controlroom.cli.__main__ import run
sys.exit(run(['listen', {take!r}, '--json']))
"""
"""The whole verb: start, decode, every detector, the music, the picture's data."""

PASSES = """
from lab.bench_listen import told
print(told({take!r}))
"""

MOST_ROWS = 12
ABOUT = """Where the time goes, in a process of its own: each pass over the sound is made once for all that
read it, and booked without the passes that it asks for itself.

| pass | CPU s | share |
|---|---|---|"""
STARTING, DECODING, COMPARING = "starting: imports", "decoding", "detectors themselves, passes left out"


def cpu_s() -> float:
    """Return CPU seconds of this process and of its children that ended: a take is decoded in one of its own."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


class Clock:
    """CPU seconds by name, each without what was started inside it."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._inside = [0.0]

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Do a piece of work, and book what it took, less what its own pieces took, under ``name``."""
        self._inside.append(0.0)
        began = cpu_s()
        try:
            return work()
        finally:
            took = cpu_s() - began
            self.spent[name] += took - self._inside.pop()
            self._inside[-1] += took


def passes(take: Path) -> dict[str, float]:
    """Return CPU seconds by pass of one listening in this process; passes have the names they are kept under."""
    clock = Clock()
    clock.spent[STARTING] = cpu_s()
    clock.time(STARTING, _import_everything)

    from controlroom.detectors.form import all_detectors
    from controlroom.listening.listening import Listening
    from controlroom.media.decode import decode
    from controlroom.studio.listening_view import music_data
    from controlroom.studio.standards import shipped_standards

    class Timed(Listening):
        """A listening that books each pass that it makes."""

        def keep(self, key: tuple[object, ...], measure: Callable[[], T]) -> T:
            name = str(key[0])
            return super().keep(key, lambda: clock.time(name, measure))

    audio = clock.time(DECODING, lambda: decode(take).audio)
    listening, standards = Timed(audio), shipped_standards()
    for detector in all_detectors().values():
        clock.time(COMPARING, lambda detector=detector: detector.detect(listening, standards))  # type: ignore[misc]  # mypy gives lambdas with defaults no type
    clock.time(COMPARING, lambda: music_data(listening))
    return dict(clock.spent)


def _import_everything() -> None:
    import controlroom.detectors.form as folder
    import controlroom.media.decode
    import controlroom.studio.studio  # noqa: F401  what the verb imports

    folder.all_detectors()


def told(take: str) -> str:
    """Return the passes of a take as JSON."""
    return json.dumps(passes(Path(take)))


def rows(told_by_runs: list[str]) -> list[str]:
    """Return table rows of the dearest passes, the median of several runs each, the rest in one row."""
    runs = [json.loads(text.strip().splitlines()[-1]) for text in told_by_runs]
    names = set().union(*runs)
    spent = {name: sorted(run.get(name, 0.0) for run in runs)[len(runs) // 2] for name in names}
    whole = sum(spent.values())
    dearest = sorted(spent, key=lambda name: -spent[name])
    lines = [f"| `{n}` | {spent[n]:.2f} | {100 * spent[n] / whole:.0f} % |" for n in dearest[:MOST_ROWS]]
    rest = sum(spent[name] for name in dearest[MOST_ROWS:])
    return [*lines, f"| {len(dearest) - MOST_ROWS} more | {rest:.2f} | {100 * rest / whole:.0f} % |"]


if __name__ == "__main__":
    print(told(sys.argv[1]))
