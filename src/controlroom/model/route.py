"""Where a master goes."""

from __future__ import annotations

from pydantic import Field

from controlroom.model.base import Record

DELIVERABLE_HZ = (44100, 48000, 88200, 96000, 176400, 192000)


class LevelPolicy(Record):
    """How loud a route's masters are: at a level that was named, or within a window as loud as harm allows."""

    quietest_lufs: float
    loudest_lufs: float
    target_lufs: float | None = None


class Route(Record):
    """Where a master goes, and what is asked of it there.

    ``rate_hz`` is None where the take's own rate goes out. A format's name says its
    depth. The ceiling holds for lossless files, ``lossy_ceiling_dbtp`` for what a
    decoder makes of the others.
    """

    name: str
    formats: tuple[str, ...]
    level: LevelPolicy
    ceiling_dbtp: float
    lossy_ceiling_dbtp: float
    rate_hz: int | None = Field(default=None, gt=0)

    def rate_of(self, source_hz: int) -> int:
        """Return the rate of the masters of a sound.

        Its own where that is deliverable; else 44.1 kHz for its family, or 48 kHz: a
        32 kHz file is refused by stores. A rate is never raised for a badge.
        """
        if self.rate_hz is not None:
            return self.rate_hz
        if source_hz in DELIVERABLE_HZ:
            return source_hz
        return 44100 if source_hz % 11025 == 0 else 48000
