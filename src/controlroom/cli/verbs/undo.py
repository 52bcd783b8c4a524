"""``controlroom undo``: take an answer back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import text
from controlroom.cli.present import say


def undo(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    proposal: Annotated[str, typer.Argument(help="The proposal's id, or enough of it.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.", parser=text)] = "",
) -> None:
    """Take the answer to a proposal back: the question is open again."""
    from controlroom.studio.studio import Studio

    decision = Studio().undo(song, proposal, reason=reason)
    say(f"{decision.proposal_id}  open again")
