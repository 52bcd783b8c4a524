"""How results reach a person at a terminal, or a program as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError


def say(text: str = "") -> None:
    """Write one line to the person."""
    sys.stdout.write(text + "\n")


def say_aside(text: str) -> None:
    """Write one line to the person, beside what a program reads."""
    sys.stderr.write(text + "\n")


def say_json(value: Any) -> None:
    """Write one JSON object; numbers that JSON has no word for are null."""
    from controlroom.model.base import finite

    sys.stdout.write(json.dumps(finite(value), ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def leave_without_master(why: ControlRoomError | None) -> None:
    """Say why there is no master, and leave with its exit code: a script must notice too."""
    if why is None:
        return
    import typer

    sys.stderr.write(f"controlroom: {why.message} [{why.code}]\n  {why.hint}\n")
    raise typer.Exit(why.exit_code)


@contextmanager
def working(*, quiet: bool) -> Iterator[Context]:
    """Give a job its context, with a bar on a terminal and nothing elsewhere."""
    from controlroom.studio.first_run import COMPILING, kernels_are_compiled

    if not kernels_are_compiled():
        sys.stderr.write(COMPILING + "\n")
    if quiet or not sys.stderr.isatty():
        yield Context(notice=say_aside)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(bar_width=30), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def progress(what: str, done: float) -> None:
            bar.update(task, completed=done, description=what)

        yield Context(progress=progress, notice=say_aside)


def clock(seconds: float) -> str:
    """Return a place in time as ``1:02.5``."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f"{int(minutes)}:{rest:04.1f}"
