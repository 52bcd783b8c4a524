"""``controlroom audition``: before, after and difference, at equal loudness."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import place
from controlroom.cli.present import say, working


def audition(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    proposal: Annotated[str, typer.Argument(help="The proposal's id, or enough of it.")],
    span: Annotated[str | None, typer.Option(help="What to hear: START-END.")] = None,
) -> None:
    """Write loudness-matched before, after and difference files of one proposal."""
    from controlroom.studio.studio import Studio

    with working(quiet=False) as context:
        files = Studio().audition(song, proposal, context, span_s=place(span) if span else None)
    for label, path in (("before", files.before), ("after", files.after), ("difference", files.difference)):
        say(f"{label:<11} {path}")
