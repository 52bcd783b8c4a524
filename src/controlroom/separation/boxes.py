"""Where stems that somebody else made come in: a folder, a zip, or a STEMS file.

What is audio is told by content, not by name; what is passed over is told with
its reason. An archive is looked over before anything is read, and nothing in
it is ever written under a name that the archive chose.
"""

from __future__ import annotations

import lzma
import os
import re
import stat
import struct
import subprocess
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from controlroom.media.sniff import KINDS, Sniffed, sniff
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError

STEMS_SUFFIXES = (".stem.mp4", ".stem.m4a")
STEMS_ROLES = ("mix", "drums", "bass", "other", "vocals")
"""Order of the five streams in a STEMS file as musdb and stempeg write it."""

AUDIO_SUFFIXES = frozenset(suffix for kind in KINDS.values() for suffix in kind.extensions)
"""A file with one of these that can't be read is refused, not passed over."""

_DEPTH = 3
_HEAD_BYTES = 1 << 18
_MOST_FILES = 2000
_UNSAID = frozenset(("thumbs.db", "desktop.ini"))
_BROKEN = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What ``zipfile`` raises of a directory or a member that is not as it says."""

Passed = Callable[[str, str, str], None]
"""Told the name, the code and the words of each file that is no stem."""


@dataclass(frozen=True)
class ImportLimits:
    """What a set of stems may be, so that an archive can't fill disk or memory."""

    max_stems: int = 32
    max_file_bytes: int = 1 << 30
    max_total_bytes: int = 8 << 30


class Folder:
    """Audio files of a folder and of those in it."""

    fixed: Sequence[str] | None = None

    def __init__(self, source: Path, limits: ImportLimits, passed: Passed) -> None:
        found = [(shown(path.relative_to(source).as_posix()), path) for path in _files(source)]
        heard = [(name, path) for name, path in found if _is_stem(name, path, passed)]
        _check_count(source, len(heard), [name for name, _ in found], limits)
        self.names = _own([name for name, _ in heard])
        self._paths = [path for _, path in heard]

    def fetch(self, n: int, scratch: Path, ctx: Context) -> Path:
        """Return the file itself."""
        del scratch, ctx
        return self._paths[n]


class Zip:
    """Audio members of a zip, written out one at a time under names of our own."""

    fixed: Sequence[str] | None = None

    def __init__(
        self, source: Path, archive: zipfile.ZipFile, limits: ImportLimits, scratch: Path, passed: Passed
    ) -> None:
        self._archive = archive
        members = _checked(source, archive, passed)
        heard = [one for one in members if self._is_stem(*one, scratch, passed)]
        _check_count(source, len(heard), [name for name, _ in members], limits)
        _check_sizes(source, heard, limits)
        self._members = sorted(heard, key=lambda one: one[0].split("/"))
        self.names = _own([name for name, _ in self._members])

    def _is_stem(self, name: str, entry: zipfile.ZipInfo, scratch: Path, passed: Passed) -> bool:
        head = scratch / "head"
        if entry.file_size and PurePosixPath(name).suffix.lower() not in AUDIO_SUFFIXES:
            with _unpacking(name), self._archive.open(entry) as stream:
                head.write_bytes(stream.read(_HEAD_BYTES))
        else:  # by its name a stem: it is read, or refused
            head.write_bytes(b"" if entry.file_size == 0 else b"?")
        return _is_stem(name, head, passed)

    def fetch(self, n: int, scratch: Path, ctx: Context) -> Path:
        """Write a member into the scratch folder; its size is not believed."""
        name, entry = self._members[n]
        suffix = PurePosixPath(name).suffix.lower()
        path = scratch / f"{n}{suffix if suffix in AUDIO_SUFFIXES else ''}"
        left = entry.file_size
        with path.open("wb") as out, _unpacking(name), self._archive.open(entry) as stream:
            while block := stream.read(1 << 20):
                ctx.check()
                left -= len(block)
                if left < 0:
                    raise _too_large(name, "is larger than its header says")
                out.write(block)
        return path


