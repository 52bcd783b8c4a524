"""Samples: one-shots that a person brought, for layers under a drum. They come in by ``/imports``."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from controlroom.web import views
from controlroom.web.room import RoomHere

router = APIRouter(tags=["samples"], prefix="/songs/{song}/samples")


@router.get("")
def index(room: RoomHere, song: str) -> Response:
    """Return the samples that the song holds."""
    standing = room.studio.samples(room.song(song))
    return views.as_json([one.model_dump(mode="json") for one in standing])


@router.delete("/{sample}")
def remove(room: RoomHere, song: str, sample: str) -> Response:
    """Take a sample off the song; refused when a decided step names it."""
    gone = room.studio.remove_sample(room.song(song), sample)
    room.told(song)
    return views.as_json({"id": gone.id})
