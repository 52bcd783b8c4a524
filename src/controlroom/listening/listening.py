"""A lazy view of one sound: what was measured once is not measured again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from controlroom.model.audio import Audio
from controlroom.model.timeline import Span

T = TypeVar("T")


class Listening:
    """One sound, with everything that was ever measured of it.

    Measurements are kept for the life of the object under a key that names the
    function and its parameters; a song's stems are Listenings of their own,
    handed in by role.

    Parameters
    ----------
    audio : Audio
        The sound.
    clock : str
        Name of the clock that spans of this sound are on.
    stems : mapping of str to Listening
        Parts of the sound, by role; may be empty.
    """

    def __init__(
        self, audio: Audio, clock: str = "take", stems: Mapping[str, Listening] | None = None
    ) -> None:
        self.audio = audio
        self.clock = clock
        self.stems: Mapping[str, Listening] = dict(stems or {})
        self._kept: dict[tuple[object, ...], object] = {}

    def keep(self, key: tuple[object, ...], measure: Callable[[], T]) -> T:
        """Return what is kept under ``key``, measuring it the first time."""
        if key not in self._kept:
            self._kept[key] = measure()
        return self._kept[key]  # type: ignore[return-value]  # one key, one type: see the callers

    def span(self, start_s: float, end_s: float) -> Span:
        """Return a span on this sound's clock, clipped to it."""
        return Span(
            clock=self.clock,
            start_s=max(0.0, start_s),
            end_s=min(self.audio.duration_s, max(start_s, end_s)),
        )

    def part(self, role: str) -> Listening:
        """Return the listening of ``mix`` (this one) or of a stem; KeyError if there is none."""
        return self if role == "mix" else self.stems[role]
