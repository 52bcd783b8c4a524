"""``controlroom listen``: name what is there, with evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say_json, say_page, working


def listen(
    what: Annotated[Path, typer.Argument(help="A song's folder, or any audio file.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw it too, as an SVG file: spectrogram, findings, form, chords.")
    ] = None,
) -> None:
    """Listen to a song or a file, and list what was found, what matters most first."""
    from controlroom.report.listen_svg import listen_svg
    from controlroom.report.listen_text import listen_text
    from controlroom.studio.studio import Studio

    with working(quiet=json) as context:
        heard = Studio().listen(what, context)
    if plot is not None:
        plot.write_text(listen_svg(heard.picture), encoding="utf-8")
    if json:
        say_json(heard.as_dict())
    else:
        say_page(listen_text(heard.findings, heard.music))
