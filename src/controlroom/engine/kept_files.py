"""Files that were made before and need not be made again, by the content that they came from.

One is kept as a second name of the same file where the system has such; then it
takes no room while the first is there. Nothing here is ever written in place, and
what somebody else changed in place is not what its name says, and goes.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from controlroom.engine.notebook import make_room
from controlroom.media.files import atomic_write, sha256_of
from controlroom.model.errors import EnvironmentFault


class KeptFiles:
    """Keeps files in one folder, the ones unused for longest going first.

    Parameters
    ----------
    folder : Path
        Made when the first file is kept.
    limit_bytes : int
        What all files together may take.
    """

    def __init__(self, folder: Path, limit_bytes: int = 1 << 30) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def put(self, key: str, path: Path, sha256: str) -> None:
        """Keep a file under a key; on a full disk, or where nothing can be written, not."""
        kept = self.folder / f"{key}.{sha256}{path.suffix}"
        with suppress(OSError, EnvironmentFault):
            self.folder.mkdir(parents=True, exist_ok=True)
            for old in self.folder.glob(f"{key}.*"):
                old.unlink(missing_ok=True)
            _name(path, kept)
            os.utime(kept)
        make_room(self.folder, "*.*", self.limit_bytes)

    def bring(self, key: str, path: Path) -> str | None:
        """Give the file that is kept under a key another name, and return its SHA-256; None when it is not there."""
        for kept in self.folder.glob(f"{key}.*{path.suffix}"):
            sha256 = kept.name.split(".")[1]
            with suppress(OSError, EnvironmentFault):
                if sha256_of(kept) != sha256:
                    kept.unlink()
                    continue
                _name(kept, path)
                os.utime(kept)
                return sha256
        return None


def _name(there: Path, wanted: Path) -> None:
    """Give a file a second name; where the system has no such, a copy."""
    try:
        os.link(there, wanted)
    except OSError:
        with atomic_write(wanted) as part:
            shutil.copyfile(there, part)
