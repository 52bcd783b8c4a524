"""What the ears for resonance, pumping and codecs read: each pass made once, and its reading."""

from __future__ import annotations

import numpy as np

from controlroom.dsp import codec, pumping
from controlroom.dsp.lines import Line
from controlroom.dsp.resonance import strongest_resonance
from controlroom.listening.listening import Listening
from controlroom.listening.musical import music_of, slow_of
from controlroom.listening.voice import erb_levels_of
from controlroom.model.standards import Standards


def resonance_of(listening: Listening) -> Line:
    """Return the strongest narrow ring."""

    def measured() -> Line:
        slow = slow_of(listening)
        return strongest_resonance(slow.mono, slow.rate_hz)

    return listening.keep(("dsp.resonance",), measured)


def resonance(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the strongest ring stands over the floor around it."""
    del standards, argument
    return resonance_of(listening).prominence_db


def beat_rise(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the level rises through the beat; −99 without beats."""
    del standards, argument

    def measured() -> float:
        beats = np.asarray(music_of(listening).grid.beats_s, dtype=np.float64)
        return pumping.beat_rise_db(erb_levels_of(listening), beats)

    return listening.keep(("dsp.beat_rise",), measured)


def codec_holes(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how many holes a minute of the highs has."""
    del standards, argument
    audio = listening.audio
    return listening.keep(("dsp.codec_holes",), lambda: codec.holes_per_minute(audio.samples, audio.rate_hz))
