"""A desk's cache in memory, for sounds that are few."""

from __future__ import annotations

from collections.abc import Callable

from controlroom.model.audio import Audio


class MemoryCache:
    """Keeps everything that it is given."""

    def __init__(self) -> None:
        self._kept: dict[str, Audio] = {}

    def find(self, key: str) -> Callable[[], Audio] | None:
        """Return how to load what is kept under a key; None when nothing is."""
        return (lambda: self._kept[key]) if key in self._kept else None

    def put(self, key: str, audio: Audio) -> Callable[[], Audio]:
        """Keep a sound, and return how to load it again."""
        self._kept[key] = audio
        return lambda: audio
