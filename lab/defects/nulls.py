"""Sounds in which nothing is wrong, however odd they look: the base of every false-alarm rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import fft

from controlroom.model.audio import Audio
from lab.songs import make_song, sum_stems

RATE_HZ = 44100
Null = Callable[[int, float], Audio]
"""(seed, seconds) to a sound."""


def clean(seed: int, duration_s: float) -> Audio:
    """Return a clean song."""
    return make_song(seed, duration_s=duration_s).mix


def _noise(seed: int, duration_s: float, power: float) -> Audio:
    rng = np.random.default_rng([seed, 71])
    frames = int(duration_s * RATE_HZ)
    spectrum = fft.rfft(rng.standard_normal((2, frames)))
    f = np.maximum(fft.rfftfreq(frames, 1 / RATE_HZ), 20.0)
    noise = fft.irfft(spectrum * f ** (-power / 2), frames)
    return Audio(0.1 * noise / np.sqrt(np.mean(noise**2)), RATE_HZ)


def white(seed: int, duration_s: float) -> Audio:
    """Return white Gaussian noise at −20 dBFS, independent channels."""
    return _noise(seed, duration_s, 0.0)


def pink(seed: int, duration_s: float) -> Audio:
    """Return pink noise (level in third octaves) at −20 dBFS, independent channels."""
    return _noise(seed, duration_s, 1.0)


def cymbal_heavy(seed: int, duration_s: float) -> Audio:
    """Return a rock song whose cymbals and hats are 6 dB up: a choice, not a fault of noise."""
    song = make_song(seed, style="rock", duration_s=duration_s)
    stems = {
        role: Audio(stem.samples * (2.0 if role in {"hats", "cymbals"} else 1.0), song.rate_hz)
        for role, stem in song.stems.items()
    }
    mix = sum_stems(stems)
    return Audio(mix.samples * min(1.0, 0.9 / float(np.abs(mix.samples).max())), song.rate_hz)


def solo_voice(seed: int, duration_s: float) -> Audio:
    """Return a voice alone in its room."""
    for attempt in range(20):
        song = make_song(seed + 1000 * attempt, style="ballad", duration_s=duration_s)
        if "vocals" in song.stems:
            stem = song.stems["vocals"].samples
            return Audio(stem * (0.7 / float(np.abs(stem).max())), song.rate_hz)
    raise ValueError(f"no ballad with a voice near seed {seed}")


NULLS: Mapping[str, Null] = {
    "clean": clean, "white": white, "pink": pink, "cymbal-heavy": cymbal_heavy, "solo-voice": solo_voice,
}  # fmt: skip
