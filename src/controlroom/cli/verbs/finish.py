"""``controlroom finish``: the main job, from a raw take to masters and a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.asking import TerminalDecider
from controlroom.cli.parse import AS_IS_HELP, SCALE_HELP
from controlroom.cli.present import at_a_terminal, leave_without_master, say, say_json, say_page, working


def finish(
    take: Annotated[Path, typer.Argument(help="The take, in any usual audio format.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="The song's folder; one that is there gets another take. "
            "Made beside you when not given: other bytes, another song."
        ),
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="hygiene, trusting, none, or a TOML file; naming it signs it.")
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask about each proposal at the terminal.")] = False,
    answers: Annotated[Path | None, typer.Option(help="TOML file with your answers.")] = None,
    target: Annotated[float | None, typer.Option(help="Integrated loudness to reach, in LUFS.")] = None,
    standards: Annotated[Path | None, typer.Option(help="TOML file with your own standards.")] = None,
    stems: Annotated[
        str | None, typer.Option(help="separate, or the folder, zip or .stem.mp4 file with the take's stems.")
    ] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help=AS_IS_HELP)] = False,
    scale_db: Annotated[float, typer.Option(help=SCALE_HELP, min=-200.0, max=200.0)] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Finish a take: listen, propose, decide, render, measure again, master, report."""
    from controlroom.model.song import Reading
    from controlroom.report.text import render_text
    from controlroom.studio.studio import Studio

    asked = ask or (at_a_terminal() and policy is None and answers is None)
    with working(quiet=json or asked) as context:
        finished = Studio().finish(
            take,
            context,
            out=out,
            policy=policy,
            decider=TerminalDecider() if asked else None,
            answers=answers,
            target_lufs=target,
            standards_file=standards,
            stems=stems,
            reading=Reading(as_is=as_is, scale_db=scale_db),
        )
    if json:
        say_json(finished.as_dict())
    else:
        say_page(render_text(finished.data))
        say()
        say(f"Song  {finished.song.folder.root}")
    leave_without_master(finished.no_master)
