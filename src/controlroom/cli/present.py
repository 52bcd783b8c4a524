"""How results reach a person at a terminal, or a program as JSON: the one place that writes to either."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError, EnvironmentFault
from controlroom.report.plain import harmless, harmless_json, one_line


class Unheard(Exception):
    """Nobody reads the output any more: ``controlroom … | head``."""


def say(line: str = "") -> None:
    """Write one line to the person."""
    _write(one_line(line))


def say_page(text: str) -> None:
    """Write lines that `controlroom.report.plain.as_lines` made, or that hold no word from outside."""
    _write(harmless(text))


def say_aside(text: str) -> None:
    """Write one line to the person, beside what a program reads."""
    complain(text)


def say_json(value: Any) -> None:
    """Write one JSON object; numbers that JSON has no word for are null."""
    from controlroom.model.base import finite

    _write(harmless_json(finite(value)))


def leave_without_master(why: ControlRoomError | None) -> None:
    """Say why there is no master, and leave with its exit code: a script must notice too."""
    if why is None:
        return
    import typer

    complain(f"controlroom: {why.message} [{why.code}]")
    complain(f"  {why.hint}")
    raise typer.Exit(why.exit_code)


def complain(line: str) -> None:
    """Write one line beside the result; nobody may be there to be told."""
    with suppress(OSError):
        sys.stderr.write(one_line(line) + "\n")


@contextmanager
def working(*, quiet: bool) -> Iterator[Context]:
    """Give a job its context, with a bar on a terminal and nothing elsewhere."""
    from controlroom.studio.first_run import compiling

    if why := compiling():
        complain(why)
    if quiet or not sys.stderr.isatty():
        yield Context(notice=say_aside)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=30),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def progress(what: str, done: float) -> None:
            bar.update(task, completed=done, description=one_line(what))

        yield Context(progress=progress, notice=say_aside)


def at_a_terminal() -> bool:
    """Return whether a person can be asked: both ways lead to a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def clock(seconds: float) -> str:
    """Return a place in time as ``1:02.5``."""
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def delivered() -> None:
    """Return when all that was said has left; EnvironmentFault where it can't."""
    with _towards_output():
        sys.stdout.flush()


def _write(text: str) -> None:
    with _towards_output():
        sys.stdout.write(text + "\n")


@contextmanager
def _towards_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise Unheard from error
    except OSError as error:
        raise EnvironmentFault(
            "env.output",
            f"the result can't be written to where it should go: {error.strerror}",
            "the work itself is done and kept; choose another place for the output",
        ) from error
