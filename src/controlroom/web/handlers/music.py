"""Music and tone: what the page draws of form, harmony and spectrum."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from controlroom.web import bench, views
from controlroom.web.forms import CorrectionForm
from controlroom.web.room import RoomHere, wants_json

router = APIRouter(tags=["music"], prefix="/songs/{song}")


@router.get("/music")
async def music(room: RoomHere, request: Request, song: str) -> Response:
    """Show arc and harmony."""
    root = room.song(song)
    if wants_json(request):
        return views.as_json(await room.bench.do(bench.music, str(root)))
    kinds = {"arc_kinds": views.ARC_KINDS, "harmony_kinds": views.HARMONY_KINDS}
    return views.song_page(room, song, "music.html.j2", references=room.studio.references(root), **kinds)


@router.post("/music", status_code=201)
def correct(room: RoomHere, song: str, form: CorrectionForm) -> Response:
    """Keep a person's word on tempo, bars, key, sections and chords, or take it back."""
    said = room.studio.correct(room.song(song), **form.model_dump())
    room.told(song, music=True)
    return views.as_json(said.model_dump(mode="json"), 201)


@router.get("/tone")
async def tone(room: RoomHere, song: str) -> Response:
    """Return the corridor, and where take and render lie in it."""
    return views.as_json(await room.bench.do(bench.tone, str(room.song(song))))
