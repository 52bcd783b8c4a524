"""Sounds: what can be played and drawn, previews, and equal loudness."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from controlroom.web import bench, views
from controlroom.web.forms import MatchForm, PreviewForm
from controlroom.web.room import RoomHere

router = APIRouter(tags=["sounds"], prefix="/songs/{song}")

FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
"""A sound's id names its content."""


@router.get("/sounds")
async def index(room: RoomHere, song: str) -> Response:
    """Return take and render as playable sounds."""
    return views.as_json(await room.bench.do(bench.sounds, str(room.song(song))))


@router.get("/sounds/{sound}/{what}")
def data(
    room: RoomHere, song: str, sound: str, what: Literal["samples", "peaks", "spectrogram"]
) -> FileResponse:
    """Return a sound's samples (by ranges), its overview or its spectrogram."""
    files = room.studio.sound_files(room.song(song), sound)
    return FileResponse(getattr(files, what), media_type="application/octet-stream", headers=FOREVER)


@router.post("/previews", status_code=201)
async def preview(room: RoomHere, song: str, form: PreviewForm) -> Response:
    """Make one step alone playable on a stretch."""
    made = await room.bench.do(bench.preview, str(room.song(song)), form)
    return views.as_json(made, 201)


@router.post("/matches")
async def match(room: RoomHere, song: str, form: MatchForm) -> Response:
    """Return the gains that make sounds equally loud on a stretch."""
    root = str(room.song(song))
    gains = await room.bench.do(bench.match, root, form.sounds, form.stretch.pair(), form.moved_s)
    return views.as_json(gains)
