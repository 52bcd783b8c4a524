"""What the ears for drums read: envelopes of the mix and of the kit's stems, and how their strokes begin."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from controlroom.dsp import transients
from controlroom.dsp.spectrum import decibels
from controlroom.listening.listening import Listening
from controlroom.model.standards import Standards

SHARP_DB = 99.0
"""What a front reads when there is no stroke to judge."""
NOTHING_DB = -200.0
STRUCK_PER_SECOND = 1.0
"""A mix with fewer strokes in the highs has no kit to speak of …"""
STRUCK_CREST_DB = 3.5
"""… nor one whose strokes stand out less: the swells of noise that pass for strokes read 2.4 to 3.3."""
COVERED_BY_HATS = ("snare", "vocals")


def strokes_of(listening: Listening) -> transients.StrokeEnvelopes:
    """Return the band envelopes in steps of 3 ms."""
    audio = listening.audio
    return listening.keep(
        ("dsp.stroke_envelopes",), lambda: transients.stroke_envelopes(audio.samples, audio.rate_hz)
    )


def described(listening: Listening, band: str, shape: transients.Shape) -> transients.Strokes | None:
    """Return how the strokes in one band begin, None when there are too few."""
    envelopes = strokes_of(listening)
    return listening.keep(
        ("dsp.strokes", band, shape),
        lambda: transients.describe(envelopes, band, transients.find_hits(envelopes, band, shape), shape),
    )


def struck_of(listening: Listening) -> transients.Strokes | None:
    """Return the strokes in the highs of a mix; None where nothing is struck, such as in noise."""
    found = described(listening, "high", transients.STICK)
    if found is None or found.per_second < STRUCK_PER_SECOND or found.crest_db < STRUCK_CREST_DB:
        return None
    return found


def kick_front(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the front of the kick's strokes over their body, in dB; 99 without a stem of it."""
    del standards, argument
    return _front(listening.stems.get("kick"), "slow", transients.KICK)


def snare_front(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the front of the snare's strokes over their body, in dB; 99 without a stem of it."""
    del standards, argument
    return _front(listening.stems.get("snare"), "all", transients.STICK)


def _front(stem: Listening | None, band: str, shape: transients.Shape) -> float:
    strokes = described(stem, band, shape) if stem else None
    return strokes.front_db if strokes else SHARP_DB


def smear(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how long the sharpest part of the kit takes to rise, in seconds; 0 without strokes."""
    del standards, argument
    stems = listening.stems
    parts = (
        [("hats", "high"), ("snare", "all")] if "hats" in stems or "snare" in stems else [("drums", "high")]
    )
    found = [described(stems[role], band, transients.STICK) for role, band in parts if role in stems]
    if not found:
        found = [struck_of(listening)]
    rises = [strokes.rise_ms / 1000.0 for strokes in found if strokes]
    return min(rises, default=0.0)


def kit_is_apart(listening: Listening) -> bool:
    """Whether the sound comes with stems of its drums."""
    return bool({"hats", "snare", "drums"} & set(listening.stems))


def hats_over(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the hats at 2 to 15 kHz over snare and voice there, in dB; -200 without these stems."""
    del standards, argument
    victims = [listening.stems[role] for role in COVERED_BY_HATS if role in listening.stems]
    if "hats" not in listening.stems or not victims:
        return NOTHING_DB
    own, covered = _upper([listening.stems["hats"]]), _upper(victims)
    return NOTHING_DB if min(own, covered) <= 0.0 else float(decibels(own) - decibels(covered))


def hats_occupancy(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the share of time that the hats (of the mix: 7 to 15 kHz) sound near their loud level."""
    del standards, argument
    part = listening.stems.get("hats", listening)
    return part.keep(("dsp.occupancy",), lambda: transients.occupancy(strokes_of(part), "high"))


def hiss_over_crack(listening: Listening, standards: Standards, argument: float) -> float:
    """Return 7 to 15 kHz over 2 to 7 kHz of the mix, in dB; -200 where nothing is struck: hiss is no hat."""
    del standards, argument
    if struck_of(listening) is None:
        return NOTHING_DB
    power = strokes_of(listening).power
    high, crack = (float(np.mean(power[name], dtype=np.float64)) for name in ("high", "crack"))
    return NOTHING_DB if high <= 0.0 else float(decibels(high) - decibels(crack))


def _upper(parts: Iterable[Listening]) -> float:
    powers = [strokes_of(part).power for part in parts]
    return float(sum(np.mean(p["high"] + p["crack"], dtype=np.float64) for p in powers))
