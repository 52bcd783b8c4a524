"""The app: its handlers behind its gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from controlroom.model.errors import ControlRoomError, Fault
from controlroom.studio.faults import told
from controlroom.studio.studio import Studio
from controlroom.web.bench import Bench
from controlroom.web.errors import body_of, plain, status_of
from controlroom.web.events import Hub
from controlroom.web.gate import Gate, Session
from controlroom.web.handlers import (
    imports,
    jobs,
    music,
    proposals,
    references,
    renders,
    rooms,
    samples,
    songs,
    sounds,
    stems,
    steps,
)
from controlroom.web.jobs import Runner
from controlroom.web.room import Room
from controlroom.web.shelf import Shelf


def create_app(root: Path, session: Session, studio: Studio | None = None) -> FastAPI:
    """Return the console over a workspace or one song."""
    hub = Hub()
    room = Room(Shelf(root), studio or Studio(), hub, Runner(hub), Bench())

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        room.shelf.sweep()
        yield
        room.runner.close()
        room.bench.close()

    app = FastAPI(title="Control Room console", docs_url=None, redoc_url=None, lifespan=life)
    app.state.room = room
    for noun in (
        songs,
        imports,
        proposals,
        steps,
        sounds,
        stems,
        samples,
        music,
        references,
        renders,
        rooms,
        jobs,
    ):
        app.include_router(noun.router)
    static = resources.files("controlroom.web").joinpath("static")
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    app.add_exception_handler(ControlRoomError, _told)
    app.add_exception_handler(RequestValidationError, _told_request)
    app.add_exception_handler(HTTPException, _told_status)
    app.add_exception_handler(OSError, _told)
    app.add_exception_handler(Exception, _told_fault)
    app.add_middleware(Gate, session=session)
    return app


def _told(_request: Request, error: Exception) -> JSONResponse:
    known = told(error)
    return JSONResponse(body_of(known), status_of(known))


def _told_fault(_request: Request, error: Exception) -> JSONResponse:
    """Tell of a fault of ours in the same shape; the log has the rest."""
    known = told(error)
    return JSONResponse(body_of(known), 500 if isinstance(known, Fault) else status_of(known))


def _told_request(_request: Request, error: Exception) -> JSONResponse:
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    told = "; ".join(f"{'.'.join(str(at) for at in one['loc'])}: {one['msg']}" for one in problems[:5])
    return JSONResponse(plain("request.invalid", told or "the request is off", "see /openapi.json"), 422)


def _told_status(_request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 400
    code = {404: "request.not-found", 405: "request.method"}.get(status, "request.refused")
    detail = str(error.detail) if isinstance(error, HTTPException) else "refused"
    headers = getattr(error, "headers", None)
    return JSONResponse(plain(code, detail), status, headers=headers)
