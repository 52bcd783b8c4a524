"""``controlroom policy``: what a policy may answer in a person's place."""

from __future__ import annotations

from typing import Annotated

import typer

from controlroom.cli.present import say, say_json


def policy(
    name: Annotated[str | None, typer.Argument(help="A shipped policy's name, or a TOML file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the shipped policies, or show what one of them accepts."""
    from controlroom.studio.studio import Studio

    policies = Studio().policies(name)
    if json:
        say_json({"policies": [one.document() for one in policies]})
        return
    for one in policies:
        say(f"{one.name}  ({one.digest[:12]})  {one.help}")
        for rule in one.rules if name else ():
            say(f"    {rule.stage}: {rule.processor} {', '.join(rule.kinds)}")
