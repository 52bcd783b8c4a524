"""Sections: where the music turns, on bar lines, and which parts come back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from controlroom.model.timeline import Section, SectionMap
from controlroom.music.onsets import Onsets
from controlroom.music.pitch import NoteFrames, average_spans, fold_octaves
from controlroom.music.spectra import Doubles, FastSpectrum

LENGTH_SHARES = {8: 0.44, 16: 0.14, 4: 0.123, 12: 0.055, 2: 0.03, 6: 0.03, 10: 0.02, 20: 0.015, 24: 0.015}
"""Bars per section, Harmonix Set (standards 7.2); those below 6 % that it does not name are put smoothly below it."""
RARE_SHARE = 0.008
LONGEST_BARS = 32
LENGTH_WEIGHT = 0.8
KERNELS_BARS = (1, 2, 4)
TIMBRE_WEIGHT = 1.7
REPEATS_WEIGHT = 4.5
ENTRANCE_WEIGHT = 0.25
BOUNDARY_COST = 6.0
"""Log-odds of a boundary: a logistic regression over bar lines on the even seeds of lab/songs, rounded; the cost
leans two towards boundaries, as the length prior argues against them once more."""
BANDS_TOGETHER = 6
"""Half an octave: wide enough that a change of chord is no change of timbre."""
SAME_PART = 0.6
"""Mean similarity (0 to 1, of timbre and harmony) from which two sections count as one part."""
MARK = re.compile(r"^\s*\[([^\]]+)\]\s*$")
LEAST_BARS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What is compared, bar by bar.

    Attributes
    ----------
    edges_s : float64 array, shape (bars + 1,)
        Bar lines; the first and last bar take in what lies outside the grid.
    timbre : float64 array, shape (bars, features)
        Log levels of bands and onset densities, standardised over the song.
    harmony : float64 array, shape (bars, features)
        Chroma beat by beat, each beat of unit length.
    entrance : float64 array, shape (bars,)
        Onset strength at the bar's first beat (crash cymbals), standardised.
    level_db : float64 array, shape (bars,)
        Mean power.
    """

    edges_s: Doubles
    timbre: Doubles
    harmony: Doubles
    entrance: Doubles
    level_db: Doubles


@dataclass(frozen=True, slots=True)
class LyricMark:
    """One section that the lyrics name, and how many lines are sung in it."""

    label: str
    lines: int


def standardise(columns: Doubles) -> Doubles:
    """Return columns with zero mean and unit deviation (0 where constant)."""
    spread = columns.std(axis=0, keepdims=True)
    centred = columns - columns.mean(axis=0, keepdims=True)
    return np.asarray(np.where(spread > 1e-9, centred / np.maximum(spread, 1e-9), 0.0))


