"""Which folder a file's song is in when the person named none: its own one again, or a free one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from controlroom.media.files import cut_name, sha256_of
from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError
from controlroom.studio.folder import SongFolder
from controlroom.studio.song import is_free, opened

STEM_BYTES = 200
"""What of a take's name goes into the name of the folder that is made beside the person."""


def folder_for(file: Path, context: Context) -> Path:
    """Return the folder beside you that is called after a file: other bytes are another song.

    The folder whose song has these very bytes, wherever they came from; else the
    first of ``NAME-controlroom``, ``NAME-controlroom-2`` … that holds nothing yet.
    """
    name = f"{cut_name(file.stem, STEM_BYTES)}-controlroom"
    if not file.is_file():
        return Path(name)  # whoever reads it says what is wrong
    sha256 = sha256_of(file)
    own = next((path for path in _called(name) if _holds(path, sha256)), None)
    if own is not None:
        return own
    chosen = next(path for path in _names(name) if is_free(path) or _is_empty_song(path))
    if chosen.name != name:
        context.notice(
            f"{name} is not the song of this file, which is in {chosen} now; "
            f"`--out {name}` makes it another take of the song there"
        )
    return chosen


def _names(name: str) -> Iterator[Path]:
    yield Path(name)
    yield from (Path(f"{name}-{number}") for number in count(2))


def _called(name: str) -> list[Path]:
    """Return the songs beside you that may be a file's, in the order of their numbers."""
    form = re.compile(re.escape(name) + r"(?:-([0-9]{1,9}))?")
    found = ((path, form.fullmatch(path.name)) for path in Path().iterdir())
    numbered = [(int(match[1] or 1), path) for path, match in found if match and SongFolder(path).exists()]
    return [path for _, path in sorted(numbered)]


def _holds(root: Path, sha256: str) -> bool:
    """Return whether a song has a take of these bytes; of one that can't be read its folders tell."""
    try:
        with opened(root, writing=False) as song:
            return any(take.facts.sha256 == sha256 for take in song.memory.takes.values())
    except ControlRoomError:
        return (root / "takes" / f"t-{sha256[:12]}").is_dir()


def _is_empty_song(root: Path) -> bool:
    """Return whether a song waits for its first take."""
    try:
        with opened(root, writing=False) as song:
            return not song.memory.takes
    except ControlRoomError:
        return False
