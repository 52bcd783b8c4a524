"""Files that a song hands out, found by number or by a list: no path comes from outside."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import tomlkit

from controlroom.model.errors import UsageError
from controlroom.studio.folder import SongFolder
from controlroom.web.room import Room

SOUND_SUFFIXES = (".mp3", ".m4a", ".wav", ".flac", ".ogg", ".opus")


def masters(room: Room, song: str) -> list[dict[str, Any]]:
    """Return the masters of the last render, numbered from 1."""
    render = room.studio.desk(room.song(song)).render
    listed = render.masters if render else ()
    return [{"number": number, **one.model_dump(mode="json")} for number, one in enumerate(listed, 1)]


def master(room: Room, song: str, number: int) -> Path:
    """Return one master's file."""
    listed = masters(room, song)
    if not 1 <= number <= len(listed):
        raise UsageError(
            "file.missing", f"there is no master {number}; there are {len(listed)}", "render first"
        )
    return _there(SongFolder(room.song(song)).inside(str(listed[number - 1]["path"])))


def report(room: Room, song: str) -> Path:
    """Return a song's report."""
    return _there(SongFolder(room.song(song)).inside("report.html"))


def beside_report(room: Room, song: str, name: str) -> Path:
    """Return a sound that lies where the report's sounds lie."""
    root = room.song(song)
    places = [path for folder in ("auditions", "renders", "masters") for path in (root / folder).rglob("*")]
    known = {
        path.relative_to(root).as_posix(): path for path in places if path.suffix.lower() in SOUND_SUFFIXES
    }
    if name not in known:
        raise UsageError("file.missing", f"the report has no sound {name!r}", "render again")
    return _there(SongFolder(root).inside(name))


def report_policy() -> str:
    """Return what the report may do: run its own shipped script and style, play its own sounds."""
    folder = resources.files("controlroom.report").joinpath("templates")
    digests = {
        name: base64.b64encode(hashlib.sha256(folder.joinpath(name).read_bytes()).digest()).decode()
        for name in ("report.js", "report.css")
    }
    return (
        f"default-src 'none'; script-src 'sha256-{digests['report.js']}'; "
        f"style-src 'sha256-{digests['report.css']}'; img-src data:; media-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@contextmanager
def as_toml(values: Mapping[str, Any], keep: Path) -> Iterator[Path]:
    """Lay values down as the TOML file that the studio reads."""
    keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=keep) as folder:
        path = Path(folder) / "console.toml"
        path.write_text(tomlkit.dumps(dict(values)), encoding="utf-8")
        yield path


def _there(path: Path) -> Path:
    if not path.is_file():
        raise UsageError("file.missing", f"{path.name} is not there", "render again")
    return path
