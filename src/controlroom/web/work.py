"""What jobs do, each a few studio calls in a process of its own; plain values in, JSON out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError
from controlroom.model.song import Reading
from controlroom.studio.folder import SongFolder
from controlroom.studio.studio import Studio
from controlroom.web.shelf import let_go

ASKED = ("stem.role-asked", "stem.role-twice")


def take_in(
    context: Context, root: str, file: str, title: str, new: bool, how: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Import a file as a take (into a new song, when asked), listen, and propose."""
    studio, song, source = Studio(), Path(root), Path(file)
    try:
        with context.part("import", 0.0, 0.15) as inner:
            reading = Reading.model_validate(how or {})
            if new:
                take = studio.begin(song, source, inner, title=title, reading=reading)
            else:
                take = studio.add(song, source, inner, reading=reading)
    finally:
        let_go(source.parent)
    with context.part("draw", 0.15, 0.3) as inner:
        studio.sounds(song, inner)
        studio.music(song, inner)
    with context.part("listen", 0.3, 0.97) as inner:
        studio.propose(song, inner)
    with context.part("draw", 0.97, 1.0) as inner:
        studio.tone(song, inner)
    return {"take": take.id}


def take_reference(context: Context, root: str, file: str) -> dict[str, Any]:
    """Keep a file as a reference, and make it playable."""
    studio, song, source = Studio(), Path(root), Path(file)
    try:
        with context.part("import", 0.0, 0.5) as inner:
            reference = studio.add_reference(song, source, inner)
    finally:
        let_go(source.parent)
    if studio.desk(song).take is not None:
        with context.part("draw", 0.5, 1.0) as inner:
            studio.reference_sound(song, reference.id, inner)
    return {"reference": reference.id}


def take_sample(context: Context, root: str, file: str) -> dict[str, Any]:
    """Keep a one-shot in the song, for layers under a drum."""
    source = Path(file)
    try:
        return {"sample": Studio().add_sample(Path(root), source, context).id}
    finally:
        let_go(source.parent)


def separate(context: Context, root: str, backend: str, model: str) -> dict[str, Any]:
    """Separate the take, make the stems playable, and listen with them."""
    studio, song = Studio(), Path(root)
    with context.part("separate", 0.0, 0.6) as inner:
        studio.separate_take(song, inner, backend=backend, model=model)
    return _with_stems(context, studio, song)


def take_stems(context: Context, root: str, source: str, roles: dict[str, str]) -> dict[str, Any]:
    """Import stems that a person brought, make them playable, and listen with them."""
    studio, song, brought = Studio(), Path(root), Path(source)
    keep = False
    try:
        with context.part("stems", 0.0, 0.6) as inner:
            studio.add_stems(song, brought, inner, roles=roles)
    except ControlRoomError as error:
        keep = brought.is_dir() and error.code in ASKED  # the person says what they are, and goes on
        raise
    finally:
        if not keep:
            let_go(brought if brought.is_dir() else brought.parent)
    return _with_stems(context, studio, song)


def _with_stems(context: Context, studio: Studio, song: Path) -> dict[str, Any]:
    with context.part("draw", 0.6, 0.7) as inner:
        stems = studio.stem_sounds(song, inner)
    with context.part("listen", 0.7, 1.0) as inner:
        studio.propose(song, inner)
    return {"stems": list(stems)}


def ask_again(context: Context, root: str, target_lufs: float | None) -> dict[str, Any]:
    """Listen and propose with the answers that the ledger holds."""
    studio = Studio()
    with context.part("listen", 0.0, 0.9) as inner:
        shown = studio.propose(Path(root), inner, target_lufs=target_lufs)
    with context.part("draw", 0.9, 1.0) as inner:
        studio.sounds(Path(root), inner)
    return {"proposals": len(shown.proposals)}


def hear(context: Context, root: str) -> dict[str, Any]:
    """Listen only."""
    return Studio().listen(Path(root), context).as_dict()


def render(context: Context, root: str) -> dict[str, Any]:
    """Render, and make the result playable."""
    studio = Studio()
    with context.part("render", 0.0, 0.92) as inner:
        finished = studio.render(Path(root), inner).as_dict()
    with context.part("draw", 0.92, 1.0) as inner:
        studio.sounds(Path(root), inner)
        studio.tone(Path(root), inner)
    return {
        "state": finished["state"],
        "decisions": finished["decisions"],
        "masters": len(finished["masters"]),
        "no_master": finished["no_master"],
    }


def finish(context: Context, root: str, policy: str | None) -> dict[str, Any]:
    """Let a signed policy answer what it may, and render."""
    studio, song = Studio(), Path(root)
    desk = studio.desk(song)
    if desk.take is None:
        return {}
    archived = SongFolder(song).inside(desk.take.archived_as)
    with context.part("finish", 0.0, 0.92) as inner:
        finished = studio.finish(archived, inner, out=song, policy=policy).as_dict()
    with context.part("draw", 0.92, 1.0) as inner:
        studio.sounds(song, inner)
    return {"state": finished["state"], "decisions": finished["decisions"]}


def draw(context: Context, root: str) -> dict[str, Any]:
    """Make take and render playable and drawable."""
    return {role: sound.id for role, sound in Studio().sounds(Path(root), context).items()}


def audition(context: Context, root: str, proposal_id: str) -> dict[str, Any]:
    """Write a proposal's audition files."""
    files = Studio().audition(Path(root), proposal_id, context)
    return {"start_s": files.start_s, "matched_lufs": files.matched_lufs}


def verify(context: Context, root: str) -> dict[str, Any]:
    """Check everything that the song has."""
    context.check()
    found = Studio().verify(Path(root))
    return {"checked": found.checked, "told": found.told}
