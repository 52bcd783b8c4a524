"""What a song keeps of earlier work in its cache: what was found out, and files that were made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from controlroom.engine.kept_files import KeptFiles
from controlroom.engine.notebook import Notebook
from controlroom.model.base import Record
from controlroom.model.render import MasterFile
from controlroom.studio.song import Song


class Premaster(Record):
    """The digest of the samples before LOUDNESS, and the SHA-256 of the file that holds them."""

    digest: str
    sha256: str


T = TypeVar("T", Premaster, MasterFile)


@dataclass(frozen=True)
class Keeping:
    """Notes and files of earlier work; without places nothing is kept."""

    notes: Notebook = field(default_factory=Notebook)
    files: KeptFiles | None = None

    def written(self, what: str, of: Sequence[object], path: Path, form: type[T], make: Callable[[], T]) -> T:
        """Return what is known of a file that was made of this before, in place again; else ``make`` writes it."""
        key, found = self.notes.key(what, of), self.notes.find(what, of, form)
        if found is not None and self.files and self.files.bring(key, path) == found.sha256:
            return found
        made = make()
        self.notes.keep(what, of, made)
        if self.files:
            self.files.put(key, path, made.sha256)
        return made


def keeping_of(song: Song) -> Keeping:
    """Return what an open song keeps."""
    return Keeping(Notebook(song.folder.cache / "score"), KeptFiles(song.folder.cache / "kept"))
