"""``controlroom do``: a step of one's own, without any finding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import knobs, seconds, text
from controlroom.cli.present import say


def do(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    processor: Annotated[str, typer.Argument(help="The processor's name.")],
    on: Annotated[str, typer.Option(help="A stem's role, or mix.")] = "mix",
    start: Annotated[str | None, typer.Option("--from", help="Where it starts: 72.5 or 1:12.5.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Where it ends.")] = None,
    knob: Annotated[list[str] | None, typer.Option(help="name=value; may be repeated.")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.", parser=text)] = "",
) -> None:
    """Write a step yourself; it is your decision from the start."""
    from controlroom.studio.studio import Studio

    decision = Studio().do(
        song,
        processor,
        part=on,
        start_s=seconds(start) if start else None,
        end_s=seconds(end) if end else None,
        knobs=knobs(knob or []),
        reason=reason,
    )
    say(f"{decision.proposal_id}  {decision.step.processor} {decision.step.knobs}")
