"""``controlroom samples``: one-shots that a person brings, for layers under a drum."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, say_json, say_page, working
from controlroom.model.errors import UsageError


def samples(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    add: Annotated[
        Path | None, typer.Option(help="Keep a one-shot of at most 2 s in the song: any audio file.")
    ] = None,
    remove: Annotated[str | None, typer.Option(help="Take one off, by its id or name.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the samples that a layer may lay under a drum; or bring one, or take one off."""
    from controlroom.report.sample_words import samples_text
    from controlroom.studio.studio import Studio

    if add and remove:
        raise UsageError("usage.samples", "--add and --remove can't go together", "give one of them")
    service = Studio()
    with working(quiet=json) as context:
        if add:
            service.add_sample(song, add, context)
        elif remove:
            service.remove_sample(song, remove)
    listed = [one.model_dump(mode="json") for one in service.samples(song)]
    if json:
        say_json({"samples": listed})
        return
    say_page(samples_text(listed))
    if listed:
        say(f"`controlroom do {song} layer --on kick --knob amount=1 --knob sample=ID` lays one.")
    else:
        say(f"`controlroom samples {song} --add FILE` brings one: a single stroke, at most 2 s long.")
