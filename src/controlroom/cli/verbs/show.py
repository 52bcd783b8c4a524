"""``controlroom show``: where a song stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, say_json, say_page


def show(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show state, take, findings, and what was decided or waits."""
    from controlroom.report.text import findings_text, proposals_text
    from controlroom.studio.studio import Studio

    shown = Studio().show(song)
    if json:
        say_json(shown.as_dict())
        return
    say(f"{shown.title}  [{shown.state}]")
    say_page(findings_text(shown.findings))
    say_page(proposals_text(shown.proposals, shown.decisions))
