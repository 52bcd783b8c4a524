"""``controlroom correct``: your word on tempo, bars, key, sections and chords."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.parse import named_places, seconds, text
from controlroom.cli.present import say

NAMES = {"tempo": "tempo_bpm", "downbeat": "first_downbeat_s"}


def correct(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    tempo: Annotated[float | None, typer.Option(help="Beats per minute, 20 to 400.")] = None,
    downbeat: Annotated[str | None, typer.Option(help="Where a bar begins: 0.52 or 1:12.5.")] = None,
    beats_per_bar: Annotated[int | None, typer.Option(help="Beats in a bar, 1 to 16.")] = None,
    key: Annotated[str | None, typer.Option(help="Such as A:min or F#:maj.")] = None,
    section: Annotated[
        list[str] | None, typer.Option(help="PLACE=NAME, one for each section; they replace what was heard.")
    ] = None,
    chord: Annotated[
        list[str] | None, typer.Option(help="PLACE=CHORD, one for each change; they replace what was heard.")
    ] = None,
    take_back: Annotated[
        list[str] | None,
        typer.Option(
            help="tempo, downbeat, beats-per-bar, key, sections or chords: what was heard stands again."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.", parser=text)] = "",
) -> None:
    """Correct what was heard of the music. It is a decision, and it wins over what is heard."""
    from controlroom.studio.studio import Studio

    said = Studio().correct(
        song,
        tempo_bpm=tempo,
        first_downbeat_s=seconds(downbeat) if downbeat else None,
        beats_per_bar=beats_per_bar,
        key=key,
        sections=named_places(section or []),
        chords=named_places(chord or []),
        withdrawn=[NAMES.get(one, one.replace("-", "_")) for one in take_back or []],
        reason=reason,
    )
    named = said.model_dump(exclude={"clock", "by", "at", "reason", "withdrawn"}, exclude_none=True)
    if kept := _listed(name for name, value in named.items() if value != ()):
        say(f"Kept, as {said.by}'s word: {kept}.")
    if said.withdrawn:
        say(f"Taken back by {said.by}: {_listed(said.withdrawn)}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
