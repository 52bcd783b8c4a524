"""``controlroom decide``: answer a proposal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import knobs, place, text
from controlroom.cli.present import say
from controlroom.model.decisions import Answer


def decide(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    proposal: Annotated[str, typer.Argument(help="The proposal's id, or enough of it.")],
    answer: Annotated[Answer, typer.Argument(help="accept, edit, reject or defer.")],
    knob: Annotated[list[str] | None, typer.Option(help="For an edit: name=value; may be repeated.")] = None,
    span: Annotated[str | None, typer.Option(help="For an edit: START-END, such as 1:12-1:20.")] = None,
    part: Annotated[str | None, typer.Option(help="For an edit: another stem's role, or mix.")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.", parser=text)] = "",
    auditioned_s: Annotated[float, typer.Option(help="Seconds that it was listened to.")] = 0.0,
    keep: Annotated[bool, typer.Option(help="Keep it although a guard warns; needs a reason.")] = False,
) -> None:
    """Accept, edit, reject or defer one proposal."""
    from controlroom.studio.studio import Studio

    decision = Studio().decide(
        song,
        proposal,
        answer,
        knobs=knobs(knob or []),
        span_s=place(span) if span else None,
        part=part,
        reason=reason,
        auditioned_s=auditioned_s,
        keep_despite_guards=keep,
    )
    say(f"{decision.proposal_id}  {decision.answer}  by {decision.name}")
