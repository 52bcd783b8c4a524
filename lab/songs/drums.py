"""Drum sounds made of swept sines and filtered noise, and their players."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import signal

from lab.songs.form import Bar, Score
from lab.songs.truth import Times

Maker = Callable[[np.random.Generator, int, str], np.ndarray]
FORCE = {"x": 1.0, "o": 0.6, "-": 0.3}


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke: when, how hard (linear), and which sound of the kit."""

    time_s: float
    force: float
    sound: str


def noise_band(
    rng: np.random.Generator, frames: int, low_hz: float, high_hz: float, rate_hz: int
) -> np.ndarray:
    """Gaussian noise through a second-order band-pass, RMS 1."""
    high = min(high_hz, 0.45 * rate_hz)
    sos = signal.butter(2, [low_hz, high], "bandpass", fs=rate_hz, output="sos")
    noise = signal.sosfilt(sos, rng.standard_normal(frames))
    return noise / np.sqrt(np.mean(noise**2))


def _time(length_s: float, rate_hz: int) -> np.ndarray:
    return np.arange(int(length_s * rate_hz)) / rate_hz


def _swept(t: np.ndarray, end_hz: float, extra_hz: float, fall_s: float, rate_hz: int) -> np.ndarray:
    return np.sin(2 * np.pi * np.cumsum(end_hz + extra_hz * np.exp(-t / fall_s)) / rate_hz)


def _finish(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    """Fade the last 10 ms, so that no sample ends in a step."""
    tail = int(0.01 * rate_hz)
    sound[-tail:] *= np.linspace(1, 0, tail)
    return sound.astype(np.float32)


def kick(rng: np.random.Generator, rate_hz: int, kit: str) -> np.ndarray:
    """Sine that falls in pitch, with the click of the beater."""
    t = _time(0.45, rate_hz)
    end, ring = rng.uniform(48, 62), rng.uniform(0.1, 0.14) * (1.3 if kit == "machine" else 1.0)
    body = _swept(t, end, rng.uniform(110, 190), 0.022, rate_hz) * np.exp(-t / ring)
    knock = _swept(t, 2 * end, 300, 0.008, rate_hz) * np.exp(-t / 0.02)
    click = noise_band(rng, t.size, 1800, 7000, rate_hz) * np.exp(-t / 0.004)
    sound = (body + 0.45 * knock + 0.22 * click) * np.minimum(1, t / 0.0007)
    # a falling sweep has a mean of its own; a microphone hears none
    sound = signal.sosfilt(signal.butter(1, 18, "highpass", fs=rate_hz, output="sos"), sound)
    return _finish(sound, rate_hz)


def snare(rng: np.random.Generator, rate_hz: int, kit: str) -> np.ndarray:
    """Two drum-head modes, wires (noise) and the crack of the stick."""
    t = _time(0.4, rate_hz)
    head = rng.uniform(175, 225)
    body = np.sin(2 * np.pi * head * t) * np.exp(-t / 0.06)
    body += 0.5 * np.sin(2 * np.pi * 1.72 * head * t + 1) * np.exp(-t / 0.04)
    wires = noise_band(rng, t.size, 900, 8000, rate_hz) * np.exp(-t / rng.uniform(0.07, 0.11))
    crack = noise_band(rng, t.size, 2500, 11000, rate_hz) * np.exp(-t / 0.006)
    mix = 0.8 * body + (0.3 if kit == "machine" else 0.26) * wires + 0.45 * crack
    return _finish(mix * np.minimum(1, t / 0.0005), rate_hz)


def hat(rng: np.random.Generator, rate_hz: int, ring_s: float) -> np.ndarray:
    """Noise above 6 kHz with inharmonic metal in it; ``ring_s`` opens it."""
    t = _time(min(6 * ring_s + 0.03, 0.8), rate_hz)
    metal = sum(np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) for f in rng.uniform(5200, 12500, 8))
    wash = noise_band(rng, t.size, 6500, 15000, rate_hz)
    sound = (0.25 * metal + wash) * np.exp(-t / ring_s) + 0.8 * wash * np.exp(-t / 0.004)
    return _finish(sound * np.minimum(1, t / 0.0004), rate_hz)


