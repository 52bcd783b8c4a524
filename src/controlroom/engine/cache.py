"""What was rendered before and need not be rendered again, by the content that it came from.

The cache is never part of the truth: it may be deleted at any moment, a file
that is not what was written is not used, and a full disk only means that
nothing is kept.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from weakref import ref

import numpy as np

from controlroom.engine.environment import environment_mark
from controlroom.media.files import atomic_write
from controlroom.model.audio import Audio
from controlroom.model.errors import EnvironmentFault


class Cache(Protocol):
    """Keeps sounds by key."""

    def find(self, key: str) -> Callable[[], Audio] | None:
        """Return how to load what is kept under a key; None when nothing good is."""
        ...

    def put(self, key: str, audio: Audio) -> Callable[[], Audio]:
        """Keep a sound, and return how to load it again."""
        ...


class FolderCache:
    """Keeps sounds as files in one folder, the ones unused for longest going first.

    A file is named by its key, rate, checksum (CRC-32 of the samples) and the
    environment that made it, and checked the first time that it is found: what
    another version of this program or of its libraries rendered is not used.
    What this object handed out is not thrown away while it lives.

    Parameters
    ----------
    folder : Path
        Made when the first sound is kept.
    limit_bytes : int
        What all files together may take.
    made_by : str or None
        Names the environment; None for this one (``environment_mark``).
    """

    def __init__(self, folder: Path, limit_bytes: int = 6 << 30, made_by: str | None = None) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self.made_by = environment_mark() if made_by is None else made_by
        self._in_use: dict[str, Path] = {}
        self._just_checked: Audio | None = None

    def find(self, key: str) -> Callable[[], Audio] | None:
        """Return how to load what is kept under a key; None when nothing good is."""
        if key not in self._in_use:
            path = next(self.folder.glob(f"{key}.*.{self.made_by}.npy"), None)
            audio = _checked(path) if path is not None else None
            if path is None or audio is None:
                return None
            os.utime(path)
            self._in_use[key] = path
            self._just_checked = audio  # it is asked for next: one sound may wait for that
            weakly = ref(audio)
            return lambda: weakly() or _load(path)
        return _loader(self._in_use[key])

    def put(self, key: str, audio: Audio) -> Callable[[], Audio]:
        """Keep a sound, and return how to load it again; on a full disk, from memory."""
        check = f"{zlib.crc32(audio.samples.data):08x}"
        path = self.folder / f"{key}.{audio.rate_hz}.{check}.{self.made_by}.npy"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as part, part.open("wb") as file:
                np.save(file, audio.samples)
        except (OSError, EnvironmentFault):
            return lambda: audio
        self._in_use[key] = path
        self._make_room()
        return _loader(path)

    def _make_room(self) -> None:
        files = [
            (path.stat().st_mtime, path.stat().st_size, path) for path in self.folder.glob("*.*.*.*.npy")
        ]
        too_much = sum(size for _, size, _ in files) - self.limit_bytes
        used = set(self._in_use.values())
        for _, size, path in sorted(files):
            if too_much <= 0:
                return
            if path not in used:
                path.unlink(missing_ok=True)
                too_much -= size


def _loader(path: Path) -> Callable[[], Audio]:
    return lambda: _load(path)


def _load(path: Path) -> Audio:
    return Audio(np.load(path, allow_pickle=False), int(path.name.split(".")[1]))


def _checked(path: Path) -> Audio | None:
    """Return the sound of a file; None when it is not what was written."""
    try:
        samples = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        return None
    if samples.dtype != np.float32 or samples.ndim != 2:
        return None
    audio = Audio(samples, int(path.name.split(".")[1]))
    return audio if f"{zlib.crc32(audio.samples.data):08x}" == path.name.split(".")[2] else None
