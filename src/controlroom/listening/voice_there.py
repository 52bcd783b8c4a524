"""Whether a stem that is called the voice holds one."""

from __future__ import annotations

from controlroom.listening.heard import loudest_of
from controlroom.listening.listening import Listening

TRACE_DB = -40.0
"""What lies so far under the song, loudest stretch against loudest stretch, is heard by nobody beside it."""


def only_a_trace(listening: Listening) -> bool:
    """Whether the voice's stem holds no more than a trace: what an MP3 leaves of silence, or a far leak.

    False without such a stem. The loudest 8 s count, so that a voice that sings
    one line in a long song is a voice.
    """
    stem = listening.stems.get("vocals")
    return stem is not None and loudest_of(stem).rms_db < loudest_of(listening).rms_db + TRACE_DB
