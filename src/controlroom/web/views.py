"""What the templates are given: cards, knobs and entries, in the report's own words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup

from controlroom.model import figures
from controlroom.model.base import finite, text_of
from controlroom.model.errors import ControlRoomError
from controlroom.model.parts import MIX, ROLES
from controlroom.model.proposals import Knob, Stage
from controlroom.model.song import PartStatus
from controlroom.report import charts, sentences
from controlroom.report.sample_words import sample_facts
from controlroom.report.stem_words import file_sentences
from controlroom.studio.console_answers import Difference
from controlroom.studio.console_desk import Card, Desk, KnobInfo, ProcessorInfo
from controlroom.web.room import Room

BANK = re.compile(r"^([a-z]+\d+)_(.+)$")

STAGES: Mapping[Stage, str] = {
    Stage.ARRANGEMENT: "Arrangement",
    Stage.REPAIR: "Repair",
    Stage.STEMS: "Stems",
    Stage.SPACE: "Space",
    Stage.TONE: "Tone",
    Stage.LOUDNESS: "Loudness",
}

ROOMS = (
    ("", "Desk"),
    ("/stems", "Stems"),
    ("/music", "Music"),
    ("/references", "References"),
    ("/takes", "Takes"),
    ("/standards", "Standards"),
    ("/history", "History"),
    ("/masters", "Masters"),
)

STATUSES: Mapping[PartStatus, str] = {
    PartStatus.STAYS: "stays",
    PartStatus.REMOVED: "is removed",
    PartStatus.RESHAPED: "is reshaped",
    PartStatus.DEFINES_IDENTITY: "defines the identity",
}
BACKENDS = {
    "spleeter": "Spleeter: voice and backing",
    "demucs": "Demucs: four stems",
    "parts": "No weights: parts",
}
"""What the page offers to separate with; a missing one says the command that brings it."""

ARC_KINDS = ("surface-arc", "predictable-arc", "section-level", "late-degradation", "repetition", "form")
HARMONY_KINDS = ("harmonic-familiarity", "tempo-drift", "tuning-drift")
"""Findings that the music room shows as evidence."""


@dataclass(frozen=True)
class KnobRow:
    """One knob as the card draws it: what it is, where it stands, what was proposed."""

    info: KnobInfo
    label: str
    proposed: Knob
    value: Knob


@dataclass(frozen=True)
class Bank:
    """Knobs that belong together: the bands of an equaliser; ``name`` is empty for single knobs."""

    name: str
    rows: tuple[KnobRow, ...]
    quiet: bool


def as_json(value: Any, status: int = 200) -> Response:
    """Return JSON; infinities, which JSON has no word for, as null."""
    return JSONResponse(finite(value), status)


def song_list(room: Room, *, as_json: bool) -> Response:
    """Return the list of songs with their states; one that can't be opened says why."""
    listed = [_listed(room, song_id, folder) for song_id, folder in room.shelf.songs().items()]
    if as_json:
        return JSONResponse(listed)
    return _page("songs.html.j2", songs=listed, single=room.shelf.single)


def _listed(room: Room, song_id: str, folder: Path) -> dict[str, Any]:
    try:
        desk = room.studio.desk(folder)
    except ControlRoomError as error:
        return {
            "id": song_id,
            "title": text_of(folder.name),
            "state": "closed",
            "waiting": 0,
            "why": error.message,
        }
    return {"id": song_id, "title": desk.title, "state": str(desk.state), "waiting": _open(desk), "why": ""}


def song_page(room: Room, song: str, template: str, **more: Any) -> Response:
    """Return one of a song's pages, or the part of it that changes."""
    desk = room.studio.desk(room.song(song))
    facts = {"song": song, "desk": desk, "waiting": _open(desk), "single": room.shelf.single}
    return _page(template, **facts, processors=room.studio.processors(), **more)


def stems_page(room: Room, song: str) -> Response:
    """Return the stems room."""
    root = room.song(song)
    view = room.studio.stems(root) if room.studio.desk(root).take else None
    facts = {"references": (), "backends": BACKENDS, "roles": [role for role in ROLES if role != MIX]}
    done = file_sentences(view.as_dict()) if view else []
    return song_page(room, song, "stems.html.j2", view=view, done=done, **facts)


def _open(desk: Desk) -> int:
    return sum(1 for card in desk.cards if answer_of(card) == "open")


def answer_of(card: Card) -> str:
    """Return how a card stands: open, accept, edit, reject, defer, or stale."""
    if card.stale:
        return "stale"
    return str(card.decision.answer) if card.decision else "open"


def many_of(desk: Desk) -> dict[str, int]:
    """Return the kinds of which several questions are open and may be answered at once, with how many."""
    open_ones = [
        card.proposal.kind
        for card in desk.cards
        if answer_of(card) in ("open", "defer") and not any(guard.broken for guard in card.proposal.guards)
    ]
    return {kind: count for kind, count in Counter(open_ones).items() if count > 1 and kind != "hand-made"}


