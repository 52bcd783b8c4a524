"""``controlroom studio``: the page where a person listens and decides."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say
from controlroom.model.errors import EnvironmentFault


def studio(
    song: Annotated[
        Path, typer.Argument(help="A song's folder, or the folder that songs stand in.")
    ] = Path(),
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address only.")] = False,
) -> None:
    """Open the console in the browser: listen, decide, render."""
    try:
        from controlroom.web.serve import serve
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            "env.no-web", f"the console needs {error.name}", "pip install 'controlroom[web]'"
        ) from error

    def tell(text: str) -> None:
        say(text)
        sys.stdout.flush()

    serve(song, port, tell, browser=not no_browser)
