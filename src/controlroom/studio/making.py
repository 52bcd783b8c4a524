"""Folders that come into being whole: filled under a hidden name of our own, then renamed.

What an interrupted one leaves is known by that name, and goes when the next is
made. A folder that a person made, or put something into, is never removed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controlroom.media.files import environment_fault, sync_folder

_HIDDEN = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{12}\.making")
_WRITTEN = frozenset({".wav", ".flac", ".mp3", ".m4a", ".json", ".part"})
_HERE = -100  # AT_FDCWD
_SWAP = 2  # RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS
_NO_SUCH_CALL = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}


@contextmanager
def made_whole(final: Path) -> Iterator[Path]:
    """Fill a folder that nobody sees before it is whole; then it takes its name, which must be free.

    Raises
    ------
    EnvironmentFault
        For any OSError on the way. What was written goes.
    """
    half = hidden(final)
    try:
        yield half
        sync_folder(half)
        half.rename(final)
        sync_folder(final.parent)
    except OSError as error:
        clear(half)
        raise environment_fault(error, final) from error
    except BaseException:
        clear(half)
        raise


def hidden(final: Path) -> Path:
    """Make the hidden folder that ``final`` is filled in; EnvironmentFault when it can't be made."""
    half = final.with_name(f".{final.name[:200]}.{secrets.token_hex(6)}.making")
    try:
        half.mkdir(parents=True)
    except OSError as error:
        raise environment_fault(error, final) from error
    return half


def leftovers(parent: Path, name: str = "") -> list[Path]:
    """Return the hidden folders that interrupted makings left, of one name when it is given."""
    if not parent.is_dir():
        return []
    known = ((path, _HIDDEN.fullmatch(path.name)) for path in parent.iterdir())
    return [
        path
        for path, match in known
        if match and name in ("", match["name"]) and path.is_dir() and not path.is_symlink()
    ]


def sweep(parent: Path) -> None:
    """Remove what interrupted makings left; whoever calls this holds the song, so nobody fills one now."""
    for half in leftovers(parent):
        clear(half)


def clear(half: Path) -> None:
    """Remove the files of the kinds that we write into a hidden folder, and the folder when it is empty."""
    with suppress(OSError):
        for path in list(half.iterdir()):
            if path.suffix in _WRITTEN and (path.is_file() or path.is_symlink()):
                path.unlink()
        half.rmdir()


def put_in_place(half: Path, place: Path) -> None:
    """Give a filled folder its name in one step; what was there has the hidden name then.

    Where the system can't swap two names there is a moment without ``place``; what
    was there is then in the hidden folder.
    """
    sync_folder(half)
    if not place.exists():
        half.rename(place)
    elif not _exchanged(half, place):
        aside = hidden(place)
        place.rename(aside)
        half.rename(place)
        aside.rename(half)
    sync_folder(place.parent)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system has no such call."""
    library = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
    names = (os.fsencode(one), os.fsencode(other))
    if sys.platform.startswith("linux") and hasattr(library, "renameat2"):
        failed = library.renameat2(_HERE, names[0], _HERE, names[1], _SWAP)  # type: ignore[union-attr]
    elif sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, _SWAP)  # type: ignore[union-attr]
    else:
        return False
    if failed and ctypes.get_errno() not in _NO_SUCH_CALL:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return not failed
