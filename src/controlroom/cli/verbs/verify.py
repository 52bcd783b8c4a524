"""``controlroom verify``: check everything against the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, say_json


def verify(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check the ledger's chain, the archived takes, the renders and the masters."""
    from controlroom.studio.studio import Studio

    checked = Studio().verify(song)
    if json:
        say_json({"verified": checked})
        return
    for line in checked:
        say(f"ok  {line}")