class Streams:
    """The streams of a STEMS file, copied out without decoding by a child process."""

    fixed: Sequence[str] | None = STEMS_ROLES

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names = [f"{path.name}#{role}" for role in STEMS_ROLES]

    def fetch(self, n: int, scratch: Path, ctx: Context) -> Path:
        """Copy a stream into a file of the scratch folder."""
        ctx.check()
        out = scratch / f"{n}.m4a"
        reader = [sys.executable, "-P", "-m", "controlroom.separation.stems_file"]
        command = [*reader, os.path.abspath(self._path), str(n), str(out)]  # noqa: PTH100 -- FFmpeg needs a leading slash
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 -- our own module
        except subprocess.TimeoutExpired as error:
            raise _not_stems(self._path, "its reader hung") from error
        if done.returncode or not out.is_file():
            raise _not_stems(self._path, (done.stderr.strip().splitlines() or ["no stream was written"])[-1])
        return out


@contextmanager
def opened(
    source: Path, limits: ImportLimits, scratch: Path, passed: Passed
) -> Iterator[Folder | Zip | Streams]:
    """Open what holds stems; ``passed`` is told of every file that is none.

    Raises
    ------
    AudioInputError
        ``stem.source``, ``stem.none``, ``stem.too-many``, ``stem.unsafe-path``,
        ``stem.encrypted``, ``stem.broken-zip``, ``stem.damaged``, ``stem.too-large``.
    """
    if source.is_dir():
        yield Folder(source, limits, passed)
    elif source.name.lower().endswith(STEMS_SUFFIXES):
        yield Streams(source)
    elif source.is_file() and _is_zip(source):
        try:
            archive = zipfile.ZipFile(source)
        except _BROKEN as error:
            raise _broken(f"{source.name}: {error}") from error
        with archive:
            yield Zip(source, archive, limits, scratch, passed)
    else:
        raise AudioInputError(
            "stem.source",
            f"{source} is no folder, no zip and no .stem.mp4 file",
            "name the folder or the zip that holds the stems",
        )


