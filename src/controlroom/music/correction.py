"""What a person says of the music: their grid, key, chords and sections stand in the place of what was heard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias, get_args

import numpy as np
from pydantic import Field

from controlroom.model.base import Record
from controlroom.model.errors import UsageError
from controlroom.model.timeline import BeatGrid, Section, SectionMap, Timeline
from controlroom.music.analysis import MusicFacts
from controlroom.music.chords import NO_CHORD, ChordSpan, chord_label, roman_numeral
from controlroom.music.key import KeyEstimate, key_label
from controlroom.music.spectra import Doubles

Said: TypeAlias = Literal["tempo_bpm", "first_downbeat_s", "beats_per_bar", "key", "sections", "chords"]
"""What a person may correct, each by itself."""

LEAST_BPM, MOST_BPM = 20.0, 400.0
OCTAVE_NEAR = 0.001
"""A tempo this near to what was heard, to twice or to half of it, means the same beats, counted otherwise."""
LEAST_BEATS = 2
_LABEL = re.compile(r"([A-G])([#b]?)(?::(maj|min))?", re.ASCII)
_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Mark(Record):
    """A name at a place: a section's or a chord's beginning."""

    start_s: float = Field(ge=0)
    label: str = Field(min_length=1, max_length=80)


class MusicCorrection(Record):
    """What a person corrected; None and empty leave what was heard.

    ``chords`` and ``sections`` replace all that was heard of their kind; each
    lasts until the next. ``withdrawn`` names what the person takes back of what
    they said before: there, what was heard stands again.
    """

    clock: str
    tempo_bpm: float | None = Field(default=None, ge=LEAST_BPM, le=MOST_BPM)
    first_downbeat_s: float | None = Field(default=None, ge=0)
    beats_per_bar: int | None = Field(default=None, ge=1, le=16)
    key: str | None = None
    sections: tuple[Mark, ...] = ()
    chords: tuple[Mark, ...] = ()
    withdrawn: tuple[Said, ...] = ()
    by: str = ""
    at: str = ""
    reason: str = ""

    def within(self, start_s: float, end_s: float, clock: str) -> MusicCorrection:
        """Return what this says of a stretch by itself, on the stretch's clock, which begins at ``start_s``.

        Tempo, key and metre hold anywhere; a downbeat outside of the stretch says nothing of it.
        """
        first = self.first_downbeat_s
        moved = {
            "clock": clock,
            "first_downbeat_s": first - start_s if first is not None and start_s <= first < end_s else None,
            "sections": _within(self.sections, start_s, end_s),
            "chords": _within(self.chords, start_s, end_s),
        }
        return self.model_copy(update=moved)


def _within(marks: tuple[Mark, ...], start_s: float, end_s: float) -> tuple[Mark, ...]:
    """Return the marks of a stretch, from its start; the one that it begins in begins with it."""
    ordered = sorted(marks, key=lambda mark: mark.start_s)
    begun = [mark for mark in ordered if mark.start_s <= start_s][-1:]
    inside = [mark for mark in ordered if start_s < mark.start_s < end_s]
    return tuple(Mark(start_s=max(0.0, one.start_s - start_s), label=one.label) for one in begun + inside)


def laid_out(said: Mapping[str, MusicCorrection], timeline: Timeline) -> MusicCorrection | None:
    """Return what was said of the sources of an edit, by their clocks, on the edit's own clock.

    A person's word on one source is none on another: tempo, metre and key stand where
    all sources say the same, sections and chords where all say some.
    """
    sources = {piece.source.clock for piece in timeline.pieces}
    if not sources or not sources <= said.keys():
        return None
    parts = [
        (piece.start_s, said[piece.source.clock].within(piece.source.start_s, piece.source.end_s, ""))
        for piece in timeline.pieces
    ]
    first = next(
        ((at, part.first_downbeat_s) for at, part in parts if part.first_downbeat_s is not None), None
    )
    told: dict[str, object] = {
        "clock": timeline.clock,
        "first_downbeat_s": None if first is None else sum(first),
    }
    for name in ("tempo_bpm", "beats_per_bar", "key"):
        values = {getattr(said[clock], name) for clock in sources}
        told[name] = values.pop() if len(values) == 1 else None
    for name in ("sections", "chords"):
        if all(getattr(said[clock], name) for clock in sources):
            told[name] = tuple(_moved(mark, at) for at, part in parts for mark in getattr(part, name))
    return MusicCorrection.model_validate(told) if any(told[n] for n in get_args(Said) if n in told) else None


def _moved(mark: Mark, by_s: float) -> Mark:
    return Mark(start_s=mark.start_s + by_s, label=mark.label)


def state_of(label: str) -> int:
    """Return the state of a key or triad written ``A:min``, ``F#:maj``, ``Bb``, or ``N`` for no chord.

    Raises
    ------
    UsageError
        ``music.label``: it is neither.
    """
    found = _LABEL.fullmatch(label.strip())
    if found is None:
        if label.strip() == "N":
            return NO_CHORD
        raise UsageError("music.label", f"{label!r} is no key or triad", "write C:maj, F#:min, Bb:maj")
    tonic = (_NATURAL[found[1]] + {"#": 1, "b": -1, "": 0}[found[2]]) % 12
    return tonic + (12 if found[3] == "min" else 0)


def together(corrections: Iterable[MusicCorrection], clock: str) -> MusicCorrection | None:
    """Return what several corrections on one clock come to, the later one winning; None without any."""
    said: dict[str, object] = {}
    for correction in corrections:
        if correction.clock == clock:
            for name in correction.withdrawn:
                said.pop(name, None)
            said.update({k: v for k, v in correction if v not in (None, ()) and k != "withdrawn"})
    return MusicCorrection.model_validate(said) if any(name in said for name in get_args(Said)) else None


def corrected(facts: MusicFacts, said: MusicCorrection) -> MusicFacts:
    """Return what was heard with a person's corrections in its place, marked as theirs.

    Another tempo makes one constant grid. Twice or half of the tempo that was
    heard, a first downbeat, and a number of beats in the bar count the beats that
    were heard anew, so that a tempo that moves goes on moving. A downbeat or bar
    without any tempo waits for one. Numerals follow the key.
    """
    grid = _grid(facts, said)
    laid = grid is not facts.grid and _counted_anew(facts, said) is None
    key = _key(facts, said)
    return facts.model_copy(
        update={
            "grid": grid,
            "downbeat_confidence": 1.0 if grid.by_person else facts.downbeat_confidence,
            "constant_tempo": laid or facts.constant_tempo,
            "key": key,
            "chords": _chords(facts, said, key),
            "sections": _sections(facts, said, grid),
        }
    )


def _grid(facts: MusicFacts, said: MusicCorrection) -> BeatGrid:
    heard = facts.grid
    if said.tempo_bpm is None and said.first_downbeat_s is None and said.beats_per_bar is None:
        return heard
    per_bar = said.beats_per_bar or heard.beats_per_bar or 4
    tempo = said.tempo_bpm or heard.tempo_bpm
    anchor = said.first_downbeat_s
    if anchor is None:
        anchor = next(iter((*heard.downbeats_s, *heard.beats_s)), 0.0)
    beats = _counted_anew(facts, said)
    if beats is None:
        if tempo is None:  # nothing to lay bars by: they come when the tempo is said too
            return heard
        period = 60.0 / tempo
        beats = anchor + period * np.arange(
            -np.floor(anchor / period), np.ceil((facts.duration_s - anchor) / period)
        )
    first = int(np.argmin(np.abs(beats - anchor))) % per_bar
    return heard.model_copy(
        update={
            "tempo_bpm": tempo,
            "alternative_bpm": None if said.tempo_bpm is not None else heard.alternative_bpm,
            "beats_s": tuple(round(float(at), 6) for at in beats),
            "downbeats_s": tuple(round(float(at), 6) for at in beats[first::per_bar]),
            "beats_per_bar": per_bar,
            "confidence": 1.0,
            "by_person": True,
        }
    )


def _counted_anew(facts: MusicFacts, said: MusicCorrection) -> Doubles | None:
    """Return the beats that were heard, counted at the octave said and moved to the downbeat said.

    So a tempo that moves goes on moving. None when another tempo is meant, or no beats were heard.
    """
    beats, heard_bpm = np.asarray(facts.grid.beats_s, dtype=np.float64), facts.grid.tempo_bpm
    if beats.size < LEAST_BEATS or heard_bpm is None:
        return None
    ratio = 1.0 if said.tempo_bpm is None else said.tempo_bpm / heard_bpm
    octave = next((one for one in (0.5, 1.0, 2.0) if abs(ratio / one - 1.0) <= OCTAVE_NEAR), None)
    if octave is None:
        return None
    anchor = said.first_downbeat_s
    if octave > 1.0:
        halves = 0.5 * np.diff(beats, append=2.0 * beats[-1] - beats[-2])
        beats = np.stack([beats, beats + halves], axis=1).ravel()
    elif octave < 1.0:
        kept = anchor if anchor is not None else next(iter(facts.grid.downbeats_s), beats[0])
        beats = beats[int(np.argmin(np.abs(beats - kept))) % 2 :: 2]
    if anchor is not None:
        beats = beats + (anchor - beats[np.argmin(np.abs(beats - anchor))])
    return beats[(beats >= 0.0) & (beats < facts.duration_s)]


def _key(facts: MusicFacts, said: MusicCorrection) -> KeyEstimate | None:
    if said.key is None:
        return facts.key
    state = state_of(said.key)
    if state == NO_CHORD:
        raise UsageError("music.label", f"{said.key!r} is no key", "write C:maj, F#:min, Bb:maj")
    return KeyEstimate(
        label=key_label(state),
        tonic=state % 12,
        mode="major" if state < 12 else "minor",
        confidence=1.0,
        runner_up=facts.key.label if facts.key else "",
    )


def _chords(facts: MusicFacts, said: MusicCorrection, key: KeyEstimate | None) -> tuple[ChordSpan, ...]:
    spans = facts.chords
    if said.chords:
        spans = tuple(
            ChordSpan(
                start_s=mark.start_s,
                end_s=end_s,
                label=chord_label(state_of(mark.label)),
                roman=None,
                confidence=1.0,
            )
            for mark, end_s in _until_the_next(said.chords, facts.duration_s)
        )
    if spans is facts.chords and key is facts.key:
        return spans
    tonic = None if key is None else state_of(key.label)
    return tuple(
        span.model_copy(
            update={"roman": None if tonic is None else roman_numeral(state_of(span.label), tonic)}
        )
        for span in spans
    )


def _until_the_next(marks: Iterable[Mark], end_s: float) -> Iterator[tuple[Mark, float]]:
    """Yield marks in their order, each with where the next one, or the sound's end, ends it."""
    ordered = sorted(marks, key=lambda mark: mark.start_s)
    ends = [*(mark.start_s for mark in ordered[1:]), end_s]
    return zip(ordered, ends, strict=True)


def _sections(facts: MusicFacts, said: MusicCorrection, grid: BeatGrid) -> SectionMap | None:
    if not said.sections:
        return facts.sections
    bar_s = 60.0 / grid.tempo_bpm * grid.beats_per_bar if grid.tempo_bpm and grid.beats_per_bar else None
    first: dict[str, str] = {}
    sections = []
    for mark, end_s in _until_the_next(said.sections, facts.duration_s):
        sections.append(
            Section(
                label=mark.label,
                start_s=mark.start_s,
                end_s=end_s,
                bars=round((end_s - mark.start_s) / bar_s, 2) if bar_s else None,
                repeat_of=first.get(mark.label),
            )
        )
        first.setdefault(mark.label, mark.label)
    return SectionMap(clock=said.clock, sections=tuple(sections), confidence=1.0, by_person=True)
