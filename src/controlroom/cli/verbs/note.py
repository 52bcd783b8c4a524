"""``controlroom note``: a person's own finding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import place, text
from controlroom.cli.present import say


def note(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    where: Annotated[str, typer.Argument(help="A place: 1:12, or 1:12-1:20.")],
    words: Annotated[str, typer.Argument(help="What you heard.", metavar="TEXT", parser=text)],
    on: Annotated[str, typer.Option(help="A stem's role, or mix.")] = "mix",
) -> None:
    """Write down what you heard, at its place."""
    from controlroom.studio.studio import Studio

    start_s, end_s = place(where)
    written = Studio().note(song, start_s, end_s, words, part=on)
    say(f"{written.id}  {where}  {written.text}")
