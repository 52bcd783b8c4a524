"""Key: an ensemble of published profiles against the song's pitch classes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from controlroom.model.base import Record
from controlroom.music.spectra import Doubles

WEIGHTS = {"scale": 6.0, "tonic": 6.0, "home": 2.0, "closing": 1.0, "opening": 2.0}
"""Log-odds per unit of each cue, round figures near a conditional logit on the even seeds of lab/songs."""

PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

# fmt: off
PROFILES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "krumhansl-kessler": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)),
    "temperley": (
        (.748, .060, .488, .082, .670, .460, .096, .715, .104, .366, .057, .400),
        (.712, .084, .474, .618, .049, .460, .105, .747, .404, .067, .133, .330)),
    "shaath": (
        (6.6, 2.0, 3.5, 2.3, 4.6, 4.0, 2.5, 5.2, 2.4, 3.7, 2.3, 3.4),
        (6.5, 2.7, 3.5, 5.4, 2.6, 3.5, 2.5, 5.2, 4.0, 2.7, 4.3, 3.2)),
    "edma": (
        (.16519551, .04749026, .08293076, .06687112, .09994645, .09274123,
         .05294487, .13159476, .05218986, .07443653, .06940723, .0642515),
        (.17235348, .05336489, .0761009, .10043649, .05621498, .08527853,
         .0497915, .13451001, .07458916, .05003023, .09187879, .05545106)),
    "bgate": (
        (1, 0, .42, 0, .53, .37, 0, .77, 0, .38, .21, .30),
        (1, 0, .36, .39, 0, .38, 0, .74, .27, 0, .42, .23)),
    "albrecht-shanahan": (
        (.238, .006, .111, .006, .137, .094, .016, .214, .009, .080, .008, .081),
        (.220, .006, .104, .123, .019, .103, .012, .214, .062, .022, .061, .052)),
}
"""Major and minor rows, tonic first (standards 7.3, which names each paper)."""
# fmt: on


def profile_matrix() -> Doubles:
    """Return all rotations of all profiles, zero mean and unit length, shape (profiles, 24, 12).

    Keys 0–11 are major from C, 12–23 minor from C.
    """
    rows = [[np.roll(mode, tonic) for mode in pair for tonic in range(12)] for pair in PROFILES.values()]
    matrix = np.asarray(rows, dtype=np.float64)
    matrix -= matrix.mean(axis=2, keepdims=True)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=2, keepdims=True))


def correlate_keys(pitch_classes: Doubles) -> Doubles:
    """Return the mean Pearson correlation with each key's profiles, shape (24,)."""
    centred = pitch_classes - pitch_classes.mean()
    length = float(np.linalg.norm(centred))
    if length <= 0:
        return np.zeros(24)
    return np.asarray((profile_matrix() @ (centred / length)).mean(axis=0))


class KeyEstimate(Record):
    """The song's key.

    Attributes
    ----------
    label : str
        Harte-like: ``A:min``, ``F#:maj``.
    tonic : int
        Pitch class from C.
    mode : str
        ``major`` or ``minor``.
    confidence : float
        0 to 1: share of the odds among the 24 keys.
    runner_up : str
        The second best key's label.
    """

    label: str
    tonic: int = Field(ge=0, lt=12)
    mode: Literal["major", "minor"]
    confidence: float = Field(ge=0, le=1)
    runner_up: str


def key_label(key: int) -> str:
    """Return the label of a key, 0–11 major from C, 12–23 minor from C."""
    return f"{PITCH_NAMES[key % 12]}:{'maj' if key < 12 else 'min'}"


def chord_shares(states: np.ndarray, weights: Doubles) -> Doubles:
    """Return each triad's share of the weights, shape (24,); spans without a chord do not count."""
    totals = np.bincount(states, weights, 25)[:24]
    return np.asarray(totals / max(float(totals.sum()), 1e-9))


def key_odds(
    pitch_classes: Doubles, states: np.ndarray, lengths_s: Doubles, phrase_starts: np.ndarray
) -> Doubles:
    """Return the log-odds of the 24 keys.

    The ensemble's correlation tells the scale; relative keys, which share it,
    are told apart by how long the tonic chord is held, whether it opens the
    four-bar phrases, and whether the song ends on it.

    Parameters
    ----------
    pitch_classes : float64 array, shape (12,)
        Of the whole song.
    states : int array, shape (spans,)
        Chords, 24 for none.
    lengths_s : float64 array, shape (spans,)
        How long each lasts.
    phrase_starts : int array
        Indices of the spans that open a four-bar phrase.
    """
    held = chord_shares(states, lengths_s)
    opening = chord_shares(states[phrase_starts], np.ones(phrase_starts.size))
    home = np.array([float(held[diatonic_triads(key)].sum()) for key in range(24)])
    sounding = states[states < 24]
    closing = np.zeros(24)
    if sounding.size:
        closing[sounding[-1]] = 1.0
    return np.asarray(
        WEIGHTS["scale"] * correlate_keys(pitch_classes)
        + WEIGHTS["tonic"] * held
        + WEIGHTS["home"] * home
        + WEIGHTS["closing"] * closing
        + WEIGHTS["opening"] * opening
    )


def diatonic_triads(key: int) -> np.ndarray:
    """Return the six major and minor triads of a key (natural minor)."""
    tonic = key % 12
    steps = (
        ((0, 0), (5, 0), (7, 0), (2, 12), (4, 12), (9, 12))
        if key < 12
        else ((0, 12), (5, 12), (7, 12), (3, 0), (8, 0), (10, 0))
    )
    return np.array([(tonic + step) % 12 + kind for step, kind in steps])


def estimate_key(odds: Doubles, clarity: float) -> KeyEstimate:
    """Return the key with the best odds.

    Parameters
    ----------
    odds : float64 array, shape (24,)
        From `key_odds`.
    clarity : float
        0 to 1: how tonal the sound is at all; scales the confidence.
    """
    order = np.argsort(-odds)
    share = np.exp(odds - odds[order[0]])
    best = int(order[0])
    return KeyEstimate(
        label=key_label(best),
        tonic=best % 12,
        mode="major" if best < 12 else "minor",
        confidence=float(np.clip(clarity / share.sum(), 0.0, 1.0)),
        runner_up=key_label(int(order[1])),
    )
