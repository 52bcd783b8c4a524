"""``controlroom render``: from the ledger's decisions to samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import leave_without_master, say_json, say_page, working


def render(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Render what was decided so far, measure it again, and write the masters and the report."""
    from controlroom.report.text import render_text
    from controlroom.studio.studio import Studio

    with working(quiet=json) as context:
        finished = Studio().render(song, context)
    if json:
        say_json(finished.as_dict())
    else:
        say_page(render_text(finished.data))
    leave_without_master(finished.no_master)
