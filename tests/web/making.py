"""Sounds and songs that the page's tests work on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lab.songs import make_song

from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
from controlroom.studio.studio import Studio

RATE_HZ = 44100


def a_take(path: Path, seconds: float = 8.0, seed: int = 3) -> Path:
    """Write a beat with chords, rumble and an offset: something to ask about in every stage."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(seed)
    beat = 60 / 112
    kick = 0.5 * np.sin(2 * np.pi * 55 * t) * np.exp(-(t % beat) / 0.09)
    hats = rng.standard_normal((2, t.size)) * np.exp(-((t + beat / 2) % beat) / 0.03) * 0.12
    pad = np.zeros((2, t.size))
    for root in (220.0, 277.2, 329.6):
        for h in range(1, 7):
            pad[0] += 0.09 / h * np.sin(2 * np.pi * root * h * 1.0007 * t)
            pad[1] += 0.09 / h * np.sin(2 * np.pi * root * h * 0.9993 * t + 1)
    swell = np.where(t < seconds / 4, 0.45, np.where(t < seconds * 0.75, 1.0, 0.6))
    rumble = 0.05 * np.sin(2 * np.pi * 9 * t) + 0.012
    sound = (kick + hats + pad) * swell * 0.55 + rumble + 0.02 * swell * rng.standard_normal((2, t.size))
    scaled = (sound / np.abs(sound).max() * 0.93).astype(np.float32)
    write(path, Audio(scaled, RATE_HZ), MediaFormat.WAV24)
    return path


def a_band(root: Path, folder: Path) -> Path:
    """Make a song with form, harmony and four exact stems, listened to with them."""
    song = make_song(1, duration_s=48.0)
    roles = {
        "vocals": ("vocals",),
        "drums": ("kick", "snare", "hats", "cymbals", "toms"),
        "bass": ("bass",),
        "guitar": tuple(r for r in song.stems if r in ("guitar", "lead")),
    }
    folder.mkdir(parents=True, exist_ok=True)
    take = np.zeros_like(song.mix.samples)
    for name, members in roles.items():
        stem = np.sum([song.stems[role].samples for role in members], axis=0, dtype=np.float32)
        take += stem
        write(folder / f"{name}.wav", Audio(stem, RATE_HZ), MediaFormat.WAV32F)
    write(root.parent / f"{root.name}.wav", Audio(take, RATE_HZ), MediaFormat.WAV32F)
    studio = Studio(name="tester")
    studio.new(root, title="Band Practice")
    studio.add(root, root.parent / f"{root.name}.wav")
    studio.add_stems(root, folder)
    studio.propose(root)
    studio.sounds(root)
    studio.stem_sounds(root)
    return root


def a_song(root: Path, file: Path) -> Path:
    """Make a song that was listened to, with its questions open and its sounds ready."""
    studio = Studio(name="tester")
    studio.new(root, title="Glass Harbour")
    studio.add(root, file)
    studio.propose(root)
    studio.sounds(root)
    return root
