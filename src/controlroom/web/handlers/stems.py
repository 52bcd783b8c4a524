"""Stems: separated or brought, how far each can be trusted, and what a person said of parts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from controlroom.model.errors import UsageError
from controlroom.web import bench, views
from controlroom.web.forms import MarkForm, SeparationForm, StemsForm
from controlroom.web.room import RoomHere, wants_json
from controlroom.web.work import separate, take_stems

router = APIRouter(tags=["stems"], prefix="/songs/{song}")


@router.get("/stems")
def stems(room: RoomHere, request: Request, song: str) -> Response:
    """Show the stems of the current take with their trust."""
    root = room.song(song)
    if wants_json(request):
        return views.as_json(room.studio.stems(root).as_dict())
    return views.stems_page(room, song)


@router.post("/stems", status_code=202)
def bring(room: RoomHere, song: str, form: StemsForm) -> Response:
    """Import the stems that were sent in a parcel."""
    root = room.song(song)
    folder = room.shelf.keep / f"parcel-{form.parcel}"
    if not folder.is_dir():
        raise UsageError("upload.no-parcel", f"there is no parcel {form.parcel}", "send the files again")
    job = room.runner.start("stems", song, take_stems, str(root), str(folder), dict(form.roles))
    return views.as_json(job.as_dict(), 202)


@router.post("/stems/separation", status_code=202)
def separation(room: RoomHere, song: str, form: SeparationForm) -> Response:
    """Separate the current take."""
    root = room.song(song)
    job = room.runner.start("separate", song, separate, str(root), form.backend, form.model)
    return views.as_json(job.as_dict(), 202)


@router.get("/stems/sounds")
async def sounds(room: RoomHere, song: str) -> Response:
    """Return the stems as playable sounds, by role."""
    return views.as_json(await room.bench.do(bench.stem_sounds, str(room.song(song))))


@router.get("/marks")
def marks(room: RoomHere, song: str) -> Response:
    """Return what stands of parts."""
    return views.as_json([one.model_dump(mode="json") for one in room.studio.marks(room.song(song))])


@router.post("/marks", status_code=201)
def mark(room: RoomHere, song: str, form: MarkForm) -> Response:
    """Say of a part that it stays, is removed, is reshaped, or defines the identity."""
    span = form.span
    made = room.studio.mark(
        room.song(song),
        form.part,
        form.status,
        start_s=span.start_s if span else None,
        end_s=span.end_s if span else None,
        reason=form.reason,
    )
    room.told(song)
    return views.as_json(made.model_dump(mode="json"), 201)
