"""``controlroom separate``: a file to stems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, say_json, working


def separate(
    file: Annotated[Path, typer.Argument(help="Any audio file.")],
    out: Annotated[Path, typer.Option(help="Folder for the stems, one WAV per role.")],
    backend: Annotated[str, typer.Option(help="spleeter, parts, demucs or onnx.")] = "spleeter",
    model: Annotated[str, typer.Option(help="The file or name that demucs and onnx need.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Separate a file into stems, at its own rate and length."""
    from controlroom.studio.studio import Studio

    with working(quiet=json) as context:
        separated = Studio().separate(file, out, context, backend=backend, model=model)
    if json:
        say_json(separated.as_dict())
        return
    for role, path in separated.files.items():
        say(f"{role:<14} {path}")
    for path in separated.renamed.values():
        say(f"{path.name}: its own name was another file's, which stays as it is.")
