"""The other rooms: takes, standards, history, policies, trials."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from controlroom.model.errors import UsageError
from controlroom.web import files, views
from controlroom.web.forms import ReturnForm, StandardsForm, TrialForm
from controlroom.web.room import RoomHere, wants_json

router = APIRouter(tags=["rooms"])

Entry = Annotated[int, Query(ge=1, le=10**9)]


@router.get("/songs/{song}/takes")
def takes(room: RoomHere, request: Request, song: str) -> Response:
    """Show the takes."""
    if wants_json(request):
        listed = room.studio.desk(room.song(song)).takes
        return views.as_json([take.model_dump(mode="json") for take in listed])
    return views.song_page(room, song, "takes.html.j2")


@router.get("/songs/{song}/standards")
def standards(room: RoomHere, request: Request, song: str) -> Response:
    """Show a song's standards with the origin of each number."""
    numbers = room.studio.standards(room.song(song))
    if wants_json(request):
        return views.as_json(numbers.document())
    return views.song_page(
        room, song, "standards.html.j2", standards=numbers, policies=room.studio.policies()
    )


@router.patch("/songs/{song}/standards")
def set_standards(room: RoomHere, song: str, form: StandardsForm) -> Response:
    """Lay a person's own numbers over a song's."""
    with files.as_toml(form.values, room.shelf.keep) as path:
        try:
            numbers = room.studio.standards(room.song(song), set_from=path)
        except UsageError as error:  # the file is ours: a person gave the numbers alone
            raise UsageError(error.code, error.message.removeprefix(f"{path}: "), error.hint) from error
    room.told(song)
    return views.as_json({"digest": numbers.digest})


@router.get("/policies")
def policies(room: RoomHere) -> Response:
    """Return the shipped policies."""
    return views.as_json([policy.document() for policy in room.studio.policies()])


@router.get("/songs/{song}/history")
def history(room: RoomHere, request: Request, song: str) -> Response:
    """Show the ledger."""
    entries = room.studio.history(room.song(song))
    if wants_json(request):
        return views.as_json(entries)
    return views.song_page(room, song, "history.html.j2", entries=entries[::-1])


@router.get("/songs/{song}/history/differences")
def differences(room: RoomHere, song: str, then: Entry, now: Entry) -> Response:
    """Return which answers differ between two entries."""
    return views.as_json(views.told_differences(room.studio.compare(room.song(song), then, now)))


@router.post("/songs/{song}/history/return", status_code=201)
def go_back(room: RoomHere, song: str, form: ReturnForm) -> Response:
    """Answer everything again as it stood at an entry."""
    decisions = room.studio.go_back(room.song(song), form.seq)
    room.told(song)
    return views.as_json({"answered": len(decisions)}, 201)


@router.post("/songs/{song}/trials", status_code=201)
def trial(room: RoomHere, song: str, form: TrialForm) -> Response:
    """Keep the result of a blind trial as evidence."""
    kept = room.studio.trial(room.song(song), form.a, form.b, correct=form.correct, total=form.total)
    room.told(song)
    return views.as_json(kept, 201)
