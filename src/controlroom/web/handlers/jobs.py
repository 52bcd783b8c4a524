"""Jobs and events: where long work is, how to stop it, and the one stream that tells."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse

from controlroom.web import views
from controlroom.web.room import RoomHere

router = APIRouter(tags=["jobs"])


@router.get("/jobs")
def index(room: RoomHere) -> Response:
    """Return the last jobs, newest first."""
    return views.as_json([job.as_dict() for job in room.runner.jobs()])


@router.get("/jobs/{job}")
def show(room: RoomHere, job: str) -> Response:
    """Return one job."""
    return views.as_json(room.runner.job(job).as_dict())


@router.delete("/jobs/{job}", status_code=202)
def cancel(room: RoomHere, job: str) -> Response:
    """Ask a job to stop."""
    return views.as_json(room.runner.cancel(job).as_dict(), 202)


@router.get("/events", include_in_schema=False)
async def stream(
    room: RoomHere,
    last_event_id: Annotated[str | None, Header()] = None,
    last: Annotated[str | None, Query(max_length=40)] = None,
) -> StreamingResponse:
    """Stream what happens, from the last event that the page saw."""
    return StreamingResponse(
        room.hub.stream(last_event_id or last),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )
