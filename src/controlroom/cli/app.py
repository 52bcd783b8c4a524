"""The app: every verb, in the order in which a song is worked on."""

from __future__ import annotations

import typer

from controlroom.cli.verbs import (
    add,
    audition,
    decide,
    do,
    finish,
    history,
    listen,
    models,
    new,
    note,
    policy,
    propose,
    release,
    render,
    separate,
    show,
    standards,
    studio,
    verify,
)

app = typer.Typer(
    name="controlroom",
    help="Hear, decide, correct, prove: what happens to AI-generated music after it is generated.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for verb in (
    finish.finish,
    new.new,
    add.add,
    listen.listen,
    propose.propose,
    decide.decide,
    note.note,
    do.do,
    render.render,
    audition.audition,
    release.release,
    show.show,
    history.history,
    verify.verify,
    separate.separate,
    models.models,
    standards.standards,
    policy.policy,
    studio.studio,
):
    app.command()(verb)
