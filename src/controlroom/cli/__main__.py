"""The command line's entry: one app, one file per verb, one place for errors."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence

from controlroom.model.errors import ControlRoomError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # before or after the command itself
        code = _cancelled()
    # the work is done: an interpreter that is leaving must not die of a late Ctrl-C
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; never a traceback."""
    import typer

    from controlroom.cli.app import app

    try:
        result = app(arguments, standalone_mode=False, prog_name="controlroom")
    except ControlRoomError as error:
        return _tell(error, as_json="--json" in arguments)
    except (typer.Abort, KeyboardInterrupt):
        return _cancelled()
    except BrokenPipeError:  # `controlroom … | head`
        sys.stderr.close()
        return 0
    except typer.Exit as leaving:
        return leaving.exit_code
    except typer.BadParameter.__mro__[2] as error:  # type: ignore[misc]  # typer names only the leaves of click's errors
        error.show()
        return int(error.exit_code)
    return int(result) if isinstance(result, int) else 0


def _tell(error: ControlRoomError, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": error.as_dict()}, allow_nan=False) + "\n")
    sys.stderr.write(f"controlroom: {error.message} [{error.code}]\n")
    if error.hint:
        sys.stderr.write(f"  {error.hint}\n")
    return error.exit_code


def _cancelled() -> int:
    sys.stderr.write("\ncontrolroom: stopped; the song is valid, and the same command goes on from here\n")
    return 130


if __name__ == "__main__":
    main()
