"""``controlroom listen``: name what is there, with evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import AS_IS_HELP, SCALE_HELP
from controlroom.cli.present import say, say_json, say_page, working


def listen(
    what: Annotated[Path, typer.Argument(help="A song's folder, or any audio file.")],
    as_is: Annotated[bool, typer.Option("--as-is", help=AS_IS_HELP)] = False,
    scale_db: Annotated[float, typer.Option(help=SCALE_HELP, min=-200.0, max=200.0)] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw it too, as an SVG file: spectrogram, findings, form, chords.")
    ] = None,
) -> None:
    """Listen to a song or a file, and list what was found, what matters most first."""
    from controlroom.model.song import Reading
    from controlroom.report.listen_svg import listen_svg
    from controlroom.report.listen_text import listen_text
    from controlroom.report.take_words import take_sentences
    from controlroom.studio.studio import Studio

    with working(quiet=json) as context:
        heard = Studio().listen(what, context, reading=Reading(as_is=as_is, scale_db=scale_db))
    if plot is not None:
        plot.write_text(listen_svg(heard.picture), encoding="utf-8")
    if json:
        say_json(heard.as_dict())
    else:
        for sentence in take_sentences(heard.facts):
            say(sentence)
        say_page(listen_text(heard.findings, heard.music))
