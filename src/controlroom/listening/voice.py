"""What the ears for the voice read: its stem beside everything else, in ERB bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controlroom.dsp import masking
from controlroom.dsp.spectrum import decibels
from controlroom.listening.listening import Listening
from controlroom.model.standards import Standards

CLEAR_DB = 99.0
"""What the voice reads over its backing when there is no stem of it."""
NOTHING_DB = -200.0
PRESENCE_HZ = (1000.0, 4000.0)
SUNG_HZ = (200.0, 8000.0)
HISSING_HZ = (4500.0, 11000.0)
VOWEL_HZ = (400.0, 4000.0)
HISS_QUANTILE = 0.95
WINDOW_S = 2.0
SUNG_SHARE = 0.25
LEAST_WINDOWS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """The voice, what plays beside it, and the frames in which it sings."""

    own: masking.ErbLevels
    backing: masking.ErbLevels
    sings: masking.Mask


def voice_of(listening: Listening) -> Voice | None:
    """Return the voice's stem and the rest of the mix in ERB bands; None without a stem that sounds."""
    stem = listening.stems.get("vocals")
    if stem is None or stem.audio.samples.shape[1] == 0 or not np.any(stem.audio.samples):
        return None
    return listening.keep(("dsp.voice",), lambda: _voice(listening, stem))


def erb_levels_of(listening: Listening) -> masking.ErbLevels:
    """Return a sound's power over time in ERB bands."""
    audio = listening.audio
    return listening.keep(("dsp.erb_levels",), lambda: masking.erb_levels(audio.samples, audio.rate_hz))


def _voice(listening: Listening, stem: Listening) -> Voice:
    rate, frames = listening.audio.rate_hz, min(listening.audio.frames, stem.audio.frames)
    voice = stem.audio.samples[:, :frames].mean(axis=0, keepdims=True)
    rest = listening.audio.samples[:, :frames].mean(axis=0, keepdims=True) - voice
    own = erb_levels_of(stem) if frames == stem.audio.frames else masking.erb_levels(voice, rate)
    return Voice(own, masking.erb_levels(rest, rate), masking.active(own, own.between(*SUNG_HZ)))


def over_backing(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the voice over what masks it at 1 to 4 kHz while it sings, in dB; 99 without a stem of it."""
    del standards, argument
    voice = voice_of(listening)
    if voice is None:
        return CLEAR_DB
    ratio = masking.signal_to_mask_db(voice.own, voice.backing, voice.own.between(*PRESENCE_HZ), voice.sings)
    return ratio if np.isfinite(ratio) else CLEAR_DB


def covered(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the share of the voice's cells (frame, ERB band) at 1 to 4 kHz that the rest lies over."""
    del standards, argument
    voice = voice_of(listening)
    if voice is None:
        return 0.0
    return masking.covered_share(voice.own, voice.backing, voice.own.between(*PRESENCE_HZ), voice.sings)


def sibilance(listening: Listening, standards: Standards, argument: float) -> float:
    """Return the voice's sharpest 4.5 to 11 kHz over its loud vowels, in dB; -200 without a stem of it.

    The 95th percentile of the hissing band while the voice sounds, over the
    90th of 0.4 to 4 kHz.
    """
    del standards, argument
    voice = voice_of(listening)
    if voice is None or not np.any(voice.sings):
        return NOTHING_DB
    power = voice.own.power[voice.sings]
    hiss = decibels(power[:, voice.own.between(*HISSING_HZ)].sum(axis=1))
    vowel = decibels(power[:, voice.own.between(*VOWEL_HZ)].sum(axis=1))
    return float(np.quantile(hiss, HISS_QUANTILE) - np.quantile(vowel, 0.9))


def level_range(listening: Listening, standards: Standards, argument: float) -> float:
    """Return how far the voice's level walks from phrase to phrase, in dB; 0 without a stem of it.

    10th to 90th percentile over windows of 2 s, each over the frames in which it sings.
    """
    del standards, argument
    levels = phrase_levels(listening)
    if levels.size < LEAST_WINDOWS:
        return 0.0
    return float(np.ptp(np.quantile(levels, [0.1, 0.9])))


def phrase_levels(listening: Listening) -> masking.Floats:
    """Return the voice's level in each window of 2 s in which it sings, in dB."""
    voice = voice_of(listening)
    if voice is None:
        return np.zeros(0)
    per = max(1, round(WINDOW_S / voice.own.hop_s))
    whole = voice.sings.size // per
    power = voice.own.power[:, voice.own.between(*SUNG_HZ)].sum(axis=1, dtype=np.float64)
    sings = voice.sings[: whole * per].reshape(whole, per)
    power = power[: whole * per].reshape(whole, per)
    enough = sings.mean(axis=1) >= SUNG_SHARE
    means = (power * sings).sum(axis=1) / np.maximum(sings.sum(axis=1), 1)
    return decibels(means[enough])


def worst_band_hz(listening: Listening) -> float:
    """Return the ERB band at 1 to 4 kHz in which the voice lies deepest under the rest; 0 without a voice."""
    voice = voice_of(listening)
    if voice is None or not np.any(voice.sings):
        return 0.0
    bands = np.flatnonzero(voice.own.between(*PRESENCE_HZ))
    own = voice.own.power[voice.sings][:, bands].mean(axis=0)
    over = masking.excitation(voice.backing)[voice.sings][:, bands].mean(axis=0)
    worst = bands[int(np.argmin(decibels(own) - decibels(over)))]
    return float(np.sqrt(voice.own.edges_hz[worst] * voice.own.edges_hz[worst + 1]))
