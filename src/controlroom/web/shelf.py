"""The songs that the page may open: by id only, never by a path from outside."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from controlroom.model.errors import EnvironmentFault, UsageError
from controlroom.studio.folder import SongFolder
from controlroom.studio.song import claimed

SENT = re.compile(r"parcel-[0-9a-f]{16}|import-[a-z0-9_]{8}")
PROBE = re.compile(r"\.[0-9a-f]{12}\.part")
"""What the console wrote to see whether it may, and was killed before it took it away."""
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
        """Return a folder for a new song that is not there yet, and that no other upload is given; see ``give_back``.

        UsageError where one song alone is open.
        """
        if self.single:
            raise UsageError(
                "shelf.single", "one song alone is open", "start `controlroom studio` on a folder of songs"
            )
        name = slug(title) or "song"
        tries = (self.root / (name if number == 1 else f"{name}-{number}") for number in count(1))
        return next(folder for folder in tries if self._claimed(folder))

    def _claimed(self, folder: Path) -> bool:
        """Claim a name that is free; among the console's own files, so that a kill leaves no folder at the songs."""
        if not claimed(self._claim(folder)):
            return False
        if os.path.lexists(folder):
            self.give_back(folder)
            return False
        return True

    def _claim(self, folder: Path) -> Path:
        return self.keep / f"claim-{folder.name}"

    def give_back(self, folder: Path) -> None:
        """Let go of a name that ``new_folder`` gave: the song has it now, or there is none."""
        with suppress(OSError):
            self._claim(folder).rmdir()

    def sweep(self) -> None:
        """Drop what was sent and never imported, when nothing came to it for ``UNTOUCHED_S``."""
        last = time.time() - UNTOUCHED_S
        for kind in ("parcel-*", "import-*"):
            for folder in self.keep.glob(kind):
                if _touched(folder) < last:
                    let_go(folder)
        for claim in self.keep.glob("claim-*"):
            if _touched(claim) < last:
                with suppress(OSError):
                    claim.rmdir()
        for probe in self.keep.glob(".*.part"):
            if PROBE.fullmatch(probe.name) and _touched(probe) < last:
                probe.unlink(missing_ok=True)


def let_go(sent: Path) -> None:
    """Remove a folder that files were sent into; any other is left alone."""
    if SENT.fullmatch(sent.name) and not sent.is_symlink():
        shutil.rmtree(sent, ignore_errors=True)


def _is_song(folder: Path) -> bool:
    """Return whether a folder is a song; one that nobody may look into is none for us."""
    try:
        return SongFolder(folder).exists()
    except EnvironmentFault:
        return False


def _touched(folder: Path) -> float:
    """Return when a folder or a file in it was last written; never, when it goes meanwhile."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
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


def own_place(folder: Path, given: str) -> Path:
    """Return a file of its own for a name as a browser gives it: ``drums/loop.wav`` keeps its last folder.

    The file is made, empty, so that two of one name that come at once stay two.
    """
    above, _, leaf = given.replace("\\", "/").rpartition("/")
    inner = file_name(above) if file_name(above) != "take" else ""
    home = folder / inner
    home.mkdir(parents=True, exist_ok=True)
    name = file_name(leaf)
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    for number in count(1):
        path = home / (name if number == 1 else f"{stem} ({number}){dot}{suffix}")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError  # count() has no end


def file_name(given: str) -> str:
    """Return the last part of a name as a browser gives it, harmless as a file name."""
    leaf = re.split(r"[/\\]", given)[-1]
    leaf = "".join(c for c in leaf if c.isprintable() and c not in '<>:"|?*').strip(". ")
    stem, dot, suffix = leaf.rpartition(".")
    return f"{_short(stem) or 'take'}{dot}{suffix[:8]}" if dot else (_short(leaf) or "take")


def _short(name: str) -> str:
    """Return a name cut so that any file system takes it with a suffix: a letter may have four bytes."""
    return name.encode()[:200].decode("utf-8", "ignore")[:100]
