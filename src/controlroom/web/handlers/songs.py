"""Songs: the list, and the desk of one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from controlroom.web import views
from controlroom.web.forms import FinishForm, SongForm
from controlroom.web.room import RoomHere, wants_json
from controlroom.web.shelf import song_id
from controlroom.web.work import draw, finish

router = APIRouter(tags=["songs"])


@router.get("/", include_in_schema=False)
def home(room: RoomHere) -> Response:
    """Go to the song that was opened, or to the list."""
    songs = room.shelf.songs()
    return RedirectResponse(f"/songs/{next(iter(songs))}" if room.shelf.single else "/songs", 303)


@router.get("/songs")
def index(room: RoomHere, request: Request) -> Response:
    """List the songs."""
    return views.song_list(room, as_json=wants_json(request))


@router.post("/songs", status_code=201)
def create(room: RoomHere, form: SongForm) -> dict[str, str]:
    """Make a song without a take."""
    folder = room.shelf.new_folder(form.title)
    try:
        room.studio.new(folder, title=form.title)
    finally:
        room.shelf.give_back(folder)
    room.told(song_id(folder))
    return {"id": song_id(folder)}


@router.get("/songs/{song}")
def show(room: RoomHere, request: Request, song: str) -> Response:
    """Show a song's desk, or tell where it stands as JSON."""
    root = room.song(song)
    if wants_json(request):
        return views.as_json(room.studio.show(root).as_dict())
    return views.song_page(room, song, "desk.html.j2", references=room.studio.references(root))


@router.get("/songs/{song}/desk")
def desk(room: RoomHere, song: str) -> Response:
    """Return the part of the page that changes when something is decided."""
    return views.song_page(room, song, "desk_cards.html.j2")


@router.post("/songs/{song}/finish", status_code=202)
def finishing(room: RoomHere, song: str, form: FinishForm) -> Response:
    """Let a policy answer what it may, and render."""
    root = room.song(song)
    return views.as_json(room.runner.start("finish", song, finish, str(root), form.policy).as_dict(), 202)


@router.post("/songs/{song}/drawing", status_code=202)
def drawing(room: RoomHere, song: str) -> Response:
    """Make a song's sounds playable."""
    root = room.song(song)
    return views.as_json(room.runner.start("draw", song, draw, str(root)).as_dict(), 202)
