"""``controlroom new``: make a song's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import text
from controlroom.cli.present import say


def new(
    song: Annotated[Path, typer.Argument(help="Folder to make.")],
    title: Annotated[str, typer.Option(help="The song's title.", parser=text)] = "",
    standards: Annotated[Path | None, typer.Option(help="TOML file with your own standards.")] = None,
) -> None:
    """Make a song's folder, with its own copy of the standards."""
    from controlroom.studio.studio import Studio

    root = Studio().new(song, title=title, standards_file=standards)
    say(f"{root}  is ready; add a take with:  controlroom add {root} TAKE")
