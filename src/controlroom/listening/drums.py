"""The strokes of one drum in a sound, to the sample: what every hand for drums starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from controlroom.dsp import transients
from controlroom.dsp.onset_frames import StrokeList, middle, strokes_at
from controlroom.dsp.spectrum import decibels
from controlroom.dsp.transients import Places, StrokeEnvelopes
from controlroom.listening.listening import Listening
from controlroom.listening.strokes import strokes_of
from controlroom.model.standards import Standards

Drum = Literal["kick", "snare", "any"]

BANDS: Mapping[str, tuple[str, transients.Shape]] = {
    "kick": ("low", transients.KICK),
    "snare": ("crack", transients.STICK),
    "any": ("all", transients.STICK),
}
"""In which band each drum's strokes are looked for."""

KICK_LOW_OVER_BODY_DB = -3.0
SNARE_CRACK_OVER_BODY_DB = -12.0
SNARE_CRACK_OVER_HIGH_DB = -2.0
"""What tells drums apart in a stroke's first 50 ms, whatever its force: a kick has as much at 40 to 130 Hz
as at 150 to 500, a snare's 2 to 7 kHz are not far under its 150 to 500 Hz (kicks and toms: 13 dB and more)
nor under its 7 to 15 kHz (hats: 4 dB and more)."""


def drum_strokes(listening: Listening, drum: str) -> StrokeList:
    """Return the strokes of a kick, of a snare, or all of them, in a stem of that drum or in whole drums."""

    def find() -> StrokeList:
        band, shape = BANDS[drum]
        envelopes, audio = strokes_of(listening), listening.audio
        near = _only(envelopes, transients.find_fronts(envelopes, band, shape), drum)
        near = near * round(envelopes.hop_s * audio.rate_hz)
        return strokes_at(middle(audio.samples), audio.rate_hz, near, low=drum == "kick")

    return listening.keep(("dsp.drum_strokes", drum), find)


def between(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the quiet fifth of a sound lies under its loud level, in dB (≤ 0): what a part holds between its own notes.

    20th percentile under the 98th, in steps of 3 ms; digital silence counts as -100.
    """
    del standards, argument
    level = decibels(strokes_of(listening).power["slow"])
    quiet, loud = np.quantile(level, [0.2, 0.98])
    return float(max(quiet - loud, -100.0))


def _only(envelopes: StrokeEnvelopes, hits: Places, drum: str) -> Places:
    """Return the hits that can be of a drum."""
    if drum == "any" or hits.size == 0:
        return hits
    level = transients.colours(envelopes, hits)
    if drum == "kick":
        return hits[level["low"] - level["body"] >= KICK_LOW_OVER_BODY_DB]
    return np.asarray(
        hits[
            (level["crack"] - level["body"] >= SNARE_CRACK_OVER_BODY_DB)
            & (level["crack"] - level["high"] >= SNARE_CRACK_OVER_HIGH_DB)
        ]
    )
