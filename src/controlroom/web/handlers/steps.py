"""Steps by hand, and notes: what a person writes without being asked."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from controlroom.web import views
from controlroom.web.forms import NoteForm, StepForm
from controlroom.web.room import RoomHere

router = APIRouter(tags=["steps"])


@router.get("/processors")
def processors(room: RoomHere) -> Response:
    """Return every processor with its knobs."""
    return views.as_json(views.processors_as_dict(room.studio.processors()))


@router.post("/songs/{song}/steps", status_code=201)
def do(room: RoomHere, song: str, form: StepForm) -> Response:
    """Write a step; it is the person's decision from the start."""
    decision = room.studio.do(
        room.song(song),
        form.processor,
        part=form.part,
        start_s=form.span.start_s if form.span else None,
        end_s=form.span.end_s if form.span else None,
        knobs=form.knobs,
        reason=form.reason,
    )
    room.told(song)
    return views.as_json({"id": decision.id, **decision.model_dump(mode="json")}, 201)


@router.post("/songs/{song}/notes", status_code=201)
def note(room: RoomHere, song: str, form: NoteForm) -> Response:
    """Write a note down."""
    note = room.studio.note(room.song(song), form.start_s, form.end_s, form.text, part=form.part)
    room.told(song)
    return views.as_json({"id": note.id, **note.model_dump(mode="json")}, 201)
