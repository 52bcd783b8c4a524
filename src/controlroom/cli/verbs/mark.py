"""``controlroom mark``: what stays, what goes, what is the song's own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import seconds, section, text
from controlroom.cli.present import say, working
from controlroom.model.song import PartStatus


class Said(StrEnum):
    """What can be said of a part; ``none`` takes back what was said."""

    STAYS = "stays"
    REMOVED = "removed"
    RESHAPED = "reshaped"
    DEFINES_IDENTITY = "defines-the-identity"
    NONE = "none"


def mark(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    part: Annotated[str, typer.Argument(help="A stem's role, such as vocals; or mix.")],
    status: Annotated[Said, typer.Argument(help="What you say of it; none takes it back.")],
    start: Annotated[str | None, typer.Option(help="Where it starts: 72.5 or 1:12.5.")] = None,
    end: Annotated[str | None, typer.Option(help="Where it ends.")] = None,
    in_section: Annotated[
        str | None,
        typer.Option("--section", help="A section, as `listen` names it: B, or B2 for its second."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.", parser=text)] = "",
) -> None:
    """Say of a part that it stays, is removed, is reshaped, or defines the identity."""
    from controlroom.report.stem_words import mark_sentence
    from controlroom.studio.studio import Studio

    service = Studio()
    start_s, end_s = (seconds(at) if at else None for at in (start, end))
    if in_section is not None:
        with working(quiet=False) as context:
            start_s, end_s = section(in_section, service.listen(song, context).music["sections"])
    said = service.mark(
        song,
        part,
        None if status is Said.NONE else PartStatus(status.value),
        start_s=start_s,
        end_s=end_s,
        reason=reason,
    )
    say(mark_sentence(said.model_dump(mode="json")))
