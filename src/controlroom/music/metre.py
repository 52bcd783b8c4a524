"""Which of the pulses is the beat, and which of the beats is the first of the bar.

Half tempo, double tempo, the off-beat, the place of the downbeat and the
number of beats in a bar can't be told apart one after the other: each is
judged by the bar that it makes. So every combination is built and scored
together, and the best bar wins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controlroom.music.beats import (
    beat_envelope,
    fit_grid,
    fold,
    grid_frames,
    local_periods,
    peak_phases,
    track,
)
from controlroom.music.onsets import LATENCY_S, Onsets, stand_out
from controlroom.music.pitch import HarmonicChange
from controlroom.music.spectra import Doubles
from controlroom.music.tempo import (
    PRIOR_OCTAVES,
    STEP_S,
    WINDOW_S,
    Tempogram,
    comb,
    estimate_tempo,
    measure_tempogram,
    prior,
)

RATIOS = (1.0, 0.5, 2.0, 2 / 3, 1.5, 1 / 3, 3.0)
"""Metrical neighbours of the strongest period that may be the beat instead."""
LOWEST_BPM = 50.0
EDGE_BPM = 64.0
"""Slower beats than this are rare: one song in twenty of Harmonix is below 74."""
HIGHEST_BPM = 215.0
STEADY_SHARE = 0.75
LEAST_SALIENCE = 0.06
SHORT_SALIENCE_S = 1.4
"""A pulse must stand out by 0.06 and by 1.4 s over the length of the sound: of white to brown noise, chance
reaches 0.15 in ten seconds, 0.08 in twenty, 0.02 in sixty."""
LEAST_BEATS = 6
LEAST_LENGTH_S = 8.0
"""A shorter sound holds too few periods to tell a pulse from chance."""
NEAR_FRAMES = 2
NEAR_SHARE = 0.1
SAME_OCTAVES = 0.05
"""Two pulses closer than this are one tempo."""
ALTERNATIVE_ODDS = 0.02
"""An octave is said as an alternative from one in fifty: ears differ there more often than that."""
JUMP_COST = 8.0
"""What the evidence of a moved bar line must be worth, in the units of the weights below, summed over beats."""

WEIGHTS = {
    "prior": 1.5,
    "edge": -6.0,
    "crossing": -1.0,
    "salience": 2.0,
    "change": 3.0,
    "on_beat": 0.7,
    "quarters": -1.0,
    "backbeat": 0.3,
    "low_backbeat": -0.3,
    "low_first": 0.2,
    "triple": -1.5,
}
"""Log-odds per unit of each cue.

"edge" and "crossing" (a pulse at a ratio of three to the strongest period) guard against
readings that synthetic songs hardly offer. The rest is a conditional logit fitted on the even seeds of lab/songs, rounded, with the
prior of triple metre put where published sets have it (4/4 in 890 of 912
songs of the Harmonix Set, standards 7.2). lab/evaluate_music.py reports on the odd seeds.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """Beats and bars.

    Attributes
    ----------
    tempo_bpm : float
        Of the whole song (the grid's, or the beats' typical distance).
    alternative_bpm : float or None
        Twice or half of it, where the beat may as well be counted so.
    beats_s : float64 array, shape (beats,)
        Rising.
    positions : int array, shape (beats,)
        Place in the bar, 0 is the downbeat.
    beats_per_bar : int
        3 or 4.
    steady : bool
        Whether the beats are one constant grid.
    confidence : float
        0 to 1: of the pulse and its metrical level together.
    bar_confidence : float
        0 to 1: of the downbeats.
    """

    tempo_bpm: float
    alternative_bpm: float | None
    beats_s: Doubles
    positions: np.ndarray
    beats_per_bar: int
    steady: bool
    confidence: float
    bar_confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """A candidate for the beat: its times, and what sounds on and between them."""

    tempo_bpm: float
    times_s: Doubles
    steady: bool
    crossing: bool
    salience: float
    on: Doubles
    quarters: float
    change: Doubles


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """A pulse with a bar: its score, and the evidence for a downbeat at each beat."""

    pulse: Pulse
    beats_per_bar: int
    first: int
    score: float


def _peak_near(curve: Doubles, hop_s: float, times_s: Doubles) -> Doubles:
    centre = np.round((times_s - LATENCY_S) / hop_s).astype(np.int64)
    near = centre[None, :] + np.arange(-NEAR_FRAMES, NEAR_FRAMES + 1)[:, None]
    return np.asarray(curve[np.clip(near, 0, curve.size - 1)].max(axis=0))


def typical_interval(times_s: Doubles) -> float:
    """Return the mean interval of those near the median: beats lie on whole frames, their mean does not."""
    intervals = np.diff(times_s)
    middle = np.median(intervals)
    return float(intervals[np.abs(intervals / middle - 1.0) <= NEAR_SHARE].mean())


