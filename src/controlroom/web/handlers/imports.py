"""Imports: a file comes in as a stream of bytes and becomes a take."""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from anyio import open_file, to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from controlroom.model.errors import UsageError
from controlroom.web import views
from controlroom.web.gate import UPLOAD_LIMIT_BYTES
from controlroom.web.jobs import Job
from controlroom.web.room import Room, RoomHere
from controlroom.web.shelf import Shelf, file_name, let_go, own_place, song_id
from controlroom.web.work import take_in, take_reference, take_sample, take_stems

router = APIRouter(tags=["takes"])

Role = Literal["take", "reference", "stems", "sample"]


@dataclass(frozen=True)
class ReadingForm:
    """How a take is read, where a person said so."""

    as_is: bool = False
    scale_db: Annotated[float, Query(ge=-200, le=200)] = 0.0

    def said(self) -> dict[str, Any]:
        """Return plain values, for a job."""
        return {"as_is": self.as_is, "scale_db": self.scale_db}


Parcel = Annotated[str, Query(pattern="^([0-9a-f]{16})?$")]
MOST_STEMS = 40
KEPT = {"reference": take_reference, "sample": take_sample}


@router.post("/imports", status_code=202)
async def receive(
    room: RoomHere,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=300)],
    song: Annotated[str, Query(max_length=80)] = "",
    role: Role = "take",
    how: Annotated[ReadingForm, Depends()] = ReadingForm(),
) -> Response:
    """Take a file in: as a new song, or as a new take, a reference, a sample or the stems (a zip) of ``song``."""
    leaf = file_name(name)
    new = not song and role == "take"
    root = room.shelf.new_folder(_title(leaf)) if new else room.song(song)
    try:
        file = await _received(request, room.shelf, leaf)
        try:
            job = _started(room, role, song, root, (file, how))
        except BaseException:
            let_go(file.parent)
            raise
    except BaseException:
        if new:
            room.shelf.give_back(root)
        raise
    return views.as_json(job.as_dict(), 202)


def _title(leaf: str) -> str:
    return leaf.rpartition(".")[0] or leaf


def _started(room: Room, role: Role, song: str, root: Path, sent: tuple[Path, ReadingForm]) -> Job:
    """Start the job that a file was sent for; a folder that was made for a song goes when none came into it."""
    file, how = sent
    if role in KEPT:
        return room.runner.start(role, song, KEPT[role], str(root), str(file))
    if role == "stems":
        return room.runner.start("stems", song, take_stems, str(root), str(file), {})
    after = None if song else partial(room.shelf.give_back, root)
    made = (str(root), str(file), _title(file.name), not song, how.said())
    return room.runner.start("import", song_id(root), take_in, *made, after=after)


@router.post("/imports/parcels", status_code=201)
async def parcel(
    room: RoomHere,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=300)],
    parcel: Parcel = "",
) -> Response:
    """Take one of several stem files in; all that belong together carry the parcel of the first."""
    if not parcel:
        await to_thread.run_sync(room.shelf.sweep)
    token = parcel or secrets.token_hex(8)
    folder = room.shelf.keep / f"parcel-{token}"
    if parcel and not folder.is_dir():
        raise UsageError("upload.no-parcel", f"there is no parcel {parcel}", "send the files again")
    await to_thread.run_sync(lambda: folder.mkdir(parents=True, exist_ok=True))
    held = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    if len(held) >= MOST_STEMS:
        raise UsageError("upload.too-many", f"more than {MOST_STEMS} stems", "send those that sound")
    named = await _laid(request, folder, name, sum(held))
    return views.as_json({"parcel": token, "files": len(held) + 1, "name": named}, 201)


async def _laid(request: Request, folder: Path, name: str, held: int) -> str:
    """Write a request's body into a parcel and return under which name: two of one name stay two."""
    path = await to_thread.run_sync(own_place, folder, name)
    try:
        await _stream(request, path, held)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path.relative_to(folder).as_posix()


async def _received(request: Request, shelf: Shelf, leaf: str) -> Path:
    """Write a request's body to a file of its own, in a folder that goes with it."""
    folder = await to_thread.run_sync(_folder, shelf)
    try:
        await _stream(request, folder / leaf)
    except BaseException:
        let_go(folder)
        raise
    return folder / leaf


async def _stream(request: Request, path: Path, held: int = 0) -> None:
    """Write the body block by block; the announced length is not believed."""
    size = held
    async with await open_file(path, "wb") as out:
        async for chunk in request.stream():
            size += len(chunk)
            if size > UPLOAD_LIMIT_BYTES:
                raise UsageError(
                    "upload.too-large", f"more than {UPLOAD_LIMIT_BYTES} bytes", "send a shorter file"
                )
            await out.write(chunk)
    if size == held:
        raise UsageError("upload.empty", f"{path.name} has no bytes", "export it again")


def _folder(shelf: Shelf) -> Path:
    shelf.sweep()
    shelf.keep.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="import-", dir=shelf.keep))
