"""Proposals: asked again, answered, taken back, auditioned."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from controlroom.web import views
from controlroom.web.forms import AnswerForm, KindForm, ProposeForm, UndoForm
from controlroom.web.room import RoomHere
from controlroom.web.work import ask_again, audition, hear

router = APIRouter(tags=["proposals"], prefix="/songs/{song}")


@router.post("/listening", status_code=202)
def listen(room: RoomHere, song: str) -> Response:
    """Listen to the current take."""
    root = room.song(song)
    return views.as_json(room.runner.start("listen", song, hear, str(root)).as_dict(), 202)


@router.post("/proposals", status_code=202)
def propose(room: RoomHere, song: str, form: ProposeForm) -> Response:
    """Listen and ask again, with the answers so far."""
    root = room.song(song)
    return views.as_json(
        room.runner.start("propose", song, ask_again, str(root), form.target_lufs).as_dict(), 202
    )


@router.post("/proposals/{proposal}/decision", status_code=201)
def decide(room: RoomHere, song: str, proposal: str, form: AnswerForm) -> Response:
    """Record an answer."""
    decision = room.studio.decide(
        room.song(song),
        proposal,
        form.answer,
        knobs=form.knobs,
        span_s=form.span.pair() if form.span else None,
        part=form.part,
        reason=form.reason,
        auditioned_s=form.auditioned_s,
        keep_despite_guards=form.keep_despite_guards,
    )
    room.told(song)
    return views.as_json({"id": decision.id, **decision.model_dump(mode="json")}, 201)


@router.post("/kinds/{kind}/decision", status_code=201)
def decide_kind(room: RoomHere, song: str, kind: str, form: KindForm) -> Response:
    """Record one answer to every open question of a kind, each as its own entry."""
    made = room.studio.decide_kind(
        room.song(song), kind, form.answer, reason=form.reason, auditioned_s=form.auditioned_s
    )
    room.told(song)
    return views.as_json([{"id": one.id, **one.model_dump(mode="json")} for one in made], 201)


@router.post("/proposals/{proposal}/undo", status_code=201)
def undo(room: RoomHere, song: str, proposal: str, form: UndoForm) -> Response:
    """Take an answer back, as a new decision."""
    decision = room.studio.undo(room.song(song), proposal, reason=form.reason)
    room.told(song)
    return views.as_json({"id": decision.id, **decision.model_dump(mode="json")}, 201)


@router.post("/proposals/{proposal}/audition", status_code=202)
def hear_alone(room: RoomHere, song: str, proposal: str) -> Response:
    """Write a proposal's audition files into the song."""
    root = room.song(song)
    return views.as_json(room.runner.start("audition", song, audition, str(root), proposal).as_dict(), 202)
