"""References: finished music that a song is heard against."""

from __future__ import annotations

from controlroom.model.base import Record


class Reference(Record):
    """One reference: what it is, and where its bytes are kept in the song."""

    id: str
    file_name: str
    sha256: str
    duration_s: float
    rate_hz: int
    archived_as: str
    added_at: str