def _between(times_s: Doubles, share: float) -> Doubles:
    return times_s[:-1] + share * np.diff(times_s)


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """Times of a candidate pulse before anything is read at them."""

    tempo_bpm: float
    times_s: Doubles
    steady: bool


def _pulse(
    beats: Beats, crossing: bool, salience: float, groups: Doubles, hop_s: float, change: HarmonicChange
) -> Pulse:
    """Read the onsets and the harmony at a pulse's beats."""
    times_s = beats.times_s
    on = np.stack([_peak_near(group, hop_s, times_s) for group in groups])
    sides = np.concatenate([_between(times_s, 0.25), _between(times_s, 0.75)])
    quarters = float(np.mean([_peak_near(group, hop_s, sides).mean() for group in groups]))
    return Pulse(beats.tempo_bpm, times_s, beats.steady, crossing, salience, on, quarters, change.at(times_s))


def _times(envelope: Doubles, tempogram: Tempogram, period: float) -> list[Beats]:
    """Return the beats of a period: on the strongest phase and on the one between."""
    hop_s = tempogram.hop_s
    grid = fit_grid(envelope, hop_s, period)
    if grid.steady_share >= STEADY_SHARE:
        phases = peak_phases(fold(envelope, grid.period_frames))
        bpm = 60.0 / grid.period_frames / hop_s
        return [
            Beats(
                bpm,
                grid_frames(grid.period_frames, phase * grid.period_frames, envelope.size) * hop_s
                + LATENCY_S,
                True,
            )
            for phase in phases
        ]
    starts = np.asarray(
        (np.arange(tempogram.windows.shape[0]) * STEP_S + WINDOW_S / 2) / hop_s, dtype=np.float64
    )
    periods = local_periods(tempogram.windows, starts, period, envelope.size)
    beats = track(envelope, periods) * hop_s + LATENCY_S
    if beats.size < LEAST_BEATS:
        return []
    bpm = 60.0 / typical_interval(beats)
    return [Beats(bpm, beats, False), Beats(bpm, _between(beats, 0.5), False)]


def candidate_pulses(
    onsets: Onsets, tempogram: Tempogram, change: HarmonicChange, tempo_bpm: float
) -> list[Pulse]:
    """Return every pulse that stands in a simple ratio to a tempo."""
    envelope = beat_envelope(onsets)
    groups = np.stack([stand_out(group.astype(np.float64), onsets.hop_s) for group in onsets.groups.T])
    pulses = []
    for ratio in RATIOS:
        bpm = tempo_bpm * ratio
        if not LOWEST_BPM <= bpm <= HIGHEST_BPM:
            continue
        period = 60.0 / bpm / onsets.hop_s
        salience = float(comb(tempogram.strength, np.array([period]))[0])
        crossing = ratio not in {1.0, 0.5, 2.0}
        pulses += [
            _pulse(beats, crossing, salience, groups, onsets.hop_s, change)
            for beats in _times(envelope, tempogram, period)
            if beats.times_s.size >= LEAST_BEATS
        ]
    return pulses


def bar_cues(pulse: Pulse, beats_per_bar: int, first: int) -> dict[str, float]:
    """Return the cues of `WEIGHTS` for one bar on one pulse.

    Parameters
    ----------
    pulse : Pulse
    beats_per_bar : int
        3 or 4.
    first : int
        Index of the first downbeat, < ``beats_per_bar``.
    """
    place = (np.arange(pulse.times_s.size) - first) % beats_per_bar
    down = place == 0
    back = place % 2 == 1 if beats_per_bar == 4 else ~down
    low, body = pulse.on[0], pulse.on[1] + pulse.on[2]
    return {
        "prior": float(np.log(prior(np.array([pulse.tempo_bpm]))[0])),
        "edge": max(0.0, float(np.log2(EDGE_BPM / pulse.tempo_bpm))),
        "crossing": float(pulse.crossing),
        "salience": pulse.salience,
        "change": float(pulse.change[down].mean() - pulse.change[~down].mean()),
        "on_beat": float(pulse.on.mean()),
        "quarters": pulse.quarters,
        "backbeat": float(body[back].mean() - body[~back].mean()),
        "low_backbeat": float(low[back].mean() - low[~back].mean()),
        "low_first": float(low[down].mean() - low[~down].mean()),
        "triple": float(beats_per_bar == 3),
    }


def rank(pulses: list[Pulse]) -> list[Hypothesis]:
    """Return every bar on every pulse, best first."""
    found = []
    for pulse in pulses:
        for beats_per_bar in (4, 3):
            for first in range(beats_per_bar):
                cues = bar_cues(pulse, beats_per_bar, first)
                score = sum(WEIGHTS[name] * value for name, value in cues.items())
                found.append(Hypothesis(pulse, beats_per_bar, first, score))
    return sorted(found, key=lambda one: -one.score)


