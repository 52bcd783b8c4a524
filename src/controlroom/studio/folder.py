"""A song's folder: where things stand, and how documents are read and written."""

from __future__ import annotations

import json
import os
import stat
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import tomlkit

from controlroom.media.files import atomic_write, inside, looking_fault, write_text
from controlroom.model.base import Document
from controlroom.model.brief import Brief
from controlroom.model.errors import SongError
from controlroom.model.standards import Standards


class SongCard(Document):
    """``song.toml``: what the folder is."""

    schema_number: ClassVar[int] = 1
    schema_name: ClassVar[str] = "song"

    id: str
    title: str
    created_at: str


@dataclass(frozen=True)
class SongFolder:
    """The paths inside one song's folder."""

    root: Path

    @property
    def card(self) -> Path:
        """Return the path of ``song.toml``."""
        return self.root / "song.toml"

    @property
    def standards(self) -> Path:
        """Return the path of the song's own, fully resolved standards."""
        return self.root / "standards.toml"

    @property
    def brief(self) -> Path:
        """Return the path of the brief."""
        return self.root / "brief.toml"

    @property
    def ledger(self) -> Path:
        """Return the path of the ledger."""
        return self.root / "ledger.sqlite"

    @property
    def takes(self) -> Path:
        """Return the folder of archived takes."""
        return self.root / "takes"

    @property
    def renders(self) -> Path:
        """Return the folder of renders."""
        return self.root / "renders"

    @property
    def masters(self) -> Path:
        """Return the folder of the current masters."""
        return self.root / "masters"

    @property
    def release(self) -> Path:
        """Return the folder of what goes out."""
        return self.root / "release"

    @property
    def auditions(self) -> Path:
        """Return the folder of audition files."""
        return self.root / "auditions"

    @property
    def report(self) -> Path:
        """Return the report's page."""
        return self.root / "report.html"

    @property
    def cache(self) -> Path:
        """Return the folder that may be deleted at any time."""
        return self.root / ".cache"

    def exists(self) -> bool:
        """Return whether this folder is a song; EnvironmentFault where nobody may look."""
        try:
            return stat.S_ISREG(self.card.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        except OSError as error:
            raise looking_fault(error, self.card) from error

    def read_card(self) -> SongCard:
        """Return what the folder is; SongError if it is no song."""
        if not self.exists():
            raise SongError(
                "song.missing",
                f"{self.root} is not a song's folder",
                "make one with `controlroom new FOLDER`",
            )
        return SongCard.from_document(read_toml_document(self.card), str(self.card))

    def read_standards(self) -> Standards:
        """Return the song's standards."""
        return self.standards_at(self.standards)

    def standards_at(self, path: Path) -> Standards:
        """Return the standards that a file in this folder holds."""
        return _standards_of(_bytes_of(path), path)

    def read_brief(self) -> Brief:
        """Return the brief; an empty one when none was written."""
        if not os.path.lexists(self.brief):
            return Brief()
        return Brief.from_document(read_toml_document(self.brief), str(self.brief))

    def relative(self, path: Path) -> str:
        """Return a path as it is stored: relative to the song, with forward slashes."""
        return path.resolve().relative_to(self.root.resolve()).as_posix()

    def inside(self, *names: str) -> Path:
        """Return the path that a stored name stands for; of several, each below the one before.

        Raises
        ------
        VerifyError
            ``path.outside`` when it leads out of the song.
        """
        path = self.root
        for name in names:
            path = inside(path, name)
        return path


def write_toml_document(path: Path, document: Document) -> None:
    """Write a document as TOML, whole or not at all, and only what can be read back.

    Raises
    ------
    SongError
        ``document.unwritable``: what was read back is another; the file there stays.
    """
    text = tomlkit.dumps(_without_none(document.document()))
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
        if not _reads_back(part, document):
            raise SongError(
                "document.unwritable",
                f"{path} would not be read back as it was written",
                "nothing was changed",
            )


def _reads_back(path: Path, document: Document) -> bool:
    try:
        again = type(document).from_document(parsed_toml(path.read_bytes()))
    except (ValueError, SongError):
        return False
    return again.canonical() == document.canonical()


def write_json_document(path: Path, document: Document) -> None:
    """Write a document as JSON, whole or not at all."""
    write_text(
        path, json.dumps(document.document(), indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)
    )


def read_toml_document(path: Path) -> dict[str, Any]:
    """Return a stored TOML document; SongError when it can't be read."""
    return _parsed(_bytes_of(path), path)


@lru_cache(maxsize=16)
def _standards_of(data: bytes, path: Path) -> Standards:
    """Return the standards that a file holds: a page opens its song often, and the file seldom changes."""
    return Standards.from_document(_parsed(data, path), str(path))


def parsed_toml(data: bytes) -> dict[str, Any]:
    """Return what TOML says, with or without a byte order mark; ValueError says why not."""
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: byte 0x{data[error.start]:02x} at {error.start}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def _parsed(data: bytes, path: Path) -> dict[str, Any]:
    try:
        return parsed_toml(data)
    except ValueError as error:
        raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, why: str) -> SongError:
    return SongError("song.unreadable", f"{path}: {why}", "restore the file from a copy")


def _without_none(value: Any) -> Any:
    """Drop what TOML can't hold."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
