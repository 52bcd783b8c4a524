"""Pitched instruments: band-limited tables read at the pitch, with envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import signal

from lab.songs.form import Bar, Score

TABLE = 65536


@dataclass(frozen=True, slots=True)
class Note:
    """One note: start and length, MIDI pitch, force (linear)."""

    start_s: float
    length_s: float
    pitch: float
    force: float


@dataclass(frozen=True, slots=True)
class Timbre:
    """A tone that starts bright and settles dark.

    ``bright`` and ``dark`` are exponents of the harmonic roll-off (k**-p);
    ``top_hz`` is where the harmonics begin to fall away; ``width`` is side against mid;
    ``chorus_cents`` how far the pitch swings, slowly.
    """

    bright: float
    dark: float
    top_hz: float
    attack_s: float
    bright_s: float
    dark_s: float
    release_s: float
    width: float
    detune_cents: float = 3.0
    odd: float = 1.0
    chorus_cents: float = 0.0


TIMBRES = {
    "warm": Timbre(1.5, 1.5, 4500, 0.09, 9.0, 9.0, 0.3, 0.75, 7.0, 1.0, 4.0),
    "bright": Timbre(1.1, 1.1, 8000, 0.04, 9.0, 9.0, 0.2, 0.75, 8.0, 1.0, 5.0),
    "piano": Timbre(1.15, 1.9, 9000, 0.003, 0.35, 1.3, 0.12, 0.5, 1.2),
    "epiano": Timbre(1.5, 2.6, 6000, 0.004, 0.25, 1.1, 0.12, 0.55, 1.5, 0.6, 3.0),
    "pluck": Timbre(0.95, 1.8, 9000, 0.003, 0.09, 0.3, 0.08, 0.6, 5.0),
    "bell": Timbre(1.3, 2.8, 9000, 0.004, 0.3, 1.4, 0.5, 0.6, 2.0, 0.3, 3.0),
    "organ": Timbre(1.2, 1.2, 6000, 0.015, 9.0, 9.0, 0.05, 0.5, 2.0, 1.0, 5.0),
    "strummed": Timbre(0.85, 1.7, 9000, 0.002, 0.12, 0.7, 0.06, 0.65, 1.5),
    "picked": Timbre(1.0, 1.9, 8000, 0.002, 0.12, 0.8, 0.08, 0.5, 1.5),
    "driven": Timbre(0.8, 0.8, 6000, 0.003, 9.0, 9.0, 0.04, 0.95, 4.0, 1.0, 2.0),
    "finger": Timbre(1.2, 2.1, 2800, 0.006, 0.12, 0.9, 0.05, 0.0),
    "synth": Timbre(1.1, 1.5, 2400, 0.005, 0.15, 2.0, 0.04, 0.0),
    "sub": Timbre(1.8, 2.4, 1200, 0.008, 0.2, 2.5, 0.06, 0.0),
}


def pitch_hz(pitch: float) -> float:
    """Return the frequency of a MIDI pitch, A4 = 440 Hz."""
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


@lru_cache(maxsize=512)
def wave_table(harmonics: int, power: float, odd: float, phase_seed: int, knee: int = 1000) -> np.ndarray:
    """Return one period: harmonics k**-power, even ones times ``odd``, phases from the seed.

    Above the harmonic ``knee`` they fall by 24 dB per octave more: an
    instrument has no brickwall.
    """
    k = np.arange(1, harmonics + 1)
    phases = np.random.default_rng(phase_seed).uniform(0, 2 * np.pi, harmonics)
    amplitudes = k ** (-power) * np.where(k % 2 == 0, odd, 1.0) / (1 + (k / knee) ** 4)
    spectrum = np.zeros(TABLE // 2 + 1, dtype=np.complex128)
    spectrum[1 : harmonics + 1] = amplitudes * np.exp(1j * phases)
    period = np.fft.irfft(spectrum)
    return (period / np.sqrt(np.mean(period**2))).astype(np.float32)


def read_table(
    table: np.ndarray, frequency_hz: float, frames: int, rate_hz: int, phase: float, chorus_cents: float = 0.0
) -> np.ndarray:
    """Read a table at a pitch that is constant, or swings slowly by ``chorus_cents``."""
    step = frequency_hz / rate_hz * TABLE
    position = phase * TABLE + step * np.arange(frames)
    if chorus_cents:
        # d/dt of a·sin(w·t) is a·w·cos: the pitch swings by a·w
        w = 2 * np.pi * (0.35 + 0.3 * (phase % 1.0))
        swing = frequency_hz * chorus_cents / 1731.0 / w * TABLE
        position += swing * np.sin(w / rate_hz * np.arange(frames) + 5 * phase)
    return table[position.astype(np.int64) & (TABLE - 1)]


def _tone(timbre: Timbre, note: Note, cents: float, seed: int, rate_hz: int) -> np.ndarray:
    frequency = pitch_hz(note.pitch + cents / 100)
    frames = int((note.length_s + timbre.release_s) * rate_hz)
    harmonics = max(1, min(int(4 * timbre.top_hz / frequency), int(17000 / frequency), 300))
    knee = max(1, round(timbre.top_hz / frequency))
    t = np.arange(frames, dtype=np.float32) / rate_hz
    dark = read_table(
        wave_table(harmonics, timbre.dark, timbre.odd, seed, knee),
        frequency,
        frames,
        rate_hz,
        0.13 * seed,
        timbre.chorus_cents,
    )
    tone = dark * np.exp(-t / timbre.dark_s)
    if timbre.bright != timbre.dark:
        bright = read_table(
            wave_table(harmonics, timbre.bright, timbre.odd, seed, knee),
            frequency,
            frames,
            rate_hz,
            0.13 * seed,
            timbre.chorus_cents,
        )
        tone += 0.8 * bright * np.exp(-t / timbre.bright_s)
    release = np.clip((note.length_s + timbre.release_s - t) / timbre.release_s, 0, 1)
    rise = np.clip(t / timbre.attack_s, 0, 1)
    # half-cosine edges: a straight ramp would click
    return tone * (0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * release))


def sound_note(timbre: Timbre, note: Note, take: int, rate_hz: int) -> np.ndarray:
    """Return one note at force 1: (1, frames), or (2, frames) for a wide timbre."""
    mid = _tone(timbre, note, 0.0, 1 + 7 * take, rate_hz)
    if timbre.width == 0:
        return mid[np.newaxis].astype(np.float32)
    if timbre.detune_cents > 3:
        mid = 0.7 * (mid + _tone(timbre, note, timbre.detune_cents, 2 + 7 * take, rate_hz))
    side = timbre.width * _tone(timbre, note, -timbre.detune_cents, 3 + 7 * take, rate_hz)
    return np.stack([mid + side, mid - side]).astype(np.float32)


def detuned(notes: list[Note], start_cents: float, end_cents: float, end_s: float) -> list[Note]:
    """Return notes whose pitch drifts over the song, in steps of 2 cents."""
    if start_cents == end_cents == 0.0:
        return notes
    moved = []
    for note in notes:
        share = note.start_s / end_s
        cents = 2 * round((start_cents + (end_cents - start_cents) * share) / 2)
        moved.append(Note(note.start_s, note.length_s, note.pitch + cents / 100, note.force))
    return moved


def render_notes(timbre: Timbre, notes: list[Note], frames: int, rate_hz: int) -> np.ndarray:
    """Add all notes; equal pitches and lengths share two recorded takes."""
    channels = 1 if timbre.width == 0 else 2
    out = np.zeros((channels, frames), dtype=np.float32)
    takes: dict[tuple[float, int, int], np.ndarray] = {}
    for count, note in enumerate(notes):
        key = (note.pitch, round(note.length_s * 1000), count * 7919 % 2)
        if key not in takes:
            takes[key] = sound_note(timbre, note, key[2], rate_hz)
        sample = takes[key]
        start = max(0, round(note.start_s * rate_hz))
        length = min(sample.shape[1], frames - start)
        if length > 0:
            out[:, start : start + length] += np.float32(note.force) * sample[:, :length]
    return out


def drive(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Overdrive and speaker: tanh, then a 4.5 kHz low-pass; made before the mix, so the mix stays linear."""
    hot = np.tanh(1.4 * samples)
    sos = signal.butter(2, [90, 4800], "bandpass", fs=rate_hz, output="sos")
    return signal.sosfilt(sos, hot, axis=1).astype(np.float32)


