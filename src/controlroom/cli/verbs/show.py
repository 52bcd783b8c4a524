"""``controlroom show``: where a song stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controlroom.cli.present import say, say_json, say_page


def show(
    song: Annotated[Path, typer.Argument(help="The song's folder.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show state, take, stems, findings, and what was decided or waits."""
    from controlroom.report.sentences import elsewhere_sentence
    from controlroom.report.stem_words import set_text
    from controlroom.report.take_words import take_sentences
    from controlroom.report.text import findings_text, proposals_text
    from controlroom.studio.studio import Studio

    service = Studio()
    shown = service.show(song)
    stems = service.stems(song).as_dict() if shown.take else None
    if json:
        say_json({**shown.as_dict(), "stems": stems})
        return
    say(f"{shown.title}  [{shown.state}]")
    for sentence in take_sentences(shown.take.facts) if shown.take else ():
        say(sentence)
    if stems and stems["stems"]:
        say_page(set_text(stems))
    say_page(findings_text(shown.findings))
    say_page(proposals_text(shown.proposals, shown.decisions))
    for one in shown.elsewhere:
        say(f"{elsewhere_sentence(one)}.")