def crash(rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    """Broad wash that darkens while it rings."""
    t = _time(2.2, rate_hz)
    high = noise_band(rng, t.size, 6000, 15000, rate_hz) * np.exp(-t / 0.35)
    low = noise_band(rng, t.size, 2500, 8000, rate_hz) * np.exp(-t / 0.55)
    return _finish((high + 0.7 * low) * np.minimum(1, t / 0.002), rate_hz)


def tom(rng: np.random.Generator, rate_hz: int, pitch_hz: float) -> np.ndarray:
    """Swept sine with a soft stick."""
    t = _time(0.5, rate_hz)
    body = _swept(t, pitch_hz, 0.5 * pitch_hz, 0.05, rate_hz) * np.exp(-t / 0.14)
    stick = noise_band(rng, t.size, 1500, 6000, rate_hz) * np.exp(-t / 0.006)
    return _finish((body + 0.15 * stick) * np.minimum(1, t / 0.001), rate_hz)


def make_kit(rng: np.random.Generator, rate_hz: int, kit: str) -> dict[str, list[np.ndarray]]:
    """Return three takes of each sound, so that no two strokes need be equal."""
    tight, loose = rng.uniform(0.022, 0.035), rng.uniform(0.12, 0.2)
    mid = rng.uniform(95, 125)
    takes = range(3)
    # one player, one drum: the takes share their tuning and differ in noise and touch
    tuning = int(rng.integers(2**31))
    return {
        "kick": [_retake(kick, tuning, i, rate_hz, kit) for i in takes],
        "snare": [_retake(snare, tuning, i, rate_hz, kit) for i in takes],
        "hat": [hat(rng, rate_hz, tight) for _ in takes],
        "open": [hat(rng, rate_hz, loose) for _ in takes],
        "crash": [crash(rng, rate_hz) for _ in takes],
        "tom": [tom(rng, rate_hz, mid * ratio) for ratio in (1.0, 0.8, 1.25)],
    }


def _retake(make: Maker, tuning: int, take: int, rate_hz: int, kit: str) -> np.ndarray:
    first = make(np.random.default_rng(tuning), rate_hz, kit)
    if take == 0:
        return first
    other = make(np.random.default_rng(tuning + take), rate_hz, kit)
    return np.asarray(0.93 * first + 0.12 * other, dtype=np.float32)


def play(score: Score, rng: np.random.Generator) -> dict[str, list[Hit]]:
    """Write every stroke of the song, humanised, by part."""
    parts: dict[str, list[Hit]] = {"kick": [], "snare": [], "hats": [], "cymbals": [], "toms": []}
    for bar in score.bars:
        _play_bar(score, bar, rng, parts)
    # the last downbeat: everybody stops on it
    parts["kick"].append(Hit(score.end_s, 1.0, "kick"))
    parts["cymbals"].append(Hit(score.end_s, 0.8, "crash"))
    return {part: hits for part, hits in parts.items() if hits}


def _play_bar(score: Score, bar: Bar, rng: np.random.Generator, parts: dict[str, list[Hit]]) -> None:
    style = score.style
    fill = bar.last and score.plays(bar, "snare") and style.name != "ambient"
    soft = 10 ** (0.5 * style.contrast_db * (bar.energy - 1) / 20)

    def stroke(part: str, step: float, force: float, sound: str) -> None:
        jitter = np.clip(rng.normal(0, style.jitter_ms), -18, 18) / 1000
        human = 10 ** (np.clip(rng.normal(0, style.velocity_db), -4, 3) / 20)
        parts[part].append(Hit(score.step_s(bar, step) + jitter, force * human * soft, sound))

    steps = score.steps - 4 if fill else score.steps
    lines = (
        ("kick", score.groove.kick, "kick"),
        ("snare", score.groove.snare, "snare"),
        ("hats", score.groove.hats, "hat"),
    )
    for part, line, sound in lines:
        if not score.plays(bar, part):
            continue
        for step in range(steps if part != "kick" else score.steps):
            if (mark := line[step]) != ".":
                opened = sound == "hat" and step % 8 == 6 and bar.label == "chorus" and mark == "x"
                stroke(part, step, FORCE[mark] * (0.8 if opened else 1.0), "open" if opened else sound)
    if fill:
        for i in range(4):
            part, sound = ("toms", "tom") if i % 2 or style.kit == "acoustic" else ("snare", "snare")
            stroke(part, steps + i, 0.55 + 0.12 * i, sound)
    if score.plays(bar, "cymbals") and (bar.index == 0 or bar.start_s == _section_start(score, bar)):
        stroke("cymbals", 0, 0.9, "crash")


def _section_start(score: Score, bar: Bar) -> float:
    return max(s.start_s for s in score.sections if s.start_s <= bar.start_s + 1e-6)


def render_hits(
    hits: list[Hit], kit: dict[str, list[np.ndarray]], frames: int, rate_hz: int, rng: np.random.Generator
) -> np.ndarray:
    """Add each stroke's sample where it belongs; mono, shape (1, frames)."""
    out = np.zeros((1, frames), dtype=np.float32)
    for hit in hits:
        takes = kit[hit.sound]
        sample = takes[int(rng.integers(len(takes)))]
        start = max(0, round(hit.time_s * rate_hz))
        length = min(sample.size, frames - start)
        if length > 0:
            out[0, start : start + length] += np.float32(hit.force) * sample[:length]
    return out


def onset_times(hits: list[Hit], rate_hz: int) -> Times:
    """Return the sounded times of strokes, to the sample, in order."""
    return np.unique([max(0, round(hit.time_s * rate_hz)) / rate_hz for hit in hits]).astype(np.float64)
