"""The songs that the page may open: by id only, never by a path from outside."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from controlroom.model.errors import EnvironmentFault, UsageError
from controlroom.studio.folder import SongFolder

UNTOUCHED_S = 2 * 3600.0
"""How long files that were sent and never imported are kept: a person may still say what they are."""


@dataclass(frozen=True)
class Shelf:
    """A workspace's songs, or one song alone.

    Parameters
    ----------
    root : Path
        A song's folder, or the folder that songs stand in.
    """

    root: Path

    @property
    def single(self) -> bool:
        """Return whether one song was opened, not a workspace."""
        return SongFolder(self.root).exists()

    @property
    def keep(self) -> Path:
        """Return the folder for the console's own files."""
        return self.root / (".cache" if self.single else ".console")

    def songs(self) -> dict[str, Path]:
        """Return every song's folder by id, in name order."""
        folders = [self.root] if self.single else sorted(self._folders())
        return {song_id(folder): folder for folder in folders if _is_song(folder)}

    def _folders(self) -> list[Path]:
        return [path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith(".")]

    def song(self, wanted: str) -> Path:
        """Return a song's folder; UsageError when no song has this id."""
        known = self.songs()
        if wanted not in known:
            raise UsageError("song.missing", f"there is no song {wanted!r} here", "see the list of songs")
        return known[wanted]

    def new_folder(self, title: str) -> Path:
        """Return a free folder for a new song; UsageError where one song alone is open."""
        if self.single:
            raise UsageError(
                "shelf.single", "one song alone is open", "start `controlroom studio` on a folder of songs"
            )
        name = slug(title) or "song"
        tries = [name, *(f"{name}-{number}" for number in range(2, 1000))]
        return next(self.root / one for one in tries if not (self.root / one).exists())

    def sweep(self) -> None:
        """Drop what was sent and never imported, when nothing came to it for ``UNTOUCHED_S``."""
        last = time.time() - UNTOUCHED_S
        for kind in ("parcel-*", "import-*"):
            for folder in self.keep.glob(kind):
                if _touched(folder) < last:
                    shutil.rmtree(folder, ignore_errors=True)


def _is_song(folder: Path) -> bool:
    """Return whether a folder is a song; one that nobody may look into is none for us."""
    try:
        return SongFolder(folder).exists()
    except EnvironmentFault:
        return False


def _touched(folder: Path) -> float:
    """Return when a folder or a file in it was last written; never, when it goes meanwhile."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return 0.0


def song_id(folder: Path) -> str:
    """Return a song's id: its folder's name made plain, and six digits that keep it apart."""
    digest = hashlib.sha256(folder.name.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    return f"{slug(folder.name) or 'song'}-{digest}"


def slug(text: str) -> str:
    """Return text as lower-case ASCII words with hyphens, at most 60 characters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")


def file_name(given: str) -> str:
    """Return the last part of a name as a browser gives it, harmless as a file name."""
    leaf = re.split(r"[/\\]", given)[-1]
    leaf = "".join(c for c in leaf if c.isprintable() and c not in '<>:"|?*').strip(". ")
    stem, dot, suffix = leaf.rpartition(".")
    return f"{_short(stem) or 'take'}{dot}{suffix[:8]}" if dot else (_short(leaf) or "take")


def _short(name: str) -> str:
    """Return a name cut so that any file system takes it with a suffix: a letter may have four bytes."""
    return name.encode()[:200].decode("utf-8", "ignore")[:100]
