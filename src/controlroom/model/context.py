"""What every verb is given: progress, cancel, threads, scratch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from controlroom.model.errors import Cancelled

Listener = Callable[[str, float], None]
"""Called with what is being done and how far it is, 0 to 1."""


def _silent(_what: str, _done: float) -> None:
    return None


def _unheard(_sentence: str) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Context:
    """How a job tells where it is, is stopped, and what it may use.

    Parameters
    ----------
    progress : callable
        Called with a code of the work and its share done, 0 to 1.
    cancel : callable
        Returns True when the person wants the work to stop.
    threads : int
        Threads that numeric libraries may use.
    scratch : Path or None
        Folder for temporary files; None for the song's own cache.
    notice : callable
        Called with a sentence that the person should read: what was put back,
        which folder was chosen.
    """

    progress: Listener = field(default=_silent)
    cancel: Callable[[], bool] = field(default=_never)
    threads: int = 1
    scratch: Path | None = None
    notice: Callable[[str], None] = field(default=_unheard)

    def check(self) -> None:
        """Raise Cancelled if the person asked to stop. Call between blocks."""
        if self.cancel():
            raise Cancelled

    def tell(self, what: str, done: float) -> None:
        """Report progress, and stop here if asked to."""
        self.check()
        self.progress(what, min(1.0, max(0.0, done)))

    @contextmanager
    def part(self, what: str, start: float, end: float) -> Iterator[Context]:
        """Give a sub-job its stretch of the whole job's progress."""
        outer = self.progress

        def inner(_what: str, done: float) -> None:
            outer(what, start + (end - start) * done)

        yield replace(self, progress=inner)
        self.tell(what, end)
