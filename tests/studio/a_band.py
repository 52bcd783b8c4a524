"""A small song with true stems: a voice, drums, a bass, keys; the take is their sum."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 44_100
SECONDS = 6.0


def parts(seconds: float = SECONDS, seed: int = 0) -> dict[str, np.ndarray]:
    """Return stereo float32 parts by file name; another seed is another song."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(seed)
    moves = np.interp(t, np.linspace(0, seconds, 24), rng.uniform(0.1, 1.0, 24))
    voice = sum(np.sin(2 * np.pi * 220 * k * t * (1 + 0.002 * seed) + k) / k for k in range(1, 12)) * moves
    beat = 0.5 + 0.03 * seed
    kick = np.sin(2 * np.pi * 55 * t) * np.exp(-(t % beat) / 0.08)
    hats = rng.standard_normal(t.size) * np.exp(-((t + beat / 2) % beat) / 0.03)
    hats -= np.convolve(hats, np.ones(12) / 12, mode="same")
    bass = np.sign(np.sin(2 * np.pi * 41.2 * (1 + 0.1 * seed) * t)) * 0.2 * np.roll(moves, 30_000)
    keys = sum(np.sin(2 * np.pi * f * t + seed) for f in (330.0, 415.0, 494.0)) * np.roll(moves, 90_000)
    mono = {
        "vocals": 0.05 * voice,
        "drums": 0.2 * kick + 0.1 * hats,
        "bass": 0.3 * bass,
        "keyboard": 0.03 * keys,
    }
    wide = {"vocals": 0.0, "drums": 0.2, "bass": 0.0, "keyboard": -0.3}
    return {
        f"{name}.wav": np.stack([(1 + wide[name]) * x, (1 - wide[name]) * x]).astype(np.float32)
        for name, x in mono.items()
    }


def write_folder(folder: Path, sounds: Mapping[str, np.ndarray], rate_hz: int = RATE_HZ) -> Path:
    """Write sounds as 32-bit float WAV files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, samples in sounds.items():
        soundfile.write(folder / name, samples.T, rate_hz, subtype="FLOAT")
    return folder


def write_zip(path: Path, folder: Path) -> Path:
    """Pack a folder's files into a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path


def write_take(path: Path, sounds: Mapping[str, np.ndarray]) -> Path:
    """Write the sum of parts as a 32-bit float take."""
    soundfile.write(path, sum(sounds.values()).T, RATE_HZ, subtype="FLOAT")
    return path


def write_all(root: Path) -> Path:
    """Write the band's take and the folder of its parts."""
    sounds = parts()
    write_folder(root / "stems", sounds)
    write_take(root / "take.wav", sounds)
    return root
