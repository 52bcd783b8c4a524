"""The app: every verb, in the order in which a song is worked on."""

from __future__ import annotations

import typer

from controlroom.cli.verbs import (
    add,
    audition,
    correct,
    decide,
    do,
    finish,
    go_back,
    history,
    listen,
    mark,
    models,
    new,
    note,
    policy,
    propose,
    release,
    render,
    samples,
    separate,
    show,
    standards,
    stems,
    studio,
    undo,
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
    stems.stems,
    samples.samples,
    mark.mark,
    correct.correct,
    propose.propose,
    decide.decide,
    undo.undo,
    note.note,
    do.do,
    render.render,
    audition.audition,
    release.release,
    show.show,
    history.history,
    go_back.go_back,
    verify.verify,
    separate.separate,
    models.models,
    standards.standards,
    policy.policy,
    studio.studio,
):
    app.command()(verb)
