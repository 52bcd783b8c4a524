"""One-shots that a person brought into a song: single strokes, to be laid under those of a drum."""

from __future__ import annotations

from pydantic import Field

from controlroom.model.base import Record


class OneShot(Record):
    """A one-shot that a song holds; a person calls it a sample.

    ``id`` names its samples by their digest, so that a step which names it can
    never mean another sound; ``sha256`` is that of the file they were read from.
    ``kick_tone_hz`` and ``snare_tone_hz`` are what it rings at where those drums
    ring, None where it has no clear tone there.
    """

    id: str
    file_name: str
    sha256: str
    rate_hz: int = Field(gt=0)
    frames: int = Field(gt=0)
    kick_tone_hz: float | None = None
    snare_tone_hz: float | None = None
    audio_digest: str
    archived_as: str
    by: str
    at: str

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz

    @property
    def name(self) -> str:
        """The file's name without its extension."""
        return self.file_name.rpartition(".")[0] or self.file_name
