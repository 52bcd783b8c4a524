"""A voice-like lead: harmonics at a gliding pitch through vowels, with consonants of noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from lab.songs.drums import noise_band
from lab.songs.form import Bar, Score
from lab.songs.tones import TABLE, pitch_hz, voicing, wave_table
from lab.songs.truth import Stretch

FORMANTS = {
    "a": ((780, 1200, 2750, 3700), (0, -4, -13, -18)),
    "e": ((470, 1850, 2650, 3700), (0, -9, -13, -18)),
    "i": ((320, 2200, 2950, 3700), (0, -12, -13, -18)),
    "o": ((480, 850, 2700, 3500), (0, -5, -18, -22)),
    "u": ((350, 800, 2600, 3500), (0, -10, -20, -24)),
}
"""Centre (Hz) and level (dB) of four formants per vowel: round figures of a phonetics table."""

CONSONANTS = {
    "s": (5000.0, 9500.0, 0.09, 0.075),
    "sh": (2800.0, 7000.0, 0.08, 0.08),
    "t": (2500.0, 8000.0, 0.02, 0.16),
    "k": (1500.0, 4500.0, 0.025, 0.14),
    "h": (1000.0, 6000.0, 0.06, 0.03),
}
"""Noise band (Hz), length (s) and level against the vowel, per consonant; m, n and l are a soft start."""

SIBILANTS = frozenset({"s", "sh"})


@dataclass(frozen=True, slots=True)
class Syllable:
    """One sung syllable: consonant, vowel, and the pitch it glides from and to."""

    start_s: float
    length_s: float
    pitch: float
    from_pitch: float
    vowel: str
    consonant: str
    force: float


@dataclass(frozen=True, slots=True)
class Sung:
    """The lead voice: what was sung, in which phrases, and where it hisses."""

    syllables: tuple[Syllable, ...]
    phrases: tuple[Stretch, ...]
    sibilants: tuple[Stretch, ...]


def write_melody(score: Score, rng: np.random.Generator) -> Sung:
    """Write two-bar phrases of stepwise melody over the chords, with a breath at each end."""
    low = int(rng.choice([53, 60]))
    rhythms = {label: [_rhythm(score, rng) for _ in range(2)] for label in ("verse", "chorus", "bridge")}
    syllables: list[Syllable] = []
    phrases: list[Stretch] = []
    pitch = float(low + 7)
    for bar in score.bars:
        if not score.plays(bar, "vocals"):
            continue
        first = len(syllables)
        for step, length in rhythms[bar.label][bar.index % 2]:
            target = _next_pitch(score, bar, pitch, low, rng, strong=step % 8 == 0)
            syllables.append(_syllable(score, bar, step, length, (pitch, target), rng))
            pitch = target
        started = syllables[first].start_s
        ended = syllables[-1].start_s + syllables[-1].length_s
        if phrases and bar.index % 2 == 1 and started - phrases[-1].end_s < score.bar_s:
            phrases[-1] = Stretch(phrases[-1].start_s, ended)
        else:
            phrases.append(Stretch(started, ended))
    hissing = tuple(
        Stretch(s.start_s, s.start_s + CONSONANTS[s.consonant][2])
        for s in syllables
        if s.consonant in SIBILANTS
    )
    return Sung(tuple(syllables), tuple(phrases), hissing)


def _rhythm(score: Score, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Pick (step, length in steps) of a bar: fast songs sing in quarters, slow ones in eighths."""
    unit = 4 if score.tempo_bpm > 140 else 2
    end = score.steps - 2
    steps: list[tuple[int, float]] = []
    at = int(rng.choice([0, unit]))
    while at < end:
        length = int(rng.choice([unit, unit, 2 * unit]))
        length = min(length, end - at)
        steps.append((at, float(length)))
        at += length if rng.random() > 0.1 else length + unit
    return steps or [(0, 4.0)]


def _next_pitch(
    score: Score, bar: Bar, last: float, low: int, rng: np.random.Generator, *, strong: bool
) -> float:
    scale = (0, 3, 5, 7, 10) if score.minor else (0, 2, 4, 7, 9)
    lift = 3 if bar.label == "chorus" else 0
    if strong:
        choices = [p + octave for p in voicing(bar, low) for octave in (0, 12)]
    else:
        choices = [p for p in range(low, low + 20) if (p - score.tonic) % 12 in scale]
    wanted = 0.6 * last + 0.4 * (low + 7 + lift) + rng.normal(0, 2.0)
    return float(min(choices, key=lambda p: abs(p - wanted)))


