"""A tiny band with known truth: kick, snare, hat, bass and triads at a constant tempo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PROGRESSION = ((0, "maj"), (7, "maj"), (9, "min"), (5, "maj"))
"""I V vi IV, one chord a bar."""


@dataclass(frozen=True)
class Take:
    """A mono take as (1, frames), with its truth."""

    samples: np.ndarray
    rate_hz: int
    tempo_bpm: float
    beats_s: np.ndarray
    beats_per_bar: int
    tonic: int
    roots: tuple[int, ...]
    qualities: tuple[str, ...]


def _add(out: np.ndarray, sound: np.ndarray, at_s: float, rate_hz: int) -> None:
    start = round(at_s * rate_hz)
    length = min(sound.size, out.size - start)
    if length > 0:
        out[start : start + length] += sound[:length]


def _tone(note: float, seconds: float, rate_hz: int, partials: int) -> np.ndarray:
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    hz = 440.0 * 2 ** ((note - 69) / 12)
    sound = sum(
        0.6**k * np.sin(2 * np.pi * (k + 1) * hz * t)
        for k in range(partials)
        if (k + 1) * hz < 0.45 * rate_hz
    )
    return sound * np.minimum(1, t / 0.005) * np.exp(-t / 0.8) * np.clip((t[-1] - t) / 0.02, 0, 1)


def play(
    tempo_bpm: float = 112.0,
    *,
    tonic: int = 2,
    bars: int = 12,
    rate_hz: int = 22050,
    start_s: float = 0.25,
    beats_per_bar: int = 4,
    cents: float = 0.0,
) -> Take:
    """Play ``bars`` bars of I V vi IV and a closing tonic."""
    rng = np.random.default_rng(7)
    beat_s = 60.0 / tempo_bpm
    count = bars * beats_per_bar + 1
    beats = start_s + beat_s * np.arange(count)
    out = np.zeros(int((beats[-1] + 1.5) * rate_hz))
    t = np.arange(int(0.25 * rate_hz)) / rate_hz
    kick = np.sin(2 * np.pi * (50 * t + 3 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.08)
    snare = rng.standard_normal(t.size) * np.exp(-t / 0.05)
    hat = np.diff(rng.standard_normal(t.size + 1)) * np.exp(-t / 0.02)
    roots, qualities = [], []
    for at, beat in enumerate(beats):
        bar, place = divmod(at, beats_per_bar)
        _add(
            out,
            0.7 * kick if place == 0 or (place == 2 and beats_per_bar == 4) else 0.3 * snare,
            beat,
            rate_hz,
        )
        _add(out, 0.06 * hat, beat + 0.5 * beat_s, rate_hz)
        step, quality = PROGRESSION[bar % 4] if bar < bars else PROGRESSION[0]
        root = (tonic + step) % 12
        if place == 0:
            roots.append(root)
            qualities.append(quality)
            third = 4 if quality == "maj" else 3
            for note in (root, root + third, root + 7):
                _add(
                    out,
                    0.1 * _tone(60 + note + cents / 100, beats_per_bar * beat_s, rate_hz, 6),
                    beat,
                    rate_hz,
                )
        low = 36 + root + cents / 100
        _add(out, 0.2 * _tone(low, 0.95 * beat_s, rate_hz, 4), beat, rate_hz)
    samples = (0.5 * out / np.abs(out).max()).astype(np.float32)[None]
    return Take(samples, rate_hz, tempo_bpm, beats, beats_per_bar, tonic, tuple(roots), tuple(qualities))


def beat_f(truth_s: np.ndarray, found_s: np.ndarray, within_s: float = 0.07) -> float:
    """Return the F-measure of beats: each truth matched at most once within ±70 ms."""
    found = list(found_s)
    hits = 0
    for beat in truth_s:
        near = [one for one in found if abs(one - beat) <= within_s]
        if near:
            found.remove(min(near, key=lambda one: abs(one - beat)))
            hits += 1
    total = len(truth_s) + len(found_s)
    return 2 * hits / total if total else 1.0


def pitch_classes_of(label: str) -> int:
    """Return the root of a Harte label."""
    names = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    return names.index(label.partition(":")[0])
