"""Three doors: what the studio can do, the command line and the page can do, or it is said why not."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import controlroom.web.handlers as folder
from controlroom.cli.app import app as commands
from controlroom.cli.verbs.correct import correct
from controlroom.studio.studio import Studio
from controlroom.web.forms import AnswerForm, CorrectionForm, KindForm, MarkForm, NoteForm, StepForm
from controlroom.web.work import ask_again, finish, hear, render, take_in

VERBS = sorted(name for name, _ in inspect.getmembers(Studio, inspect.isfunction) if not name.startswith("_"))
COMMANDS = {command.name or command.callback.__name__ for command in commands.registered_commands}

# verb: the command that is its door
CALLED = {
    "policies": "policy",
    "add_model": "models",
    "separate": "separate",
    "separate_take": "stems",
    "add_stems": "stems",
    "marks": "stems",
    "add_sample": "samples",
    "remove_sample": "samples",
}

# verb: why the command line has no door to it
PAGE_ONLY = {
    "begin": "`finish` makes a song of a file at a terminal",
    "desk": "`show` tells the same at a terminal",
    "processors": "`do --help` and the docs list them",
    "sounds": "the page's playable form of files that a terminal has anyway",
    "sound_files": "the page's playable form of files that a terminal has anyway",
    "preview": "heard on a loop in the page; `audition` writes files",
    "match": "heard on a loop in the page; `audition` matches its files",
    "trial": "a blind test needs ears at the page",
    "music": "`listen` tells it at a terminal",
    "tone": "`listen` and the report tell it",
    "decide_kind": "`decide` answers one by one, and an answers file many",
    "compare": "the history room has it; `history` lists the entries",
    "add_reference": "references are heard beside the take, in the page",
    "references": "references are heard beside the take, in the page",
    "remove_reference": "references are heard beside the take, in the page",
    "reference_sound": "the page's playable form of a file that a terminal has anyway",
    "stem_sounds": "the page's playable form of files that a terminal has anyway",
}

# verb: (method, path) of its route
ROUTES = {
    "new": ("POST", "/songs"),
    "add": ("POST", "/imports"),
    "begin": ("POST", "/imports"),
    "listen": ("POST", "/songs/{song}/listening"),
    "propose": ("POST", "/songs/{song}/proposals"),
    "decide": ("POST", "/songs/{song}/proposals/{proposal}/decision"),
    "undo": ("POST", "/songs/{song}/proposals/{proposal}/undo"),
    "go_back": ("POST", "/songs/{song}/history/return"),
    "note": ("POST", "/songs/{song}/notes"),
    "correct": ("POST", "/songs/{song}/music"),
    "do": ("POST", "/songs/{song}/steps"),
    "render": ("POST", "/songs/{song}/renders"),
    "audition": ("POST", "/songs/{song}/proposals/{proposal}/audition"),
    "finish": ("POST", "/songs/{song}/finish"),
    "release": ("POST", "/songs/{song}/release"),
    "show": ("GET", "/songs/{song}"),
    "desk": ("GET", "/songs/{song}/desk"),
    "history": ("GET", "/songs/{song}/history"),
    "verify": ("POST", "/songs/{song}/verification"),
    "standards": ("GET", "/songs/{song}/standards"),
    "policies": ("GET", "/policies"),
    "processors": ("GET", "/processors"),
    "sounds": ("GET", "/songs/{song}/sounds"),
    "sound_files": ("GET", "/songs/{song}/sounds/{sound}/{what}"),
    "preview": ("POST", "/songs/{song}/previews"),
    "match": ("POST", "/songs/{song}/matches"),
    "trial": ("POST", "/songs/{song}/trials"),
    "music": ("GET", "/songs/{song}/music"),
    "tone": ("GET", "/songs/{song}/tone"),
    "decide_kind": ("POST", "/songs/{song}/kinds/{kind}/decision"),
    "compare": ("GET", "/songs/{song}/history/differences"),
    "add_reference": ("POST", "/imports"),
    "references": ("GET", "/songs/{song}/references"),
    "remove_reference": ("DELETE", "/songs/{song}/references/{reference}"),
    "reference_sound": ("GET", "/songs/{song}/references/{reference}/sound"),
    "stems": ("GET", "/songs/{song}/stems"),
    "separate_take": ("POST", "/songs/{song}/stems/separation"),
    "add_stems": ("POST", "/songs/{song}/stems"),
    "stem_sounds": ("GET", "/songs/{song}/stems/sounds"),
    "mark": ("POST", "/songs/{song}/marks"),
    "marks": ("GET", "/songs/{song}/marks"),
    "add_sample": ("POST", "/imports"),
    "samples": ("GET", "/songs/{song}/samples"),
    "remove_sample": ("DELETE", "/songs/{song}/samples/{sample}"),
}


# verb: why the page has no route to it
NO_ROUTE = {
    "add_model": "weights are fetched at a terminal; the stems room says the command when they are missing",
    "separate": "it takes any file apart, outside of a song; the stems room separates the song's take",
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_command_or_says_why_not(verb):
    assert (CALLED.get(verb, verb) in COMMANDS) != (verb in PAGE_ONLY)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_route_or_says_why_not(console, verb):
    assert (verb in ROUTES) != (verb in NO_ROUTE)
    if verb in NO_ROUTE:
        return
    method, path = ROUTES[verb]
    described = console.app.openapi()["paths"]
    assert method.lower() in described[path]


def test_no_list_names_a_verb_that_is_gone():
    assert set(ROUTES) <= set(VERBS)
    assert set(NO_ROUTE) <= set(VERBS)
    assert set(PAGE_ONLY) <= set(VERBS)
    assert set(CALLED) <= set(VERBS)


@pytest.mark.parametrize(
    "verb, form, renamed",
    [
        ("decide", AnswerForm, {"span_s": "span"}),
        ("decide_kind", KindForm, {}),
        ("mark", MarkForm, {"start_s": "span", "end_s": "span"}),
        ("note", NoteForm, {}),
        ("correct", CorrectionForm, {}),
        ("do", StepForm, {"start_s": "span", "end_s": "span"}),
    ],
)
def test_http_takes_what_python_takes_with_the_same_defaults(verb, form, renamed):
    given = inspect.signature(getattr(Studio, verb)).parameters
    for name, parameter in list(given.items())[2:]:
        if name in ("proposal_id", "kind"):
            continue
        field = form.model_fields[renamed.get(name, name)]
        if parameter.default is not inspect.Parameter.empty:
            assert (field.default or None) == (parameter.default or None)


def test_a_terminal_corrects_what_python_corrects():
    """Options have shorter names; each that Python takes is there, and nothing else."""
    shorter = {
        "tempo": "tempo_bpm",
        "downbeat": "first_downbeat_s",
        "section": "sections",
        "chord": "chords",
        "take_back": "withdrawn",
    }
    options = [shorter.get(name, name) for name in inspect.signature(correct).parameters if name != "song"]
    assert sorted(options) == sorted(list(inspect.signature(Studio.correct).parameters)[2:])


def test_jobs_call_the_studio_and_nothing_else():
    for work in (take_in, ask_again, finish, hear, render):
        assert "Studio()" in inspect.getsource(work)


@pytest.mark.parametrize("file", sorted(Path(folder.__path__[0]).glob("*.py")), ids=lambda file: file.stem)
def test_handlers_are_thin(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.body[-1].end_lineno - node.body[0].lineno < 16, node.name
