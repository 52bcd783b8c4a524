"""An open song: its folder, its memory, its standards, and who is at the desk."""

from __future__ import annotations

import errno
import getpass
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controlroom.ledger.keys import own_key
from controlroom.ledger.ledger import Ledger
from controlroom.media.files import cut_name, environment_fault, looking_fault, sync_folder
from controlroom.model.base import digest_text, text_of
from controlroom.model.errors import SongError, UsageError
from controlroom.model.song import Take
from controlroom.model.standards import Standards
from controlroom.studio.entries import SongCreated, StandardsSet
from controlroom.studio.folder import SongCard, SongFolder, write_toml_document
from controlroom.studio.lock import holding, locked
from controlroom.studio.memory import Memory
from controlroom.studio.settling import settle, sweep_unmade
from controlroom.studio.standards import completed

Now = Callable[[], str]
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}


def utc_now() -> str:
    """Return the time in UTC, to the second, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def person() -> str:
    """Return the name of the person at the machine."""
    try:
        return text_of(getpass.getuser())
    except (KeyError, OSError, ImportError):  # no such user in a bare container
        return "unknown"


@dataclass(frozen=True)
class Song:
    """What every verb works on."""

    folder: SongFolder
    memory: Memory
    standards: Standards
    now: Now = utc_now

    @property
    def take(self) -> Take:
        """Return the current take; SongError if none was added."""
        take = self.memory.current_take
        if take is None:
            raise SongError(
                "song.no-take",
                f"{self.folder.root} has no take yet",
                "add one with `controlroom add SONG FILE`",
            )
        return take


def create(
    root: Path,
    standards: Standards,
    title: str = "",
    now: Now = utc_now,
    first: Callable[[Song], object] | None = None,
) -> SongFolder:
    """Make a new song's folder, whole or not at all; an empty folder may be there.

    ``first`` is given the song before anybody can see it, and may put a take into
    it: when it raises there is no song.

    Raises
    ------
    SongError
        ``song.exists``: something is already there, or came there meanwhile; it is untouched.
    """
    if not is_free(root):
        raise _exists(root)
    half = root.absolute().with_name(f".{cut_name(root.name, 100)}.{uuid.uuid4().hex[:8]}.creating")
    sweep_unmade(half.parent)
    try:
        half.mkdir(parents=True)
        with ExitStack() as held:
            held.enter_context(locked(half))
            _fill(SongFolder(half), standards, text_of(title or root.name), now())
            if first is not None:
                with Ledger.open(SongFolder(half).ledger, signer=own_key) as ledger:
                    first(Song(SongFolder(half), Memory.of(ledger), completed(standards), now))
            if os.name != "posix":  # a folder with an open file in it can't be renamed there
                held.close()
            half.rename(root.absolute())  # refused by the system when somebody filled the folder meanwhile
        sync_folder(root.absolute().parent)
    except OSError as error:
        raise _exists(root) if error.errno in _TAKEN else environment_fault(error, root) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)  # its name is ours alone
    return SongFolder(root)


def claimed(claim: Path) -> bool:
    """Make an empty folder that stands for a claim; False when somebody else has made it."""
    try:
        claim.parent.mkdir(parents=True, exist_ok=True)
        claim.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise environment_fault(error, claim) from error
    return True


def is_free(root: Path) -> bool:
    """Return whether a song may be made there: nothing is, or an empty folder."""
    try:
        return not any(root.iterdir())
    except FileNotFoundError:
        return not root.is_symlink()
    except NotADirectoryError:
        return False
    except OSError as error:
        raise looking_fault(error, root) from error


def _exists(root: Path) -> SongError:
    what = "is not empty" if root.is_dir() else "is there already, and is no folder"
    return SongError("song.exists", f"{root} {what}", "name another folder")


def _fill(folder: SongFolder, standards: Standards, title: str, at: str) -> None:
    card = SongCard(id=digest_text(uuid.uuid4().hex)[:16], title=title, created_at=at)
    write_toml_document(folder.card, card)
    write_toml_document(folder.standards, standards)
    with Ledger.create(folder.ledger, own_key) as ledger:
        memory = Memory(ledger=ledger)
        memory.add(SongCreated(id=card.id, title=card.title), at)
        memory.add(StandardsSet(digest=standards.digest), at)


@contextmanager
def opened(root: Path, *, writing: bool = True, now: Now = utc_now) -> Iterator[Song]:
    """Open a song; hold its lock while it is open for writing.

    Raises
    ------
    SongError, LedgerError, SchemaTooNewError, SongBusyError
        Nothing is changed in any of these cases.
    """
    folder = SongFolder(root)
    folder.read_card()
    if writing:
        with holding(root), Ledger.open(folder.ledger, signer=own_key) as ledger:
            settle(folder, ledger)
            yield Song(folder, Memory.of(ledger), completed(folder.read_standards()), now)
    else:
        with Ledger.open(folder.ledger, read_only=True) as ledger:
            yield Song(folder, Memory.of(ledger), completed(folder.read_standards()), now)


def found(path: Path) -> Path:
    """Return the song's root for a path inside it or of it.

    Raises
    ------
    UsageError
        When no folder from there upwards is a song.
    """
    for candidate in (path, *path.absolute().parents):
        if SongFolder(candidate).exists():
            return candidate
    raise UsageError(
        "song.missing", f"{path} is no song and is in none", "make one with `controlroom new FOLDER`"
    )
