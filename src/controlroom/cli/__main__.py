"""The command line's entry: one app, one file per verb, one place for errors."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

from controlroom.cli.present import Unheard, complain, delivered, say_json
from controlroom.model.errors import ControlRoomError, UsageError

STOPPED = 130
TRACEBACK = "CONTROLROOM_TRACEBACK"
"""Set to 1, this variable shows where in the program an error came from."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    _open_streams()
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments), lambda: bool(came))
    except KeyboardInterrupt:  # before or after the command itself
        code = _cancelled()
    # the work is done: an interpreter that is leaving must not die of a late Ctrl-C
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # CPython notes a Ctrl-C that passed through code made of text (a dataclass being imported), and would
    # end by the signal although it was caught; running another such text takes the note back
    eval("None")  # noqa: S307
    sys.exit(code)


def run(arguments: list[str], stopped: Callable[[], bool] = lambda: False) -> int:
    """Run one command and return its exit code; never a traceback.

    ``stopped`` says whether a Ctrl-C came: a library whose import it broke raises something else.
    """
    as_json = "--json" in arguments
    try:
        code = _carried_out(arguments)
        delivered()
    except KeyboardInterrupt:
        return _cancelled()
    except Unheard:
        _deafen(sys.stdout)
        return 0
    except Exception as error:  # noqa: BLE001 -- the last catch: a person gets a code and a reason, whatever broke
        return _cancelled() if stopped() else _tell(_known(error), as_json=as_json)
    return code


def _carried_out(arguments: list[str]) -> int:
    import typer

    from controlroom.cli.app import app

    try:
        result = app(arguments, standalone_mode=False, prog_name="controlroom")
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except typer.Exit as leaving:
        result = leaving.exit_code
    except typer.BadParameter.__mro__[2] as error:  # type: ignore[misc]  # typer names only the leaves of click's errors
        context = getattr(error, "ctx", None)
        verb = context.command_path if context else "controlroom"
        raise UsageError("usage.call", error.format_message(), f"see `{verb} --help`") from error
    code = int(result) if isinstance(result, int) else 0
    if code == STOPPED:  # typer's word for Ctrl-C
        raise KeyboardInterrupt
    return code


def _known(error: Exception) -> ControlRoomError:
    from controlroom.studio.faults import told, with_traceback

    if os.environ.get(TRACEBACK) == "1":
        _show_traceback(error)
    return with_traceback(told(error), error)


def _show_traceback(error: Exception) -> None:
    """Show where an error came from."""
    import traceback

    for line in "".join(traceback.format_exception(error)).splitlines():
        complain(line)


def _tell(error: ControlRoomError, *, as_json: bool) -> int:
    if error.code == "env.output":
        _deafen(sys.stdout)
    elif as_json:
        with suppress(OSError, ControlRoomError):
            say_json({"error": error.as_dict()})
            delivered()
    complain(f"controlroom: {error.message} [{error.code}]")
    if error.hint:
        complain(f"  {error.hint}")
    return error.exit_code


def _cancelled() -> int:
    complain("")
    complain("controlroom: stopped; the song is valid, and the same command goes on from here")
    return STOPPED


def _open_streams() -> None:
    """Have three open streams that take every letter.

    A caller may have closed some: then a song's file would be opened as standard
    output, and written into by whatever prints. And a name may hold letters that
    the terminal's encoding lacks.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(
                sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)
            )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _deafen(stream: TextIO) -> None:
    """Send what is still to come nowhere: the interpreter flushes once more when it leaves."""
    with suppress(OSError):  # a stream of a test has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


if __name__ == "__main__":
    main()
