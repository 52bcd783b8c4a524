"""Chords per beat: triad templates on treble and bass chroma, smoothed by a Viterbi path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from controlroom.model.base import Record
from controlroom.music.key import diatonic_triads, key_label
from controlroom.music.pitch import Chroma
from controlroom.music.spectra import Doubles

NO_CHORD = 24
"""States 0–11 are major from C, 12–23 minor from C, 24 is no chord."""
BASS_WEIGHT = 0.35
SHARPNESS = 14.0
"""Log-odds per unit of template similarity."""
NO_CHORD_SIMILARITY = 0.66
QUIET_SHARE = 0.03
CHANGE_ON_DOWNBEAT = -2.0
CHANGE_ON_HALF_BAR = -3.5
CHANGE_ELSEWHERE = -5.0
"""Log-probability that the chord changes at a beat, by its place in the bar."""
OUT_OF_KEY = -1.0
BORROWED = -0.5
MAJOR_DEGREES = {
    0: "I",
    1: "bII",
    2: "II",
    3: "bIII",
    4: "III",
    5: "IV",
    6: "#IV",
    7: "V",
    8: "bVI",
    9: "VI",
    10: "bVII",
    11: "VII",
}


class ChordSpan(Record):
    """One chord.

    Attributes
    ----------
    start_s, end_s : float
        From beat to beat.
    label : str
        Harte's syntax: ``A:min``, ``F#:maj``, ``N`` for none.
    roman : str or None
        In the song's key, flats of the major scale: ``bVI`` also in minor keys; None without a key.
    confidence : float
        0 to 1: mean posterior share over its beats.
    """

    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    label: str
    roman: str | None = None
    confidence: float = Field(default=0.0, ge=0, le=1)


@dataclass(frozen=True, slots=True, eq=False)
class ChordPath:
    """A chord per beat.

    Attributes
    ----------
    states : int array, shape (spans,)
        See `NO_CHORD`.
    shares : float64 array, shape (spans,)
        How much of the templates' odds the state has at that span, 0 to 1.
    """

    states: np.ndarray
    shares: Doubles


def chord_label(state: int) -> str:
    """Return Harte's label of a state."""
    if state == NO_CHORD:
        return "N"
    return key_label(state)


def roman_numeral(state: int, key: int) -> str | None:
    """Return the numeral of a chord in a key (both as states); lower case is minor."""
    if state == NO_CHORD:
        return None
    degree = MAJOR_DEGREES[(state - key) % 12]
    return degree if state < 12 else degree.replace("V", "v").replace("I", "i")


def _unit(rows: Doubles) -> Doubles:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def triads() -> Doubles:
    """Return the unit templates of the 24 triads, shape (24, 12)."""
    templates = np.zeros((24, 12))
    for root in range(12):
        templates[root, [root, (root + 4) % 12, (root + 7) % 12]] = 1.0
        templates[12 + root, [root, (root + 3) % 12, (root + 7) % 12]] = 1.0
    return _unit(templates)


def template_odds(chroma: Chroma) -> Doubles:
    """Return the log-odds of each state per span, shape (spans, 25).

    Cosine of the treble with each triad, plus the bass's share of the root
    (and less of the fifth and third).
    """
    treble = _unit(np.sqrt(chroma.treble))
    bass = _unit(chroma.bass)
    similarity = treble @ triads().T
    bass_of = np.zeros((24, 12))
    for state in range(24):
        third = 4 if state < 12 else 3
        bass_of[state, state % 12] = 1.0
        bass_of[state, (state + 7) % 12] = 0.4
        bass_of[state, (state + third) % 12] = 0.3
    similarity = similarity + BASS_WEIGHT * (bass @ bass_of.T)
    energy = chroma.treble.sum(axis=1) + chroma.bass.sum(axis=1)
    quiet = energy < QUIET_SHARE * float(np.median(energy)) if energy.size else energy > 0
    none = np.where(quiet, 3.0, NO_CHORD_SIMILARITY + 0.4 * BASS_WEIGHT)
    return np.asarray(SHARPNESS * np.hstack([similarity, none[:, None]]))


def key_bias(key: int | None) -> Doubles:
    """Return what each state loses for lying outside a key, shape (25,)."""
    bias = np.zeros(25)
    if key is None:
        return bias
    near = (
        [(10, 0), (5, 12), (2, 0), (8, 0), (3, 0), (4, 0), (9, 0)] if key < 12 else [(7, 0), (5, 0), (0, 0)]
    )
    bias[:24] = OUT_OF_KEY
    bias[[(key + step) % 12 + kind for step, kind in near]] = BORROWED
    bias[diatonic_triads(key)] = 0.0
    return bias


def change_costs(positions: np.ndarray, beats_per_bar: int) -> Doubles:
    """Return the log-probability of a change at each beat."""
    costs = np.full(positions.size, CHANGE_ELSEWHERE)
    costs[positions == 0] = CHANGE_ON_DOWNBEAT
    if beats_per_bar == 4:
        costs[positions == 2] = CHANGE_ON_HALF_BAR
    return costs


def chord_path(odds: Doubles, costs: Doubles, bias: Doubles) -> ChordPath:
    """Return the likeliest chords: stay, or change to any other at the place's cost.

    Parameters
    ----------
    odds : float64 array, shape (spans, 25)
    costs : float64 array, shape (spans,)
        Log-probability of a change at the start of each span.
    bias : float64 array, shape (25,)
    """
    scores = odds + bias
    best = scores[0].copy()
    back = np.zeros(scores.shape, dtype=np.int64)
    every = np.arange(scores.shape[1])
    for at in range(1, scores.shape[0]):
        leader = int(np.argmax(best))
        moved = best[leader] + costs[at]
        stay = best >= moved
        back[at] = np.where(stay, every, leader)
        best = np.where(stay, best, moved) + scores[at]
    states = np.empty(scores.shape[0], dtype=np.int64)
    states[-1] = int(np.argmax(best))
    for at in range(scores.shape[0] - 1, 0, -1):
        states[at - 1] = back[at, states[at]]
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return ChordPath(states, shares[np.arange(states.size), states])


def to_spans(path: ChordPath, edges_s: Doubles, key: int | None) -> tuple[ChordSpan, ...]:
    """Return the path's runs as spans with labels and numerals.

    Parameters
    ----------
    path : ChordPath
    edges_s : float64 array, shape (spans + 1,)
    key : int or None
        0–11 major, 12–23 minor.
    """
    starts = np.concatenate([[0], np.nonzero(np.diff(path.states))[0] + 1]).astype(np.int64)
    stops = np.append(starts[1:], path.states.size)
    return tuple(
        ChordSpan(
            start_s=float(edges_s[start]),
            end_s=float(edges_s[stop]),
            label=chord_label(int(path.states[start])),
            roman=None if key is None else roman_numeral(int(path.states[start]), key),
            confidence=float(np.clip(path.shares[start:stop].mean(), 0.0, 1.0)),
        )
        for start, stop in zip(starts, stops, strict=True)
    )
