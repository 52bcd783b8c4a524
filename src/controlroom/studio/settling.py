"""What a stop left behind in a song's folder, put right by the writer that holds its lock.

Only names that this program gives are touched, and only where no live writer can
stand behind them: inside a song that is whoever holds the lock; the cache is
written without it, so there a file must be a day old; a song that is being made
is locked by its maker.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from controlroom.ledger.ledger import Ledger
from controlroom.media.files import environment_fault, sync_folder
from controlroom.model.errors import ControlRoomError
from controlroom.model.standards import Standards
from controlroom.studio.entries import StandardsSet
from controlroom.studio.folder import SongFolder, write_toml_document
from controlroom.studio.lock import NAME as LOCK
from controlroom.studio.lock import locked
from controlroom.studio.memory import Memory

OLD_S = 86400.0
PART = re.compile(r"\..+\.[0-9a-f]{12}\.part")
STAGED = re.compile(r"\.standards\.([0-9a-f]{64})\.staged")
CREATING = re.compile(r"\..+\.[0-9a-f]{8}\.creating")
HALF_LEDGER = re.compile(r"ledger\.sqlite\.(creating|migrating)(-journal)?")
NEW_SONG = {
    LOCK,
    "song.toml",
    "standards.toml",
    "ledger.sqlite",
    "ledger.sqlite-journal",
    "ledger.head",
    "takes",
}


def settle(folder: SongFolder, ledger: Ledger) -> None:
    """Finish or forget what a stop left half done. The caller holds the song's lock."""
    _settle_standards(folder, ledger)
    for path in _leftovers(folder):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def set_standards(folder: SongFolder, memory: Memory, standards: Standards, at: str) -> None:
    """Put standards in force: laid ready, entered in the ledger, then shown under their name.

    A stop between any two of these leaves the old set or the new one, and never a
    file that the ledger knows nothing of.
    """
    staged = staged_standards(folder, standards.digest)
    write_toml_document(staged, standards)
    memory.add(StandardsSet(digest=standards.digest), at)
    _put_in_place(staged, folder.standards)


def staged_standards(folder: SongFolder, digest: str) -> Path:
    """Return where standards lie ready until the ledger has their digest."""
    return folder.root / f".standards.{digest}.staged"


def standards_in_force(ledger: Ledger) -> str | None:
    """Return the digest of the standards that were last set; None in a song of before."""
    entries = list(ledger.entries(["standards.set"]))
    return str(entries[-1].body["digest"]) if entries else None


def sweep_unmade(parent: Path) -> None:
    """Remove songs beside which their maker died before they had a name."""
    with suppress(OSError):
        for half in parent.iterdir():
            if CREATING.fullmatch(half.name) and half.is_dir() and not half.is_symlink():
                _remove_unmade(half)


def _remove_unmade(half: Path) -> None:
    names = {path.name for path in half.iterdir()}
    own = all(name in NEW_SONG or PART.fullmatch(name) or HALF_LEDGER.fullmatch(name) for name in names)
    if not own or (LOCK not in names and not _is_old(half)):  # its maker may be about to lock it
        return
    with suppress(ControlRoomError), locked(half, 0.0):
        shutil.rmtree(half, ignore_errors=True)


def _settle_standards(folder: SongFolder, ledger: Ledger) -> None:
    for path in folder.root.glob(".standards.*.staged"):
        found = STAGED.fullmatch(path.name)
        with suppress(OSError, ControlRoomError):
            if found and found[1] == standards_in_force(ledger):
                _put_in_place(path, folder.standards)
            elif found:
                path.unlink(missing_ok=True)


def _put_in_place(staged: Path, name: Path) -> None:
    try:
        staged.replace(name)
        sync_folder(name.parent)
    except OSError as error:
        raise environment_fault(error, name) from error


def _leftovers(folder: SongFolder) -> Iterator[Path]:
    for place, folders, names in os.walk(folder.root):
        here = Path(place)
        if here == folder.root:
            yield from (here / name for name in names if HALF_LEDGER.fullmatch(name))
            folders[:] = [name for name in folders if here / name != folder.cache]
        yield from (here / name for name in names if PART.fullmatch(name))
    for place, _, names in os.walk(folder.cache):
        yield from (path for name in names if PART.fullmatch(name) and _is_old(path := Path(place) / name))


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > OLD_S
    except OSError:
        return False
