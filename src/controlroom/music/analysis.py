"""One entry to everything that is measured of music, from one pair of spectrograms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from controlroom.model.base import Record
from controlroom.model.timeline import BeatGrid, SectionMap
from controlroom.music.chords import ChordSpan, change_costs, chord_path, key_bias, template_odds, to_spans
from controlroom.music.key import KeyEstimate, estimate_key, key_odds
from controlroom.music.metre import Rhythm, find_rhythm
from controlroom.music.onsets import Onsets, measure_onsets
from controlroom.music.pitch import (
    NoteFrames,
    Tuning,
    estimate_tuning,
    fold_octaves,
    harmonic_change,
    log_spectrum,
    no_change,
    note_frames,
)
from controlroom.music.sections import find_sections, measure_bars
from controlroom.music.spectra import Doubles, Floats, Spectra, look
from controlroom.music.vocals import VocalActivity, estimate_vocals, measure_vocals

LEAST_TONAL = 0.06
"""Tuning confidence below which there are no notes to speak of; noise reaches 0.02."""
CLEARLY_TONAL = 0.25
STAND_IN_BEAT_S = 0.5
"""Chords are read at this distance where no beat is found."""
PHRASE_BARS = 4
LEAST_LENGTH_S = 2.0


class MusicFacts(Record):
    """What was heard of a song's music; None or empty means *don't know*.

    Attributes
    ----------
    duration_s : float
        Length of the sound.
    grid : BeatGrid
        Tempo, beats, downbeats, beats per bar; empty with confidence 0 where there is no pulse.
    downbeat_confidence : float
        0 to 1, of the bar lines.
    constant_tempo : bool
        Whether the beats are one constant grid.
    tuning_cents : float or None
        Offset from A = 440 Hz, −50 to 50.
    tuning_confidence : float
        0 to 1.
    key : KeyEstimate or None
    chords : tuple of ChordSpan
    sections : SectionMap or None
    vocals : VocalActivity or None
    """

    duration_s: float = Field(ge=0)
    grid: BeatGrid
    downbeat_confidence: float = Field(default=0.0, ge=0, le=1)
    constant_tempo: bool = False
    tuning_cents: float | None = None
    tuning_confidence: float = Field(default=0.0, ge=0, le=1)
    key: KeyEstimate | None = None
    chords: tuple[ChordSpan, ...] = ()
    sections: SectionMap | None = None
    vocals: VocalActivity | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """The beats as spans that cover the whole sound.

    Attributes
    ----------
    edges_s : float64 array, shape (spans + 1,)
        From 0 to the end.
    positions : int array, shape (spans,)
        Place in the bar, 0 is the downbeat.
    beats_per_bar : int
    """

    edges_s: Doubles
    positions: np.ndarray
    beats_per_bar: int


@dataclass(frozen=True, slots=True, eq=False)
class Harmony:
    """Key and chords, found together."""

    key: KeyEstimate | None
    chords: tuple[ChordSpan, ...]


def beat_spans(rhythm: Rhythm | None, duration_s: float) -> Spans:
    """Return spans from beat to beat, with the sound's start and end put on."""
    if rhythm is None:
        edges = np.append(np.arange(0.0, max(duration_s - 0.25, 0.25), STAND_IN_BEAT_S), duration_s)
        return Spans(edges, np.arange(edges.size - 1) % 4, 4)
    inside = (rhythm.beats_s > 0.01) & (rhythm.beats_s < duration_s - 0.01)
    beats, positions = rhythm.beats_s[inside], rhythm.positions[inside]
    edges = np.concatenate([[0.0], beats, [duration_s]])
    lead = (positions[0] - 1) % rhythm.beats_per_bar if positions.size else 0
    return Spans(edges, np.append(lead, positions), rhythm.beats_per_bar)


def find_harmony(notes: NoteFrames, spans: Spans, tonality: float) -> Harmony:
    """Return key and chords: chords without a key, the key from them, and the chords again in the key.

    Parameters
    ----------
    notes : NoteFrames
    spans : Spans
        From `beat_spans`.
    tonality : float
        The tuning's confidence; below `LEAST_TONAL` nothing is claimed.
    """
    if tonality < LEAST_TONAL:
        return Harmony(None, ())
    chroma = fold_octaves(notes.average(spans.edges_s))
    odds = template_odds(chroma)
    costs = change_costs(spans.positions, spans.beats_per_bar)
    first = chord_path(odds, costs, key_bias(None))
    if np.all(first.states == first.states[-1]) and first.states[-1] == odds.shape[1] - 1:
        return Harmony(None, to_spans(first, spans.edges_s, None))
    treble, bass = chroma.treble.sum(axis=0), chroma.bass.sum(axis=0)
    classes = treble / max(treble.sum(), 1e-9) + 0.5 * bass / max(bass.sum(), 1e-9)
    phrases = np.nonzero(spans.positions == 0)[0][::PHRASE_BARS]
    clarity = min(1.0, (tonality - LEAST_TONAL) / (CLEARLY_TONAL - LEAST_TONAL))
    key = estimate_key(key_odds(classes, first.states, np.diff(spans.edges_s), phrases), clarity)
    number = key.tonic + (0 if key.mode == "major" else 12)
    path = chord_path(odds, costs, key_bias(number))
    return Harmony(key, to_spans(path, spans.edges_s, number))


