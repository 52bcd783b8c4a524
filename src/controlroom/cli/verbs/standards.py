"""``controlroom standards``: every number that anything is judged by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, say_json


def standards(
    song: Annotated[Path | None, typer.Argument(help="A song's folder; the shipped set without.")] = None,
    set_from: Annotated[
        Path | None, typer.Option("--set", help="TOML file to lay over the song's set.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the standards with their origins, or lay your own over a song's."""
    from controlroom.studio.studio import Studio

    known = Studio().standards(song, set_from=set_from)
    if json:
        say_json(known.document())
        return
    for key, entry in sorted(known.entries.items()):
        value = f"[{len(entry.value)} values]" if isinstance(entry.value, tuple) else entry.value
        say(f"{key} = {value} {entry.unit}")
        say(f"    {entry.help}")
        say(f"    from: {entry.origin}")
