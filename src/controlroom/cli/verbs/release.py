"""``controlroom release``: what goes out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say


def release(song: Annotated[Path, typer.Argument(help="The song's folder.")]) -> None:
    """Copy the decided masters and their manifest into the release folder."""
    from controlroom.studio.studio import Studio

    say(str(Studio().release(song)))
