"""``controlroom history``: the ledger, entry by entry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, say_json


def history(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """List every entry of the ledger, oldest first."""
    from controlroom.report.text import history_line
    from controlroom.studio.studio import Studio

    entries = Studio().history(song)
    if json:
        say_json({"entries": entries})
        return
    for entry in entries:
        say(history_line(entry))
