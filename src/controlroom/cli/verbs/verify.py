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
    """Check all that the ledger can prove: its chain and signatures, standards, takes, stems, renders, release.

    Lines with `ok` were checked; lines with `--` tell what could not be, or what another signed.
    """
    from controlroom.studio.studio import Studio

    found = Studio().verify(song)
    if json:
        say_json({"verified": found.checked, "told": found.told})
        return
    for line in found.checked:
        say(f"ok  {line}")
    for line in found.told:
        say(f"--  {line}")