def half_octaves(texture: Doubles, densities: int) -> Doubles:
    """Return bands averaged by half octaves; the last ``densities`` columns (onsets) stay as they are.

    Each band is standardised first, so that loud bands do not speak for quiet ones.
    """
    bands = standardise(texture[:, : texture.shape[1] - densities])
    groups = max(1, bands.shape[1] // BANDS_TOGETHER)
    wide = [part.mean(axis=1) for part in np.array_split(bands, groups, axis=1)]
    return np.column_stack([*wide, texture[:, texture.shape[1] - densities :]])


def measure_bars(
    fast: FastSpectrum, onsets: Onsets, notes: NoteFrames, edges_s: Doubles, beats_per_bar: int
) -> Bars:
    """Return what is compared between bars.

    Parameters
    ----------
    fast, onsets, notes
        The song's spectrum, onsets and note activity.
    edges_s : float64 array, shape (bars + 1,)
        Bar lines.
    beats_per_bar : int
        Harmony is kept at this many places of each bar.
    """
    texture = np.hstack(
        [average_spans(fast.levels, fast.hop_s, edges_s), average_spans(onsets.groups, onsets.hop_s, edges_s)]
    )
    timbre = standardise(half_octaves(texture.astype(np.float64), onsets.groups.shape[1]))
    count = edges_s.size - 1
    places = np.arange(count * beats_per_bar + 1) / beats_per_bar
    chroma = fold_octaves(notes.average(np.interp(places, np.arange(count + 1), edges_s)))
    both = np.sqrt(np.hstack([chroma.treble, chroma.bass]))
    both /= np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    hits = onsets.groups[:, 1:].sum(axis=1, keepdims=True)
    first = np.stack([edges_s[:-1] - 0.04, edges_s[:-1] + 0.08], axis=1).ravel()
    entrance = average_spans(hits, fast.hop_s, np.append(first, first[-1] + 0.1))[::2]
    power = average_spans(fast.power[:, None], fast.hop_s, edges_s)[:, 0]
    level_db = 10.0 * np.log10(np.maximum(power.astype(np.float64), 1e-9))
    return Bars(
        edges_s, timbre, both.reshape(count, -1), standardise(entrance.astype(np.float64))[:, 0], level_db
    )


def similarity(bars: Bars) -> dict[str, Doubles]:
    """Return the self-similarity matrices of timbre and harmony, 0 to 1, shape (bars, bars)."""
    squares = np.sum(bars.timbre**2, axis=1)
    distance = np.maximum(squares[:, None] + squares[None, :] - 2 * bars.timbre @ bars.timbre.T, 0.0)
    scale = max(float(np.median(distance)), 1e-9)
    lengths = np.maximum(np.linalg.norm(bars.harmony, axis=1), 1e-9)
    cosine = (bars.harmony @ bars.harmony.T) / np.outer(lengths, lengths)
    low = float(np.quantile(cosine, 0.02))
    return {
        "timbre": np.asarray(np.exp(-distance / scale)),
        "harmony": np.asarray(np.clip((cosine - low) / max(1.0 - low, 1e-9), 0.0, 1.0)),
    }


def checkerboard(matrix: Doubles, half: int) -> Doubles:
    """Return Foote's novelty at each bar line, shape (bars + 1,), 0 at the ends.

    Gaussian-tapered checkerboard (Foote, ICME 2000); beyond the ends the
    kernel is cut and its weights are renormalised.
    """
    count = matrix.shape[0]
    offsets = np.arange(-half, half) + 0.5
    taper = np.exp(-0.5 * (offsets / (0.5 * half)) ** 2)
    novelty = np.zeros(count + 1)
    for at in range(1, count):
        rows = np.arange(max(0, at - half), min(count, at + half))
        weight = taper[rows - at + half]
        sign = np.where(rows < at, -1.0, 1.0)
        block = matrix[np.ix_(rows, rows)]
        pair = np.outer(weight, weight)
        same = np.outer(sign, sign) > 0
        inside = float((block * pair)[same].sum() / pair[same].sum())
        novelty[at] = inside - float((block * pair)[~same].sum() / pair[~same].sum())
    return novelty


def repetition_change(matrix: Doubles) -> Doubles:
    """Return how much the pattern of repeats changes at each bar line, shape (bars + 1,).

    Structure features (Serrà et al., IEEE TMM 2014): each bar's row of the
    time-lag matrix, smoothed along time; their distance over ±2 bars.
    """
    count = matrix.shape[0]
    lag = np.zeros((count, count))
    for at in range(count):
        lag[at] = np.roll(matrix[at], -at)
    sharp = np.clip((lag - np.quantile(lag, 0.8)) / max(1e-9, 1 - np.quantile(lag, 0.8)), 0, 1)
    sums = np.vstack([np.zeros((1, count)), np.cumsum(sharp, axis=0)])
    change = np.zeros(count + 1)
    for at in range(1, count):
        low, high = max(0, at - 3), min(count, at + 3)
        before = (sums[at] - sums[low]) / (at - low)
        after = (sums[high] - sums[at]) / (high - at)
        change[at] = float(np.linalg.norm(after - before))
    return change


def _scaled(curve: Doubles) -> Doubles:
    top = float(np.quantile(curve[1:-1], 0.95)) if curve.size > 2 else 0.0
    return np.asarray(np.clip(curve / top, 0.0, 1.5) if top > 1e-9 else np.zeros_like(curve))


def novelty(bars: Bars) -> Doubles:
    """Return the evidence for a section's start at each bar line, in log-odds before `BOUNDARY_COST`, shape (bars + 1,)."""
    alike = similarity(bars)
    total = np.zeros(bars.level_db.size + 1)
    for half in KERNELS_BARS:
        total += TIMBRE_WEIGHT * _scaled(checkerboard(alike["timbre"], half))
    total += REPEATS_WEIGHT * _scaled(repetition_change(0.5 * (alike["timbre"] + alike["harmony"])))
    total += ENTRANCE_WEIGHT * np.append(np.clip(bars.entrance, 0.0, 3.0), 0.0)
    return total


def length_scores(longest: int) -> Doubles:
    """Return the log-prior of each section length in bars against that of eight, index = bars."""
    shares = np.full(longest + 1, RARE_SHARE)
    shares[0] = 1e-9
    if longest >= 1:
        shares[1] = 0.25 * RARE_SHARE
    for bars, share in LENGTH_SHARES.items():
        if bars <= longest:
            shares[bars] = share
    return np.asarray(np.log(shares / LENGTH_SHARES[8]))


def best_boundaries(evidence: Doubles, lengths: Doubles) -> np.ndarray:
    """Return the bar lines of the best segmentation, first and last included.

    Dynamic programming over bar lines: each inner boundary earns its evidence
    less `BOUNDARY_COST`, each section its length's log-prior.

    Parameters
    ----------
    evidence : float64 array, shape (bars + 1,)
    lengths : float64 array, shape (longest + 1,)
    """
    last = evidence.size - 1
    best = np.full(last + 1, -np.inf)
    back = np.zeros(last + 1, dtype=np.int64)
    best[0] = 0.0
    for at in range(1, last + 1):
        spans = np.arange(1, min(at, lengths.size - 1) + 1)
        reward = evidence[at] - BOUNDARY_COST if at < last else 0.0
        # the last section may be cut off anywhere: its length says nothing
        scores = best[at - spans] + (
            LENGTH_WEIGHT * lengths[spans] if at < last else 0.3 * LENGTH_WEIGHT * lengths[spans]
        )
        pick = int(np.argmax(scores))
        best[at], back[at] = scores[pick] + reward, at - spans[pick]
    lines = [last]
    while lines[-1] > 0:
        lines.append(int(back[lines[-1]]))
    return np.asarray(lines[::-1], dtype=np.int64)


def boundaries_for(evidence: Doubles, marks: tuple[LyricMark, ...]) -> np.ndarray:
    """Return the bar lines of as many sections as the lyrics name.

    As `best_boundaries`, but with the number of sections given, and with each
    section's share of the song drawn towards its share of the lines.
    """
    last, count = evidence.size - 1, len(marks)
    lines = np.array([mark.lines for mark in marks], dtype=np.float64)
    weight = np.where(lines > 0, lines, max(2.0, 0.5 * float(lines.mean())))
    expected = np.maximum(weight / weight.sum() * last, 1.0)
    lengths = length_scores(last)
    best = np.full((count + 1, last + 1), -np.inf)
    back = np.zeros((count + 1, last + 1), dtype=np.int64)
    best[0, 0] = 0.0
    for number in range(1, count + 1):
        for at in range(number, last + 1):
            spans = np.arange(1, at + 1)
            fit = LENGTH_WEIGHT * lengths[spans] - 0.5 * np.log2(spans / expected[number - 1]) ** 2
            scores = best[number - 1, at - spans] + fit
            pick = int(np.argmax(scores))
            best[number, at] = scores[pick] + (evidence[at] if at < last else 0.0)
            back[number, at] = at - spans[pick]
    found = [last]
    for number in range(count, 0, -1):
        found.append(int(back[number, found[-1]]))
    return np.asarray(found[::-1], dtype=np.int64)


def parse_marks(lyrics: str | None) -> tuple[LyricMark, ...]:
    """Return the sections that lyrics name on lines of their own, as ``[Verse 1]`` or ``[Chorus - soft]``."""
    marks: list[LyricMark] = []
    for line in (lyrics or "").splitlines():
        if found := MARK.match(line):
            words = re.sub(r"[\d:]+", " ", re.split(r"\s[-–—|]\s|,", found[1])[0])
            label = " ".join(words.lower().split())
            if label and label != "end":
                marks.append(LyricMark(label, 0))
        elif line.strip() and marks:
            marks[-1] = LyricMark(marks[-1].label, marks[-1].lines + 1)
    return tuple(marks)


def letter_parts(lines: np.ndarray, alike: Doubles) -> list[int]:
    """Return a part number for each section; sections of one part repeat each other.

    A section joins the part whose nearest member it resembles most, bar
    against bar from its start, if that is at least `SAME_PART`.
    """
    parts: list[int] = []
    for number, start in enumerate(lines[:-1]):
        length = int(lines[number + 1] - start)
        best, part = 0.0, -1
        for other in range(number):
            common = min(length, int(lines[other + 1] - lines[other]))
            steps = np.arange(common)
            value = float(alike[start + steps, lines[other] + steps].mean())
            if value > best:
                best, part = value, parts[other]
        parts.append(part if best >= SAME_PART else max(parts, default=-1) + 1)
    return parts


def _labels(parts: list[int], marks: tuple[LyricMark, ...]) -> list[str]:
    if marks:
        return [mark.label for mark in marks]
    return [chr(ord("A") + part % 26) for part in parts]


def find_sections(bars: Bars, clock: str, lyrics: str | None = None) -> SectionMap | None:
    """Return the song's sections, or None where there are too few bars to compare.

    Parameters
    ----------
    bars : Bars
    clock : str
        Name of the clock of ``bars.edges_s``.
    lyrics : str or None
        Their marks, where they carry at least two and fit the song, set the
        number, order and names of the sections.
    """
    count = bars.level_db.size
    if count < LEAST_BARS:
        return None
    evidence = novelty(bars)
    marks = parse_marks(lyrics)
    marks = marks if 2 <= len(marks) <= count // 2 else ()
    lines = (
        boundaries_for(evidence, marks)
        if marks
        else best_boundaries(evidence, length_scores(min(count, LONGEST_BARS)))
    )
    matrices = similarity(bars)
    alike = 0.5 * (matrices["timbre"] + matrices["harmony"])
    labels = _labels(letter_parts(lines, alike), marks)
    levels = np.array([bars.level_db[a:b].mean() for a, b in pairwise(lines)])
    sections = tuple(
        Section(
            label=label,
            start_s=float(bars.edges_s[lines[number]]),
            end_s=float(bars.edges_s[lines[number + 1]]),
            bars=float(lines[number + 1] - lines[number]),
            energy=float(np.clip(1.0 + (levels[number] - levels.max()) / 20.0, 0.0, 1.0)),
            repeat_of=label if label in labels[:number] else None,
        )
        for number, label in enumerate(labels)
    )
    inner = evidence[lines[1:-1]]
    # the share of inner boundaries that are more likely than not, one pseudo-count each way
    confidence = float((np.sum(inner > BOUNDARY_COST) + 1) / (inner.size + 2))
    return SectionMap(clock=clock, sections=sections, confidence=confidence)
