"""What was found out of sounds before and need not be found out again, by all that it came from.

Like the desk's cache it is never part of the truth: it may be deleted at any moment,
and a note that can't be read is made anew.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from controlroom.engine.environment import environment_mark
from controlroom.model.base import Record, canonical_json, digest_text

T = TypeVar("T", bound=Record)


class Notebook:
    """Keeps records as files of one folder, the ones unused for longest going first.

    Parameters
    ----------
    folder : Path or None
        Made when the first note is kept; None keeps nothing.
    limit_bytes : int
        What all notes together may take.
    made_by : str or None
        Names the environment; None for this one: what another version found out is not used.
    """

    def __init__(
        self, folder: Path | None = None, limit_bytes: int = 64 << 20, made_by: str | None = None
    ) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.made_by = made_by
        self._has_room = False

    def recall(self, what: str, of: Sequence[object], form: type[T], make: Callable[[], T]) -> T:
        """Return what was found out of something before, or find it out and keep it.

        ``of`` must name all that it depends on, as plain values.
        """
        found = self.find(what, of, form)
        if found is None:
            found = make()
            self.keep(what, of, found)
        return found

    def find(self, what: str, of: Sequence[object], form: type[T]) -> T | None:
        """Return what was found out of something before; None when nothing good is kept."""
        return None if self.folder is None else _read(self._path(self.folder, what, of), form)

    def keep(self, what: str, of: Sequence[object], found: Record) -> None:
        """Keep what was found out of something."""
        if self.folder is not None:
            self._write(self._path(self.folder, what, of), found)

    def key(self, what: str, of: Sequence[object]) -> str:
        """Return the name of what is found out of something, in this environment."""
        made_by = environment_mark() if self.made_by is None else self.made_by
        return digest_text(canonical_json([what, made_by, *of]))[:24]

    def _path(self, folder: Path, what: str, of: Sequence[object]) -> Path:
        return folder / f"{what}-{self.key(what, of)}.json"

    def _write(self, path: Path, found: Record) -> None:
        part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
        text = canonical_json(found.model_dump(mode="json"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(text, encoding="utf-8")
            part.replace(path)  # not synced: a note that a power cut breaks is made anew
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        if not self._has_room:
            make_room(path.parent, "*.json", self.limit_bytes)
            self._has_room = True


def make_room(folder: Path, names: str, limit_bytes: int) -> None:
    """Delete files of a folder, the oldest first, until they take no more than a limit."""
    with suppress(OSError):
        files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob(names))
        too_much = sum(size for _, size, _ in files) - limit_bytes
        for _, size, path in files:
            if too_much <= 0:
                return
            path.unlink(missing_ok=True)
            too_much -= size


def _read(path: Path, form: type[T]) -> T | None:
    try:
        found = form.model_validate(json.loads(path.read_text(encoding="utf-8")))
        os.utime(path)
    except (OSError, ValueError):
        return None
    return found
