"""References: music that a song is heard against."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from controlroom.web import bench, views
from controlroom.web.room import RoomHere, wants_json

router = APIRouter(tags=["references"], prefix="/songs/{song}/references")


@router.get("")
def index(room: RoomHere, request: Request, song: str) -> Response:
    """Show the references."""
    standing = room.studio.references(room.song(song))
    if wants_json(request):
        return views.as_json([one.model_dump(mode="json") for one in standing])
    return views.song_page(room, song, "references.html.j2", references=standing)


@router.delete("/{reference}")
def remove(room: RoomHere, song: str, reference: str) -> Response:
    """Take a reference off the song."""
    gone = room.studio.remove_reference(room.song(song), reference)
    room.told(song)
    return views.as_json({"id": gone.id})


@router.get("/{reference}/sound")
async def sound(room: RoomHere, song: str, reference: str) -> Response:
    """Return a reference as a playable sound, made when it is missing."""
    return views.as_json(await room.bench.do(bench.reference_sound, str(room.song(song)), reference))