def voicing(bar: Bar, low: int) -> list[int]:
    """Return the triad's pitches packed upwards from ``low``."""
    third = 4 if bar.triad == "maj" else 3
    pitches = [low + (bar.root + offset - low) % 12 for offset in (0, third, 7)]
    return sorted(pitches)


def _human(score: Score, rng: np.random.Generator, bar: Bar, depth: float = 1.0) -> tuple[float, float]:
    style = score.style
    jitter = float(np.clip(rng.normal(0, style.jitter_ms), -15, 15)) / 1000
    level = np.clip(rng.normal(0, style.velocity_db), -3, 3) + depth * style.contrast_db * (bar.energy - 1)
    return jitter, float(10 ** (level / 20))


def bass_line(score: Score, rng: np.random.Generator) -> list[Note]:
    """Roots (and a fifth now and then), in the groove of the style."""
    floor = 30 if score.style.bass == "sub" else 33
    patterns = {
        "rock": range(0, score.steps, 2), "edm": range(2, score.steps, 4), "ambient": (0,), "ballad": (0, 8, 14),
        "folk": (0, 8), "dnb": (0, 6, 10),
    }  # fmt: skip
    kicks = [i for i in range(score.steps) if score.groove.kick[i] != "."]
    steps = [s for s in patterns.get(score.style.name, kicks) if s < score.steps]
    notes: list[Note] = []
    for bar in score.bars:
        if not score.plays(bar, "bass"):
            continue
        root = floor + (bar.root - floor) % 12
        for at, step in enumerate(steps):
            following = steps[at + 1] if at + 1 < len(steps) else score.steps
            start = score.step_s(bar, step)
            length = 0.92 * (following - step) / 4 * score.beat_s
            jitter, force = _human(score, rng, bar, 0.7)
            fifth = 7 if at == len(steps) - 1 and at > 0 and rng.random() < 0.3 else 0
            notes.append(Note(start + jitter, round(length, 3), root + fifth, force))
    notes.append(Note(score.end_s, 1.6, floor + (score.tonic - floor) % 12, 0.8))
    return notes


