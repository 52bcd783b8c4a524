"""``controlroom add``: import a take into a song."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import AS_IS_HELP, SCALE_HELP
from controlroom.cli.present import clock, say, say_json, working


def add(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    file: Annotated[Path, typer.Argument(help="The take, in any usual audio format.")],
    as_is: Annotated[bool, typer.Option("--as-is", help=AS_IS_HELP)] = False,
    scale_db: Annotated[float, typer.Option(help=SCALE_HELP, min=-200.0, max=200.0)] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import a take: its bytes are archived and hashed, and never changed."""
    from controlroom.model.song import Reading
    from controlroom.report.take_words import take_sentences
    from controlroom.studio.studio import Studio

    with working(quiet=json) as context:
        take = Studio().add(song, file, context, reading=Reading(as_is=as_is, scale_db=scale_db))
    if json:
        say_json(take.model_dump(mode="json"))
        return
    facts = take.facts
    say(f"{take.id}  {facts.file_name}  {facts.codec}, {facts.rate_hz} Hz, {clock(facts.duration_s)}")
    for sentence in take_sentences(facts):
        say(sentence)
    if facts.tags.generator:
        say(f"made with {facts.tags.generator} {facts.tags.generator_created or ''}".rstrip())
