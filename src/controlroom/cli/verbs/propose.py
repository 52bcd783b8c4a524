"""``controlroom propose``: what could be done about it, as questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say_json, say_page, working


def propose(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    target: Annotated[float | None, typer.Option(help="Integrated loudness to aim at, in LUFS.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Propose steps for what was found, as far as the guards allow them."""
    from controlroom.report.text import proposals_text
    from controlroom.studio.studio import Studio

    with working(quiet=json) as context:
        asked = Studio().propose(song, context, target_lufs=target)
    if json:
        say_json({"proposals": [{"id": p.id, **p.model_dump(mode="json")} for p in asked.proposals]})
    else:
        say_page(proposals_text(asked.proposals, asked.decisions))
