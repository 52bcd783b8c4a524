"""Where a song's masters go: one route today, as its standards and its person want it."""

from __future__ import annotations

from controlroom.media.encode import MediaFormat
from controlroom.model.route import LevelPolicy, Route
from controlroom.studio.song import Song

FORMATS = (MediaFormat.WAV24, MediaFormat.FLAC24, MediaFormat.MP3_320, MediaFormat.AAC_256)
MASTERS = "masters"


def route_of(song: Song) -> Route:
    """Return the route of a song's masters."""
    number, target = song.standards.number, song.memory.target
    return Route(
        name=MASTERS,
        formats=tuple(form.value for form in FORMATS),
        level=LevelPolicy(
            quietest_lufs=number("loudness.target_low_lufs"),
            loudest_lufs=number("loudness.target_high_lufs"),
            target_lufs=target.lufs if target else None,
        ),
        ceiling_dbtp=number("loudness.ceiling_dbtp"),
        lossy_ceiling_dbtp=number("codec.ceiling_dbtp"),
    )
