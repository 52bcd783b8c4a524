"""Renders, masters and what goes out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from controlroom.web import files, views
from controlroom.web.room import RoomHere, wants_json
from controlroom.web.work import render, verify

router = APIRouter(tags=["renders"], prefix="/songs/{song}")


@router.post("/renders", status_code=202)
def carry_out(room: RoomHere, song: str) -> Response:
    """Render what is decided."""
    root = room.song(song)
    return views.as_json(room.runner.start("render", song, render, str(root)).as_dict(), 202)


@router.get("/masters")
def masters(room: RoomHere, request: Request, song: str) -> Response:
    """Show the masters of the last render."""
    if wants_json(request):
        return views.as_json(files.masters(room, song))
    return views.song_page(room, song, "masters.html.j2")


@router.get("/masters/{number}")
def download(room: RoomHere, song: str, number: int) -> FileResponse:
    """Send one master, by its number in the list."""
    path = files.master(room, song, number)
    return FileResponse(path, filename=path.name)


@router.get("/report/")
def report(room: RoomHere, song: str) -> Response:
    """Show the report; only its own shipped script may run."""
    return FileResponse(
        files.report(room, song),
        media_type="text/html",
        headers={"content-security-policy": files.report_policy()},
    )


@router.get("/report/{path:path}", include_in_schema=False)
def beside_report(room: RoomHere, song: str, path: str) -> FileResponse:
    """Send a sound that the report plays: one of those that lie there, looked up by name."""
    return FileResponse(files.beside_report(room, song, path))


@router.post("/release", status_code=201)
def release(room: RoomHere, song: str) -> Response:
    """Put decided masters into the release folder."""
    folder = room.studio.release(room.song(song))
    room.told(song)
    return views.as_json({"files": sorted(path.name for path in folder.iterdir())}, 201)


@router.post("/verification", status_code=202)
def check(room: RoomHere, song: str) -> Response:
    """Check chain, takes, renders and masters."""
    root = room.song(song)
    return views.as_json(room.runner.start("verify", song, verify, str(root)).as_dict(), 202)