def place_of(card: Card) -> dict[str, float] | None:
    """Return where a card sounds: its step's span, else its first finding's; None for the whole song."""
    spans = (card.proposal.step.span, *(finding.span for finding in card.findings))
    span = next((span for span in spans if span is not None), None)
    return {"start_s": span.start_s, "end_s": span.end_s} if span else None


def banks_of(card: Card, processors: Mapping[str, ProcessorInfo]) -> list[Bank]:
    """Return a card's knobs, the bands of an equaliser gathered into banks."""
    info = processors.get(card.proposal.step.processor)
    if info is None:
        return []
    proposed = card.proposal.step.knobs
    decided = card.decision.step.knobs if card.decision and card.decision.sounds else proposed
    groups: dict[str, list[KnobRow]] = {}
    for knob in info.knobs:
        found = BANK.match(knob.name)
        base = proposed.get(knob.name, knob.default)
        row = KnobRow(
            knob, label_of(found[2] if found else knob.name, knob.unit), base, decided.get(knob.name, base)
        )
        groups.setdefault(found[1] if found else "", []).append(row)
    return [Bank(_spaced(name), tuple(rows), _is_quiet(name, rows)) for name, rows in groups.items()]


def _is_quiet(name: str, rows: Sequence[KnobRow]) -> bool:
    """Return whether a band does nothing as proposed: it is folded away."""
    gains = [row for row in rows if row.info.unit == "dB"]
    return bool(name and gains) and all(row.proposed == row.value == row.info.default for row in gains)


def _spaced(name: str) -> str:
    return re.sub(r"(\d+)$", r" \1", name).capitalize()


def label_of(name: str, unit: str) -> str:
    """Return a knob's name without its unit, as words."""
    endings = {
        "dB": "_db",
        "Hz": "_hz",
        "ms": "_ms",
        "s": "_s",
        "dBTP": "_dbtp",
        "dB/octave": "_db_per_octave",
    }
    base = name.removesuffix(endings.get(unit, "\0"))
    words = "frequency" if base in ("", "hz") else base.replace("_", " ")
    if unit == "ms" and words in ("attack", "sustain"):
        words += " time"  # a transient's knobs have a level of that name too
    return words[:1].upper() + words[1:] if words != "q" else "Q"


def told_differences(found: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return what differs between two states of the desk, in words."""
    return [
        {
            "proposal": one.proposal.id,
            "says": sentences.proposal_sentence(one.proposal),
            "stage": STAGES[one.proposal.step.stage],
            "then": sentences.decision_sentence(one.then) if one.then else "not answered",
            "now": sentences.decision_sentence(one.now) if one.now else "not answered",
            "knobs": _moved_knobs(one),
        }
        for one in found
    ]


def _moved_knobs(one: Difference) -> list[dict[str, Any]]:
    """Return the knobs that differ where a step sounds at both entries."""
    if not (one.then and one.now and one.then.sounds and one.now.sounds):
        return []
    then, now = one.then.step.knobs, one.now.step.knobs
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    return [{"name": name, "then": then.get(name), "now": now.get(name)} for name in names]


def processors_as_dict(processors: Mapping[str, ProcessorInfo]) -> dict[str, Any]:
    """Return processors with titles, for the hand-made card."""
    return {
        name: {
            "title": sentences.step_title(name),
            "stage": info.stage,
            "order": info.order,
            "parts": list(info.parts),
            "knobs": [{**asdict(knob), "label": label_of(knob.name, knob.unit)} for knob in info.knobs],
        }
        for name, info in processors.items()
    }


def plot_of(card: Card) -> Markup:
    """Return the first plot among a card's findings, drawn as in the report."""
    plots = (charts.plot(f"plot-{f.id}", f.plot) for f in card.findings if f.plot)
    return Markup(next(plots, ""))  # noqa: S704 -- svg.text and svg.chart escape all words


def _page(template: str, **facts: Any) -> Response:
    return HTMLResponse(_environment().get_template(template).render(rooms=ROOMS, **facts))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("controlroom.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = lambda at: str(at).replace("T", " ").replace("+00:00", " UTC")
    environment.filters["figure"] = lambda value: f"{value:.10g}"
    environment.globals.update(say=sentences, figures=figures, amount=sentences.format_measurement)
    environment.globals.update(sample_facts=sample_facts)
    environment.globals.update(
        many_of=many_of, answer_of=answer_of, place_of=place_of, banks_of=banks_of, plot_of=plot_of
    )
    environment.globals.update(
        stages=STAGES, states=sentences.STATES, statuses=STATUSES, clock=figures.clock, number=figures.number
    )
    return environment
