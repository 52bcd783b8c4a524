"""What the verbs are given: a take of 3 s with its stems, a stroke, numbers of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio

RATE_HZ = 44_100
SECONDS = 3.0


def bring(folder: Path) -> Path:
    """Write every input into a folder, and return it."""
    stems = {role: Audio(samples.astype(np.float32), RATE_HZ) for role, samples in _parts().items()}
    (folder / "stems").mkdir(parents=True, exist_ok=True)
    for role, stem in stems.items():
        write(folder / "stems" / f"{role}.wav", stem, MediaFormat.WAV32F)
    take = np.sum([stem.samples for stem in stems.values()], axis=0, dtype=np.float32)
    write(folder / "take.wav", Audio(take, RATE_HZ), MediaFormat.WAV32F)
    stroke = stems["drums"].samples[:, : RATE_HZ // 3]
    write(folder / "kick.wav", Audio(stroke, RATE_HZ), MediaFormat.WAV24)
    (folder / "numbers.toml").write_text('"rumble.below_hz" = 18.0\n', encoding="utf-8")
    return folder


def _parts() -> dict[str, np.ndarray]:
    """Return four stems, (2, frames); an offset and a rumble lie under the bass, so that something is asked."""
    t = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(3)
    moves = np.interp(t, np.linspace(0, SECONDS, 12), rng.uniform(0.2, 1.0, 12))
    kick = np.sin(2 * np.pi * 55 * t) * np.exp(-(t % 0.5) / 0.08)
    hats = np.diff(rng.standard_normal(t.size), prepend=0.0) * np.exp(-((t + 0.25) % 0.5) / 0.03)
    voice = sum(np.sin(2 * np.pi * 220 * k * t + k) / k for k in range(1, 12)) * moves
    keys = sum(np.sin(2 * np.pi * f * t) for f in (330.0, 415.0, 494.0)) * np.roll(moves, 40_000)
    bass = np.sin(2 * np.pi * 82.4 * t) * np.roll(moves, 20_000)
    mono = {
        "vocals": 0.06 * voice,
        "drums": 0.4 * kick + 0.1 * hats,
        "bass": 0.15 * bass + 0.04 * np.sin(2 * np.pi * 9 * t) + 0.012,
        "keyboard": 0.05 * keys,
    }
    wide = {"vocals": 0.0, "drums": 0.1, "bass": 0.0, "keyboard": -0.3}
    return {role: np.stack([(1 + wide[role]) * x, (1 - wide[role]) * x]) for role, x in mono.items()}
