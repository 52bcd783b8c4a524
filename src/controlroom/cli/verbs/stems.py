"""``controlroom stems``: a song's stems, and how far each can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import AS_IS_HELP, SCALE_HELP, named_roles
from controlroom.cli.present import say, say_json, say_page, working
from controlroom.model.errors import UsageError


def stems(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    separate: Annotated[bool, typer.Option("--separate", help="Separate the current take.")] = False,
    backend: Annotated[str, typer.Option(help="spleeter, parts, demucs or onnx.")] = "spleeter",
    model: Annotated[str, typer.Option(help="The file or name that demucs and onnx need.")] = "",
    add: Annotated[
        Path | None, typer.Option(help="Import stems that you have: a folder, a zip, a .stem.mp4 file.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="FILE=ROLE where a name does not tell; may be repeated.")
    ] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help=AS_IS_HELP)] = False,
    scale_db: Annotated[float, typer.Option(help=SCALE_HELP, min=-200.0, max=200.0)] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the stems of the current take with their trust; or make them, or bring your own."""
    from controlroom.model.song import Reading
    from controlroom.report.stem_words import mark_sentence, stems_text
    from controlroom.studio.studio import Studio

    if separate and add:
        raise UsageError("usage.stems", "--separate and --add can't go together", "give one of them")
    if role and not add:
        raise UsageError("usage.stems", "--role says what a file of --add is", "give --add PATH too")
    service = Studio()
    with working(quiet=json) as context:
        if separate:
            service.separate_take(song, context, backend=backend, model=model)
        elif add:
            service.add_stems(
                song,
                add,
                context,
                roles=named_roles(role or []),
                reading=Reading(as_is=as_is, scale_db=scale_db),
            )
        view = service.stems(song).as_dict()
    marks = [mark.model_dump(mode="json") for mark in service.marks(song)]
    if json:
        say_json({**view, "marks": marks})
        return
    say_page(stems_text(view))
    if not view["stems"]:
        say(f"`controlroom stems {song} --separate` makes them; --add PATH brings stems that you have.")
    for mark in marks:
        say(mark_sentence(mark))
