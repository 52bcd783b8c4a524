"""What every handler is given: the studio, the shelf, who tells, who works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from controlroom.studio.studio import Studio
from controlroom.web.bench import Bench
from controlroom.web.events import Hub
from controlroom.web.jobs import Runner
from controlroom.web.shelf import Shelf


@dataclass(frozen=True)
class Room:
    """The open console."""

    shelf: Shelf
    studio: Studio
    hub: Hub
    runner: Runner
    bench: Bench

    def song(self, song_id: str) -> Path:
        """Return a song's folder by its id."""
        return self.shelf.song(song_id)

    def told(self, song_id: str, *, music: bool = False) -> None:
        """Say that a song changed, so that every open page reads it again; its music too where that changed."""
        self.hub.tell("song", song=song_id, music=music)


def room_of(request: Request) -> Room:
    """Return the room of the app that a request came to."""
    room: Room = request.app.state.room
    return room


RoomHere = Annotated[Room, Depends(room_of)]


def wants_json(request: Request) -> bool:
    """Return whether a request asks for data and not for a page."""
    return "text/html" not in request.headers.get("accept", "")