def _syllable(
    score: Score, bar: Bar, step: int, length: float, pitches: tuple[float, float], rng: np.random.Generator
) -> Syllable:
    style = score.style
    late = float(np.clip(rng.normal(0.005, 0.008), -0.02, 0.03))
    level = np.clip(rng.normal(0, 0.7), -1.5, 1.5) + 0.45 * style.contrast_db * (bar.energy - 1)
    return Syllable(
        score.step_s(bar, step) + late,
        0.96 * length / 4 * score.beat_s,
        pitches[1],
        pitches[0],
        str(rng.choice(list(FORMANTS))),
        str(rng.choice(["s", "t", "k", "h", "m", "m", "t", "sh", "m", "h"])),
        float(10 ** (level / 20)),
    )


def detuned(sung: Sung, start_cents: float, end_cents: float, end_s: float) -> Sung:
    """Return the same words at a pitch that drifts over the song."""
    if start_cents == end_cents == 0.0:
        return sung
    moved = []
    for syllable in sung.syllables:
        shift = (start_cents + (end_cents - start_cents) * syllable.start_s / end_s) / 100
        moved.append(replace(syllable, pitch=syllable.pitch + shift, from_pitch=syllable.from_pitch + shift))
    return replace(sung, syllables=tuple(moved))


def vowel_response(vowel: str, frequencies_hz: np.ndarray) -> np.ndarray:
    """Return the vowel's magnitude: resonances on a falling floor."""
    centres, levels = FORMANTS[vowel]
    response = 0.02 / (1 + frequencies_hz / 4000)
    for centre, level, width in zip(centres, levels, (120, 150, 220, 300), strict=True):
        detune = (frequencies_hz - centre) / width
        response = response + 10 ** (level / 20) / np.sqrt(1 + detune**2)
    return response


def sing(sung: Sung, frames: int, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Render the voice, mono, shape (1, frames)."""
    out = np.zeros((1, frames), dtype=np.float32)
    consonants = {(name, take): _consonant(name, rate_hz, rng) for name in CONSONANTS for take in range(3)}
    for syllable in sung.syllables:
        lead = CONSONANTS[syllable.consonant][2] if syllable.consonant in CONSONANTS else 0.0
        if lead:
            noise = consonants[syllable.consonant, int(rng.integers(3))]
            _add(out, noise * np.float32(syllable.force), syllable.start_s, rate_hz)
        _add(out, _vowel(syllable, rate_hz, rng), syllable.start_s + 0.8 * lead, rate_hz)
    return out


def _add(out: np.ndarray, sound: np.ndarray, start_s: float, rate_hz: int) -> None:
    start = max(0, round(start_s * rate_hz))
    length = min(sound.size, out.shape[1] - start)
    if length > 0:
        out[0, start : start + length] += sound[:length]


def _consonant(name: str, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    low, high, length_s, level = CONSONANTS[name]
    frames = int(length_s * rate_hz)
    position = np.arange(frames) / frames
    shape = np.exp(-4 * position) if name in {"t", "k"} else np.sin(np.pi * position) ** 0.7
    edge = np.clip(np.minimum(position, 1 - position) * frames / (0.001 * rate_hz), 0, 1)
    return (level * noise_band(rng, frames, low, high, rate_hz) * shape * edge).astype(np.float32)


def _vowel(syllable: Syllable, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    release = 0.05
    frames = int((max(0.08, syllable.length_s) + release) * rate_hz)
    t = np.arange(frames) / rate_hz
    glide = syllable.pitch + (syllable.from_pitch - syllable.pitch) * np.exp(-t / 0.035)
    vibrato = 0.3 * np.clip((t - 0.25) / 0.3, 0, 1) * np.sin(2 * np.pi * rng.uniform(5, 6) * t)
    drift = 0.06 * np.sin(2 * np.pi * rng.uniform(1, 3) * t + rng.uniform(0, 6))
    frequency = pitch_hz(1.0) * 2.0 ** ((glide + vibrato + drift - 1.0) / 12.0)
    harmonics = int(min(90, 16000 / frequency.max()))
    table = wave_table(harmonics, 1.0, 1.0, 11, round(9000 / frequency.mean()))
    phase = np.cumsum(frequency) * (TABLE / rate_hz) + rng.uniform(0, TABLE)
    source = table[phase.astype(np.int64) & (TABLE - 1)]
    breath = 0.03 * rng.standard_normal(frames).astype(np.float32)
    rise = 0.5 - 0.5 * np.cos(np.pi * np.clip(t / 0.03, 0, 1))
    fall = 0.5 - 0.5 * np.cos(np.pi * np.clip((t[-1] - t) / release, 0, 1))
    envelope = rise * fall * (1 - 0.25 * np.clip(t / max(syllable.length_s, 0.1), 0, 1))
    size = fft.next_fast_len(frames, real=True)
    bins = fft.rfftfreq(size, 1 / rate_hz)
    shaped = fft.irfft(fft.rfft(source + breath, size) * vowel_response(syllable.vowel, bins), size)[:frames]
    shaped *= 0.16 / (np.sqrt(np.mean(shaped**2)) + 1e-9)
    return (syllable.force * shaped * envelope).astype(np.float32)
