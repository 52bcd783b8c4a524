"""What can be read of a voice without its stem: the middle of the mix, where somebody probably sings.

Only sibilance. Measured on ``lab/songs`` (seeds 0 to 39), the same way: presence
of the middle while somebody sings against when nobody does, without a false
alarm, misses more than half of the clearly masked voices, and the walk of the
middle's level follows the arrangement and not the voice; so masking and level
keep to the stem.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controlroom.dsp import masking
from controlroom.dsp.spectrum import decibels
from controlroom.listening.listening import Listening
from controlroom.listening.musical import music_of
from controlroom.listening.voice import HISSING_HZ, NOTHING_DB, VOWEL_HZ, erb_levels_of
from controlroom.model.standards import Standards

Floats = masking.Floats
SOUNDING_DB = -20.0
LEAST_S = 1.0
LEAST_MIDDLE = np.float32(1e-3)
"""What is left of the middle where the sides are stronger: −30 dB."""


@dataclass(frozen=True, slots=True)
class HissInMix:
    """Hiss of the middle while somebody probably sings.

    Parameters
    ----------
    over_vowels_db : float
        95 % point of 4.5 to 11 kHz over the 90 % point of 0.4 to 4 kHz.
    over_unsung_db : float
        97 % point of 4.5 to 11 kHz over that when nobody sings: hats play on.
    """

    over_vowels_db: float
    over_unsung_db: float


NONE = HissInMix(NOTHING_DB, NOTHING_DB)


def hiss_in_mix_of(listening: Listening) -> HissInMix:
    """Return the hiss; −200 dB where less than a second is sung, or less than a second is not."""
    return listening.keep(("dsp.hiss_in_mix",), lambda: _hiss(listening))


def _hiss(listening: Listening) -> HissInMix:
    vocals = music_of(listening).vocals
    if vocals is None or not vocals.spans:
        return NONE
    middle, hop_s = _middle(listening), erb_levels_of(listening).hop_s
    whole = erb_levels_of(listening).power.sum(axis=1)
    at_s = (np.arange(whole.size) + 1) * hop_s
    sung = np.zeros(whole.size, dtype=bool)
    for span in vocals.spans:
        sung |= (at_s >= span.start_s) & (at_s < span.end_s)
    sounds = whole > np.quantile(whole, 0.9) * 10 ** (SOUNDING_DB / 10)
    with_voice, without = sung & sounds, ~sung & sounds
    if min(np.count_nonzero(with_voice), np.count_nonzero(without)) * hop_s < LEAST_S:
        return NONE
    bands = erb_levels_of(listening)
    hiss = decibels(middle[:, bands.between(*HISSING_HZ)].sum(axis=1))
    vowels = decibels(middle[:, bands.between(*VOWEL_HZ)].sum(axis=1))
    return HissInMix(
        float(np.quantile(hiss[with_voice], 0.95) - np.quantile(vowels[with_voice], 0.9)),
        float(np.quantile(hiss[with_voice], 0.97) - np.quantile(hiss[without], 0.97)),
    )


def _middle(listening: Listening) -> masking.Singles:
    """Return mid less side per band, shape (frames, bands): what stands in the middle."""
    mid, audio = erb_levels_of(listening).power, listening.audio
    if audio.channels < 2:
        return mid
    side = (audio.samples[:1] - audio.samples[1:2]) * np.float32(0.5)
    beside = masking.erb_levels(side, audio.rate_hz).power
    return np.asarray(np.maximum(mid - beside, LEAST_MIDDLE * mid))


def sibilance(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the hiss of the middle over its vowels where somebody probably sings, in dB."""
    del standards, argument
    return hiss_in_mix_of(listening).over_vowels_db


def sung_hiss(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the hiss of the middle while somebody probably sings, over that when nobody does, in dB."""
    del standards, argument
    return hiss_in_mix_of(listening).over_unsung_db
