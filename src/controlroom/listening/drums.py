"""The strokes of one drum in a sound, to the sample: what every hand for drums starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from controlroom.dsp import transients
from controlroom.dsp.onset_frames import StrokeList, middle, strokes_at
from controlroom.listening.listening import Listening
from controlroom.listening.strokes import strokes_of

Drum = Literal["kick", "snare", "any"]

BANDS: Mapping[str, tuple[str, transients.Shape]] = {
    "kick": ("low", transients.KICK),
    "snare": ("body", transients.STICK),
    "any": ("all", transients.STICK),
}
"""In which band each drum's strokes are looked for."""


def drum_strokes(listening: Listening, drum: str) -> StrokeList:
    """Return the strokes of a kick, of a snare, or all of them.

    On a stem of that drum these are its strokes; on whole drums whatever else
    strikes in the same band (toms) counts as well.
    """

    def find() -> StrokeList:
        band, shape = BANDS[drum]
        envelopes = strokes_of(listening)
        near = transients.find_hits(envelopes, band, shape)
        audio = listening.audio
        return strokes_at(middle(audio.samples), audio.rate_hz, near * round(envelopes.hop_s * audio.rate_hz))

    return listening.keep(("dsp.drum_strokes", drum), find)
