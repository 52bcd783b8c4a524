"""``controlroom go-back``: answer everything as it stood at an entry of the history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say


def go_back(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    seq: Annotated[int, typer.Argument(help="The entry's number, as `history` lists it.")],
) -> None:
    """Answer everything again as it stood at a ledger entry; nothing is erased."""
    from controlroom.studio.studio import Studio

    made = Studio().go_back(song, seq)
    for decision in made:
        say(f"{decision.proposal_id}  {decision.answer}")
    say(f"{len(made)} answers changed back to entry {seq}")
