"""Whole files or none: atomic writing, and the digest of a file."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controlroom.model.errors import EnvironmentFault, VerifyError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTEMPTY}
_NOWHERE = {errno.ENOENT, errno.ENOTDIR}
_DIGEST_BLOCK = 1 << 20
NAME_BYTES = 255
"""What the usual file systems take for one part of a path; a letter may have four."""


def environment_fault(error: OSError, path: Path) -> EnvironmentFault:
    """Say in the house's words what the system said of a path.

    Parameters
    ----------
    error : OSError
        What the system raised.
    path : Path
        The file or folder that was being written.

    Returns
    -------
    EnvironmentFault
        ``env.disk-full``, ``env.not-writable``, ``env.no-folder``,
        ``env.name-too-long`` or ``env.io-failed``; to be raised by the caller
        with ``from error``.
    """
    why = error.strerror or str(error)
    if error.errno == errno.ENAMETOOLONG:
        longest = max(len(os.fsencode(name)) for name in path.parts)
        return EnvironmentFault(
            "env.name-too-long",
            f"no file can have the name '{path}': {longest} bytes are too many",
            f"give a shorter name; a file system takes {NAME_BYTES} bytes for each part of a path",
        )
    if error.errno in _FULL:
        return EnvironmentFault(
            "env.disk-full",
            f"no room left while writing '{path}': {why}",
            "free some space or choose another folder, then run the command again; nothing half-written is left",
        )
    if error.errno in _DENIED:
        return EnvironmentFault(
            "env.not-writable",
            f"can't write '{path}': {why}",
            "check who owns the folder and its permissions",
        )
    if error.errno in _NOWHERE:
        return EnvironmentFault(
            "env.no-folder", f"can't write '{path}': its folder does not exist", "create the folder first"
        )
    return EnvironmentFault(
        "env.io-failed", f"writing '{path}' failed: {why}", "check the disk, then run the command again"
    )


def reading_fault(error: OSError, path: Path) -> EnvironmentFault:
    """Say in the house's words why a file or folder can't be read.

    Returns
    -------
    EnvironmentFault
        ``env.not-readable``; to be raised by the caller with ``from error``.
    """
    return EnvironmentFault(
        "env.not-readable",
        f"can't read '{path}': {error.strerror or error}",
        "check who owns it, its permissions and those of the folders above it",
    )


def looking_fault(error: OSError, path: Path) -> EnvironmentFault:
    """Say why nobody can tell whether a path is there: it may not be read, or can't be."""
    if error.errno == errno.ENAMETOOLONG:
        return environment_fault(error, path)
    return reading_fault(error, path)


def cut_name(name: str, most_bytes: int) -> str:
    """Return the start of a name that fits into so many bytes, whole letters only."""
    return os.fsencode(name)[:most_bytes].decode("utf-8", "ignore")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write a file so that either all of it is there, or what was there before.

    Yields an empty temporary file in the *same folder* (a rename does not
    cross file systems). When the block ends well the file's bytes are synced
    to disk, it takes the wanted name in one step, and the folder is synced;
    when it raises, the temporary file goes and the old file stays.

    Parameters
    ----------
    path : Path
        The wanted name. An existing file is replaced.

    Yields
    ------
    Path
        Where to write. It may be reopened, by any library, any number of times.

    Raises
    ------
    EnvironmentFault
        See `environment_fault`, for any OSError in the block or around it.

    Examples
    --------
    >>> with atomic_write(Path("song.toml")) as part:  # doctest: +SKIP
    ...     part.write_text("schema = 1")
    """
    part = path.with_name(f".{cut_name(path.name, 200)}.{secrets.token_hex(6)}.part")
    try:
        # not mkstemp: that makes the file readable by its owner only
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield part
        sync_file(part)
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise environment_fault(error, path) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def inside(root: Path, name: str | Path) -> Path:
    """Return the path that a stored name stands for, which must lie below its root.

    Every path that is read from a ledger, a manifest, a description or an archive
    goes through here: somebody else may have written it. Links are followed first,
    so one that leads out is seen.

    Parameters
    ----------
    root : Path
        The folder that the name is relative to.
    name : str or Path
        What was read. An absolute path is taken as it is.

    Raises
    ------
    VerifyError
        ``path.outside`` when it leads elsewhere, is the root itself, or is no path.
    """
    home = root.resolve()
    try:
        path = (home / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # a NUL, links in a circle
        raise _outside(home, name) from error
    if home not in path.parents:
        raise _outside(home, name)
    return path


def _outside(home: Path, name: str | Path) -> VerifyError:
    return VerifyError(
        "path.outside",
        f"{str(name)!r} does not lie inside '{home}'",
        "the file that names it was damaged or made by somebody else; nothing there was touched",
    )


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes under a name by `atomic_write`."""
    with atomic_write(path) as part:
        part.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, line ends as given, by `atomic_write`."""
    write_bytes(path, text.encode("utf-8"))


def sync_file(path: Path) -> None:
    """Return when the file's bytes are on the disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Return when the folder's names are on the disk (POSIX; no such call elsewhere)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # some network and FUSE file systems refuse to sync a folder; the file itself is safe
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)


def ffmpeg_name(path: str | Path) -> str:
    """Return the name by which FFmpeg takes a path for a file, whatever it looks like.

    ``Re: Hello.wav`` would be a protocol, ``concat:``, ``pipe:1`` and ``-`` too.
    """
    return "file:" + os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links


def sha256_of(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes, read in blocks of 1 MiB.

    Raises
    ------
    OSError
        If the file can't be read.
    """
    sha = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(_DIGEST_BLOCK):
            sha.update(block)
    return sha.hexdigest()