def _is_zip(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(4) == b"PK\x03\x04" or zipfile.is_zipfile(source)  # a cut one has lost its end


# ------------------------------------------------------------------ names


def shown(name: str) -> str:
    """Return a stored name as it is read and said: one Unicode form, slashes, bytes that are no UTF-8 guessed."""
    raw = os.fsencode(name) if any("\ud800" <= c <= "\udfff" for c in name) else b""
    text = legacy(raw) if raw else name
    return unicodedata.normalize("NFC", "".join(c if c.isprintable() else "�" for c in text))


def legacy(raw: bytes) -> str:
    """Return a name of unknown encoding: UTF-8 where it is that, Shift-JIS where it reads as Japanese, else cp437.

    Japanese is told by kana, or by two double-byte letters side by side; a
    single umlaut of cp437 between ASCII letters is neither.
    """
    for encoding in ("utf-8", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or re.search("[\u3040-\u30ff\uff66-\uff9f]|[\u3400-\u9fff]{2}", text):
            return text
    return raw.decode("cp437")


def _name_of(entry: zipfile.ZipInfo) -> str:
    """Return a member's name: the zip says whether it is UTF-8; where not, ``zipfile`` took it for cp437."""
    name = entry.orig_filename
    if not entry.flag_bits & 0x800 and not name.isascii():
        name = legacy(name.encode("cp437"))
    return shown(name.split("\0")[0].replace("\\", "/"))


def _own(names: Sequence[str]) -> list[str]:
    """Return names below the folder that all lie in, each of its own."""
    parts = [name.split("/") for name in names]
    head = 0
    while parts and all(len(one) > head + 1 and one[head] == parts[0][head] for one in parts):
        head += 1
    told: list[str] = []
    for one in parts:
        name = "/".join(one[head:])
        same = sum(other == name or other.startswith(f"{name} (") for other in told)
        told.append(f"{name} ({same + 1})" if same else name)
    return told


def _hidden(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or parts[-1].lower() in _UNSAID


# ------------------------------------------------------------------ what is a stem


def _files(folder: Path, depth: int = _DEPTH) -> list[Path]:
    """Return the files of a folder and of those in it, in name order; links to folders are not followed."""
    found: list[Path] = []
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise AudioInputError(
            "stem.source",
            f"{shown(str(folder))} can't be opened: {error.strerror}",
            "check its permissions (ls -ld)",
        ) from error
    for path in inside:
        if _hidden(shown(path.name)):
            continue
        if path.is_dir():
            found += _files(path, depth - 1) if depth and not path.is_symlink() else []
        else:
            found.append(path)
        if len(found) > _MOST_FILES:
            raise _too_many(folder, f"more than {_MOST_FILES} files")
    return found


def _is_stem(name: str, path: Path, passed: Passed) -> bool:
    """Tell by its content whether a file is a stem; one that is called audio is, for the decoder to judge."""
    try:
        if path.is_file() and path.stat().st_size == 0:
            passed(name, "empty", "0 bytes")
            return False
        looked = sniff(path) if path.is_file() else Sniffed(None, 0, "no regular file")
    except OSError as error:
        looked = Sniffed(None, 0, error.strerror or "not readable")
    if looked.kind is not None or PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES:
        return True
    passed(name, "no-audio", looked.looks_like)
    return False


# ------------------------------------------------------------------ archives


def _checked(source: Path, archive: zipfile.ZipFile, passed: Passed) -> list[tuple[str, zipfile.ZipInfo]]:
    """Look an archive over by its directory alone; return its files by name."""
    entries = archive.infolist()
    if len(entries) > _MOST_FILES:
        raise _too_many(source, f"{len(entries)} files")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _name_of(entry)
        parts = name.split("/")
        drive = len(parts[0]) == 2 and parts[0].endswith(":")
        if ".." in parts or parts[0] == "" or drive or stat.S_ISLNK(entry.external_attr >> 16):
            raise AudioInputError(
                "stem.unsafe-path",
                f"{source.name} holds {name!r}, which points outside of it",
                "no honest export does that; nothing was read",
            )
        if entry.flag_bits & 1:
            raise AudioInputError(
                "stem.encrypted",
                f"{source.name} is encrypted ({name})",
                "unpack it with its password and name the folder",
            )
        if entry.is_dir() or name.endswith("/") or _hidden(name):
            continue
        if name in found:  # as every program unpacks it: the later one stands
            passed(name, "replaced", "the archive holds a later file of this name")
        found[name] = entry
    return sorted(found.items())


def _check_sizes(source: Path, heard: Sequence[tuple[str, zipfile.ZipInfo]], limits: ImportLimits) -> None:
    name, largest = max(heard, key=lambda one: one[1].file_size)
    if largest.file_size > limits.max_file_bytes:
        raise _too_large(name, f"unpacks to {largest.file_size} bytes")
    if (total := sum(entry.file_size for _, entry in heard)) > limits.max_total_bytes:
        raise _too_large(source.name, f"unpacks to {total} bytes")


@contextmanager
def _unpacking(name: str) -> Iterator[None]:
    """Say in the house's words what is wrong with a member."""
    try:
        yield
    except NotImplementedError as error:
        raise AudioInputError(
            "stem.zip-method",
            f"{name} is packed in a way that is not read here: {error}",
            "unpack the zip with the program that made it and name the folder",
        ) from error
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise AudioInputError(
            "stem.damaged",
            f"{name} is damaged inside the zip: {error or 'it ends too early'}",
            "download the zip again; nothing was taken from it",
        ) from error
    except _BROKEN as error:
        raise _broken(f"{name}: {error}") from error


def _check_count(source: Path, count: int, seen: Sequence[str], limits: ImportLimits) -> None:
    if count == 0:
        packed = [name for name in seen if name.lower().endswith((".zip", ".rar", ".7z"))]
        hint = (
            f"unpack {packed[0]} and name that folder" if packed else "name the folder that holds the stems"
        )
        raise AudioInputError("stem.none", f"{source.name} holds no audio file", hint)
    if count > limits.max_stems:
        raise _too_many(source, f"{count} stems, up to {limits.max_stems} are taken")


def _too_many(source: Path, what: str) -> AudioInputError:
    return AudioInputError(
        "stem.too-many",
        f"{source.name} holds {what}",
        "name the folder that holds the stems alone, or bounce them to groups (voice, drums, bass …) first",
    )


def _too_large(name: str, what: str) -> AudioInputError:
    return AudioInputError("stem.too-large", f"{name} {what}", "export the stems again, each under 1 GiB")


def _broken(what: str) -> AudioInputError:
    return AudioInputError("stem.broken-zip", f"the zip can't be read: {what}", "download it again")


def _not_stems(path: Path, what: str) -> AudioInputError:
    return AudioInputError(
        "stem.not-stems", f"{path.name} is no STEMS file of five streams: {what}", "export WAV stems"
    )