def bar_edges(spans: Spans) -> Doubles:
    """Return bar lines that cover the sound; a pick-up and a remainder join the first and last bar."""
    lines = spans.edges_s[:-1][spans.positions == 0]
    if lines.size < 3:
        return np.array([0.0, float(spans.edges_s[-1])])
    bar_s = float(np.median(np.diff(lines)))
    if spans.edges_s[-1] - lines[-1] < 0.5 * bar_s:
        lines = lines[:-1]
    lines = np.append(lines, spans.edges_s[-1])
    lines[0] = 0.0 if lines[0] < bar_s else lines[0]
    return lines if lines[0] == 0.0 else np.append(0.0, lines)


def to_grid(rhythm: Rhythm | None, duration_s: float, clock: str) -> BeatGrid:
    """Return the house's record of a rhythm."""
    if rhythm is None:
        return BeatGrid(clock=clock)
    inside = (rhythm.beats_s >= 0) & (rhythm.beats_s <= duration_s)
    beats = rhythm.beats_s[inside]
    return BeatGrid(
        clock=clock,
        tempo_bpm=rhythm.tempo_bpm,
        alternative_bpm=rhythm.alternative_bpm,
        beats_s=tuple(beats.tolist()),
        downbeats_s=tuple(beats[rhythm.positions[inside] == 0].tolist()),
        beats_per_bar=rhythm.beats_per_bar,
        confidence=rhythm.confidence,
    )


def _sections(
    spectra: Spectra, onsets: Onsets, notes: NoteFrames, spans: Spans, clock: str, lyrics: str | None
) -> SectionMap | None:
    edges = bar_edges(spans)
    if edges.size < 3:
        return None
    bars = measure_bars(spectra.fast, onsets, notes, edges, spans.beats_per_bar)
    return find_sections(bars, clock, lyrics)


def _vocals(spectra: Spectra, spectrum: Floats, vocal: Floats | None, rate_hz: int) -> VocalActivity | None:
    if vocal is not None:
        return measure_vocals(vocal, rate_hz)
    return estimate_vocals(spectrum, spectra.slow.hop_s, spectra.fast, spectra.duration_s)


def analyse(
    samples: Floats,
    rate_hz: int,
    *,
    lyrics: str | None = None,
    vocal: Floats | None = None,
    clock: str = "take",
) -> MusicFacts:
    """Return everything that can be heard of a song's music.

    Parameters
    ----------
    samples : float32 array, shape (channels, frames) or (frames,)
        Any length, level and polarity; full scale is ±1.
    rate_hz : int
        Sample rate, 8 kHz and up.
    lyrics : str or None
        The take's lyrics; marks such as ``[Verse 1]`` name the sections.
    vocal : float32 array or None
        The voice's stem at the same rate; without it vocal activity is
        estimated from the mix, and marked so.
    clock : str
        Name of the clock that times are on.

    Returns
    -------
    MusicFacts
        Silence, noise and sounds shorter than two seconds give *don't know*.
    """
    spectra = look(samples, rate_hz)
    empty = MusicFacts(duration_s=spectra.duration_s, grid=BeatGrid(clock=clock))
    if spectra.silent or spectra.duration_s < LEAST_LENGTH_S:
        return empty
    onsets = measure_onsets(spectra.fast)
    tuning = estimate_tuning(spectra.slow) or Tuning(0.0, 0.0)
    tonal = tuning.confidence >= LEAST_TONAL
    spectrum = log_spectrum(spectra.slow, tuning.cents if tonal else 0.0)
    notes = note_frames(spectrum, spectra.slow.hop_s)
    chroma = fold_octaves(notes.activity)
    change = harmonic_change(chroma, notes.hop_s, notes.first_s) if tonal else no_change()
    rhythm = find_rhythm(onsets, change)
    spans = beat_spans(rhythm, spectra.duration_s)
    harmony = find_harmony(notes, spans, tuning.confidence)
    heard = rhythm is not None or tonal
    return MusicFacts(
        duration_s=spectra.duration_s,
        grid=to_grid(rhythm, spectra.duration_s, clock),
        downbeat_confidence=rhythm.bar_confidence if rhythm else 0.0,
        constant_tempo=rhythm is not None and rhythm.steady,
        tuning_cents=tuning.cents if tonal else None,
        tuning_confidence=tuning.confidence,
        key=harmony.key,
        chords=harmony.chords,
        sections=_sections(spectra, onsets, notes, spans, clock, lyrics) if heard else None,
        vocals=_vocals(spectra, spectrum, vocal, rate_hz) if tonal or vocal is not None else None,
    )