def downbeat_evidence(pulse: Pulse, beats_per_bar: int) -> Doubles:
    """Return how much each beat asks to be a downbeat, zero mean."""
    low = pulse.on[0] - pulse.on[0].mean()
    body = pulse.on[1] + pulse.on[2]
    snare = body - body.mean() if beats_per_bar == 4 else np.zeros_like(body)
    change = pulse.change - pulse.change.mean()
    evidence = WEIGHTS["change"] * change + WEIGHTS["low_first"] * low - WEIGHTS["backbeat"] * snare
    return np.asarray(evidence / beats_per_bar)


def bar_positions(evidence: Doubles, beats_per_bar: int, first: int) -> np.ndarray:
    """Return each beat's place in the bar; a bar line moves only for a lasting gain.

    Viterbi over the places: each beat follows the one before, or jumps at `JUMP_COST`.
    """
    size = evidence.size
    best = np.zeros(beats_per_bar)
    best[(-first) % beats_per_bar] = 1e-6
    back = np.zeros((size, beats_per_bar), dtype=np.int64)
    for at in range(size):
        follow = np.roll(best, 1) if at else best.copy()
        source = (np.arange(beats_per_bar) - 1) % beats_per_bar
        leap = int(np.argmax(best))
        jump = (best[leap] - JUMP_COST > follow) & (at > 0)
        back[at] = np.where(jump, leap, source)
        best = np.where(jump, best[leap] - JUMP_COST, follow)
        best[0] += evidence[at]
    places = np.empty(size, dtype=np.int64)
    places[-1] = int(np.argmax(best))
    for at in range(size - 1, 0, -1):
        places[at - 1] = back[at, places[at]]
    return places


def _share(ranked: list[Hypothesis], *, same_bar: bool) -> float:
    """Return the posterior share of the best hypothesis's pulse (or bar) among all."""
    scores = np.array([one.score for one in ranked])
    odds = np.exp(scores - scores.max())
    top = ranked[0]
    agree = np.array(
        [
            abs(np.log2(one.pulse.tempo_bpm / top.pulse.tempo_bpm)) < SAME_OCTAVES
            and (
                not same_bar
                or (
                    one.pulse is top.pulse
                    and one.beats_per_bar == top.beats_per_bar
                    and one.first == top.first
                )
            )
            for one in ranked
        ]
    )
    return float(odds[agree].sum() / odds.sum())


def _alternative_bpm(ranked: list[Hypothesis]) -> float | None:
    """Return the likelier octave of the best pulse's tempo, None where neither comes near it."""
    top = ranked[0]
    tempo_bpm = top.pulse.tempo_bpm
    octaves = (
        one for one in ranked if abs(abs(np.log2(one.pulse.tempo_bpm / tempo_bpm)) - 1.0) < SAME_OCTAVES
    )
    other = next(octaves, None)
    if other is None or np.exp(other.score - top.score) < ALTERNATIVE_ODDS:
        return None
    return 2.0 * tempo_bpm if other.pulse.tempo_bpm > tempo_bpm else 0.5 * tempo_bpm


def find_rhythm(onsets: Onsets, change: HarmonicChange) -> Rhythm | None:
    """Return beats, downbeats and metre, or None where there is no pulse.

    Parameters
    ----------
    onsets : Onsets
        From `controlroom.music.onsets.measure_onsets`.
    change : HarmonicChange
        From `controlroom.music.pitch.harmonic_change`.
    """
    tempogram = measure_tempogram(onsets.envelope, onsets.hop_s)
    guess = estimate_tempo(tempogram)
    # chance stands out more the more tempi are tried: whether there is a pulse at all is asked of usual ones
    usual = estimate_tempo(tempogram, PRIOR_OCTAVES)
    length_s = onsets.envelope.size * onsets.hop_s
    least = LEAST_SALIENCE + SHORT_SALIENCE_S / max(length_s, 1e-9)
    if guess is None or usual is None or length_s < LEAST_LENGTH_S or usual.salience < least:
        return None
    ranked = rank(candidate_pulses(onsets, tempogram, change, guess.tempo_bpm))
    if not ranked:
        return None
    best = ranked[0]
    places = bar_positions(downbeat_evidence(best.pulse, best.beats_per_bar), best.beats_per_bar, best.first)
    sure = float(np.clip((usual.salience - least) / 0.25, 0.0, 1.0))
    return Rhythm(
        best.pulse.tempo_bpm,
        _alternative_bpm(ranked),
        best.pulse.times_s,
        places,
        best.beats_per_bar,
        best.pulse.steady,
        sure * _share(ranked, same_bar=False),
        sure * _share(ranked, same_bar=True),
    )
