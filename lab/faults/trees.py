"""Workspaces to begin from: each is the one before, and a few verbs more."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from controlroom.media.files import sha256_of
from controlroom.model.decisions import Answer
from controlroom.model.errors import DecisionError
from controlroom.model.proposals import Proposal
from controlroom.studio.studio import Studio
from lab.faults import place as places
from lab.faults.place import Place
from lab.faults.sounds import bring

SONG = Path("a")
INPUTS = "in"


def _empty(_studio: Studio, _inputs: Path) -> None:
    """Leave a folder of the person's own beside the songs, and one song without a take."""
    _studio.new(Path("other"), title="Other")
    _own(Path("contracts/split sheet.txt"))


def _taken(studio: Studio, inputs: Path) -> None:
    studio.new(SONG, title="Glass Harbour")
    studio.add(SONG, inputs / "take.wav")
    studio.note(SONG, 0.5, 1.0, "the voice is late here")
    _own(SONG / "notes.txt")


def _stemmed(studio: Studio, inputs: Path) -> None:
    studio.add_stems(SONG, inputs / "stems")
    studio.add_sample(SONG, inputs / "kick.wav")


def _asked(studio: Studio, _inputs: Path) -> None:
    studio.correct(SONG, tempo_bpm=120.0)
    studio.propose(SONG)


def _decided(studio: Studio, _inputs: Path) -> None:
    studio.do(SONG, "gain", knobs={"gain_db": -0.5}, reason="a little less")
    _answer_all(studio)


def _rendered(studio: Studio, _inputs: Path) -> None:
    folder = studio.render(SONG).report.parent / "renders"
    _own(next(folder.iterdir()) / "heard in the car.txt")
    _own(folder / "old mixes" / "mix 3.txt")


def _released(studio: Studio, _inputs: Path) -> None:
    _own(studio.release(SONG) / "cover.txt")


def _rerendered(studio: Studio, _inputs: Path) -> None:
    """Decide otherwise and render: the next release takes another's place."""
    studio.do(SONG, "gain", knobs={"gain_db": -1.0}, reason="less still")
    _answer_all(studio)
    studio.render(SONG)


STAGES: Mapping[str, tuple[str, Callable[[Studio, Path], None]]] = {
    "empty": ("", _empty),
    "taken": ("empty", _taken),
    "stemmed": ("taken", _stemmed),
    "asked": ("taken", _asked),
    "decided": ("asked", _decided),
    "rendered": ("decided", _rendered),
    "released": ("rendered", _released),
    "rerendered": ("released", _rerendered),
}
"""Each tree's name, what it grows from, and how."""


def grow(place: Place, stage: str, inputs: str) -> int:
    """Grow a tree one stage further: done in a child of the warm process, in the workspace."""
    studio = Studio()
    STAGES[stage][1](studio, Path(inputs))
    theirs = place.known.get("theirs", {}) | _theirs(place)  # what a stage loses stays asked for
    known = {"theirs": theirs, "open": [], "answered": [], "seq": 0}
    if SONG.is_dir():
        shown = studio.show(SONG)
        known["open"] = [p.id for p in shown.proposals if p.id not in shown.decisions]
        known["answered"] = list(shown.decisions)
        firsts = [e["seq"] for e in studio.history(SONG) if e["kind"] == "decision"]
        known["seq"] = firsts[0] if firsts else 0
    (place.root / "known.json").write_text(json.dumps(known))
    return 0


def once_through(folder: Path) -> None:
    """Go the whole way once, so that everything is imported and compiled."""
    import uvicorn  # noqa: F401

    from controlroom.cli import app  # noqa: F401
    from controlroom.web import serve  # noqa: F401
    from controlroom.web.app import create_app  # noqa: F401
    from lab.faults import outside  # noqa: F401

    inputs = bring(folder / INPUTS)
    studio, song = Studio(), folder / "song"
    studio.finish(inputs / "take.wav", out=song, policy="trusting", stems=inputs / "stems")
    studio.sounds(song)
    studio.music(song)
    studio.tone(song)


def first(root: Path) -> Place:
    """Make the place that the first tree grows in."""
    return places.made(root)


def _answer_all(studio: Studio) -> None:
    """Accept what is asked, and ask again, until nothing is open."""
    while asked := _open(studio):
        for proposal in asked:
            try:
                studio.decide(SONG, proposal.id, Answer.ACCEPT, reason="I want it so")
            except DecisionError:  # a rival was accepted before
                studio.decide(SONG, proposal.id, Answer.REJECT, reason="the other one")


def _open(studio: Studio) -> list[Proposal]:
    shown = studio.propose(SONG)
    return [p for p in shown.proposals if p.id not in shown.decisions]


def _own(path: Path) -> None:
    """Put down a file of the person's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"mine: {path.name}")


def _theirs(place: Place) -> dict[str, str]:
    """Return the files that a person put there, with their digests."""
    files = [path for path in place.songs.rglob("*.txt") if path.is_file()]
    return {path.relative_to(place.songs).as_posix(): sha256_of(path) for path in files}