def harmony_part(score: Score, kind: str, layer: str, rng: np.random.Generator) -> list[Note]:
    """Write one harmony instrument over the song, as its kind is played."""
    player = {
        "warm": _held, "bright": _held, "organ": _held, "piano": _comped, "epiano": _comped, "pluck": _arpeggio,
        "bell": _arpeggio, "strummed": _strummed, "picked": _arpeggio, "driven": _driven,
    }[kind]  # fmt: skip
    notes: list[Note] = []
    for bar in score.bars:
        if score.plays(bar, layer):
            notes += player(score, bar, rng)
    minor = 3 if score.minor else 4
    low = 52 if kind != "driven" else 40
    chord = (0, minor, 7) if kind != "driven" else (0, 7, 12)
    notes += [Note(score.end_s, 2.0, low + (score.tonic - low) % 12 + i, 0.8) for i in chord]
    return notes


def _held(score: Score, bar: Bar, rng: np.random.Generator) -> list[Note]:
    _, force = _human(score, rng, bar)
    length = round(score.bar_s - 0.12, 3)
    pitches = voicing(bar, 55)
    return [Note(bar.start_s, length, p, 0.6 * force) for p in [*pitches, pitches[0] + 12]]


def _comped(score: Score, bar: Bar, rng: np.random.Generator) -> list[Note]:
    notes: list[Note] = []
    steps = (0, 6, 10) if score.metre == 4 else (0, 4, 8)
    for step in steps:
        jitter, force = _human(score, rng, bar)
        length = round(3.2 / 4 * score.beat_s, 3)
        start = score.step_s(bar, step) + jitter
        accent = 1.0 if step == 0 else 0.75
        notes += [Note(start, length, p, 0.6 * accent * force) for p in voicing(bar, 57)]
    return notes


def _arpeggio(score: Score, bar: Bar, rng: np.random.Generator) -> list[Note]:
    low = 64 if score.style.name in {"pop", "edm", "dnb", "ambient"} else 55
    pitches = voicing(bar, low)
    order = (0, 1, 2, 1) if score.style.name != "ambient" else (0, 2)
    every = 2 if score.style.name != "ambient" else 8
    notes: list[Note] = []
    for at, step in enumerate(range(0, score.steps, every)):
        jitter, force = _human(score, rng, bar)
        length = round(every / 4 * score.beat_s, 3)
        start = score.step_s(bar, step) + jitter
        notes.append(Note(start, length, pitches[order[at % len(order)]], 0.8 * force))
    return notes


def _strummed(score: Score, bar: Bar, rng: np.random.Generator) -> list[Note]:
    notes: list[Note] = []
    third = 4 if bar.triad == "maj" else 3
    low = 45 + (bar.root - 45) % 12
    strings = [low, low + 7, low + 12, low + 12 + third, low + 19]
    for step, accent in ((0, 1.0), (4, 0.7), (6, 0.55), (8, 0.9), (10, 0.55), (12, 0.7), (14, 0.55)):
        if step >= score.steps:
            break
        jitter, force = _human(score, rng, bar)
        up = step % 4 == 2
        start = score.step_s(bar, step) + jitter
        length = round(0.9 * score.beat_s / 2, 3)
        for at, pitch in enumerate(reversed(strings[2:]) if up else strings):
            notes.append(Note(start + 0.006 * at, length, pitch, 0.4 * accent * force))
    return notes


def _driven(score: Score, bar: Bar, rng: np.random.Generator) -> list[Note]:
    notes: list[Note] = []
    low = 40 + (bar.root - 40) % 12
    muted = bar.label in {"verse", "intro"}
    for step in range(0, score.steps, 2 if muted else 4):
        jitter, force = _human(score, rng, bar, 0.6)
        length = round((0.3 if muted else 0.92) * score.beat_s, 3)
        start = score.step_s(bar, step) + jitter
        notes += [Note(start, length, p, 0.35 * force) for p in (low, low + 7, low + 12)]
    return notes
