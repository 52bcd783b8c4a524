"""Harmonic familiarity: the loop a song goes round in, and how surprising its next chord is."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from statistics import median

from controlroom.music.chords import MAJOR_DEGREES, ChordSpan
from controlroom.music.loops import Heard, find_loop, least_rotation

LEAST_CHORDS = 6
"""Fewer chord changes say nothing of a loop."""
LEAST_SURPRISE_SHARE = 0.0005
"""Share that a chord or a pair outside the published table is taken to have."""
BIGRAM_WEIGHT = 0.5
SURE = 0.6
"""Confidence below which a chord may be another: of chords misheard in lab/songs most have less."""
SHORT_SHARE = 0.6
"""Of the usual chord's length: what lasts less may be a passing note."""
LONG_SHARE = 1.5
"""What lasts more may be two chords."""
GAP_SHARE = 0.5
"""A gap of this much between two chords, in which none was named, may be one."""

Degree = str
"""Semitones over the tonic and the triad, such as ``9:min``."""

_NUMERAL = re.compile(r"^(b|#)?([IViv]+)$")
_STEPS = {name: steps for steps, name in MAJOR_DEGREES.items()}


@dataclass(frozen=True, slots=True)
class KnownLoop:
    """A loop whose spread is published: its chords, the share of songs, and who says so."""

    degrees: tuple[Degree, ...]
    percent: float
    source: str


@dataclass(frozen=True, slots=True)
class ChordTable:
    """Published counts; see ``data/harmony.toml``.

    Attributes
    ----------
    unigram, bigram : mapping
        Shares (0 to 1) of chords by degree, and of pairs by ``first second``.
    percentiles : tuple of float
        Percentiles that the following are known at.
    next_entropy_bits : tuple of float
        Within-song entropy of the next chord given the last, at them.
    loops : tuple of KnownLoop
    source : str
    """

    unigram: Mapping[Degree, float]
    bigram: Mapping[str, float]
    percentiles: tuple[float, ...]
    next_entropy_bits: tuple[float, ...]
    loops: tuple[KnownLoop, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Loop:
    """The loop that covers most of a song.

    Attributes
    ----------
    degrees : tuple of str
        As a major key counts them (minor keys through their relative major).
    numerals : tuple of str
        As they are written in the song's own key.
    share : float
        Of the sounding chords' time that its turns cover, 0 to 1.
    turns : int
        How often it comes round in all.
    unbroken : float
        How often at once, without being left.
    known : KnownLoop or None
        Its published spread.
    """

    degrees: tuple[Degree, ...]
    numerals: tuple[str, ...]
    share: float
    turns: int
    unbroken: float
    known: KnownLoop | None = None


@dataclass(frozen=True, slots=True)
class Familiarity:
    """How familiar the harmony is.

    Attributes
    ----------
    loop : Loop or None
    distinct : int
        Different triads.
    next_entropy_bits : float
        Entropy of the next chord given the last, within this song; near 0 for a loop.
    next_entropy_percentile : float
        Its place among the published songs, 0 to 100; low is predictable.
    surprise_bits : float
        Mean of −log₂ of each chord's published share given the last one.
    """

    loop: Loop | None
    distinct: int
    next_entropy_bits: float
    next_entropy_percentile: float
    surprise_bits: float


@dataclass(slots=True)
class _Run:
    """One chord of the collapsed sequence."""

    degree: Degree
    numeral: str
    start_s: float
    end_s: float
    length_s: float = 0.0
    sure_s: float = 0.0

    def grow(self, length_s: float, sure_s: float, end_s: float) -> None:
        """Take in a neighbour; ``sure_s`` is its length times its confidence."""
        self.length_s += length_s
        self.sure_s += sure_s
        self.end_s = end_s


def degree_of(numeral: str) -> Degree:
    """Return semitones and triad of a numeral, such as ``10:maj`` of ``bVII``; ValueError for none."""
    found = _NUMERAL.match(numeral)
    if found is None:
        raise ValueError(f"{numeral!r} is no Roman numeral of a triad")
    upper = (found[1] or "") + found[2].upper()
    return f"{_STEPS[upper]}:{'maj' if found[2].isupper() else 'min'}"


def _collapsed(chords: Sequence[ChordSpan]) -> list[_Run]:
    runs: list[_Run] = []
    for chord in chords:
        if chord.roman is None:
            continue
        degree = degree_of(chord.roman)
        if not runs or runs[-1].degree != degree:
            runs.append(_Run(degree, chord.roman, chord.start_s, chord.end_s))
        length_s = chord.end_s - chord.start_s
        runs[-1].grow(length_s, length_s * chord.confidence, chord.end_s)
    return runs


def _root(degree: Degree) -> str:
    return degree.partition(":")[0]


def _by_root(runs: Sequence[_Run]) -> list[_Run]:
    """Return the walk of the roots, each named by the triad that is heard on it for longest.

    A third is the tone of a chord that is heard wrong most often; a loop whose
    third wavers is the same loop.
    """
    heard: defaultdict[Degree, float] = defaultdict(float)
    numerals: dict[Degree, str] = {}
    for run in runs:
        heard[run.degree] += run.length_s
        numerals.setdefault(run.degree, run.numeral)
    usual = {_root(degree): degree for degree in sorted(heard, key=heard.__getitem__)}
    walk: list[_Run] = []
    for run in runs:
        degree = usual[_root(run.degree)]
        if not walk or walk[-1].degree != degree:
            walk.append(_Run(degree, numerals[degree], run.start_s, run.end_s))
        walk[-1].grow(run.length_s, run.sure_s, run.end_s)
    return walk


def _doubted(walk: Sequence[_Run]) -> list[Heard]:
    """Return the walk with what may be wrong of each chord: too unsure or short, or so long that it may be two."""
    usual_s = median(run.length_s for run in walk)
    heard = []
    for run, following in zip_longest(walk, walk[1:]):
        unnamed_s = following.start_s - run.end_s if following else 0.0
        longest_s = max(run.length_s, following.length_s if following else 0.0)
        heard.append(
            Heard(
                root=_root(run.degree),
                length_s=run.length_s,
                doubtful=run.sure_s < SURE * run.length_s or run.length_s < SHORT_SHARE * usual_s,
                hides_next=unnamed_s > GAP_SHARE * usual_s or longest_s > LONG_SHARE * usual_s,
            )
        )
    return heard


def _relative_major(degree: Degree) -> Degree:
    steps, _, triad = degree.partition(":")
    return f"{(int(steps) - 3) % 12}:{triad}"


def next_entropy(degrees: Sequence[Degree]) -> float:
    """Return the entropy of the next chord given the last, in bits, from the sequence's own counts."""
    pairs = Counter(pairwise(degrees))
    starts = Counter(degrees[:-1])
    total = sum(pairs.values())
    if total == 0:
        return 0.0
    return -sum(n / total * math.log2(n / starts[pair[0]]) for pair, n in pairs.items()) + 0.0


def surprise(degrees: Sequence[Degree], table: ChordTable) -> float:
    """Return the mean of −log₂ p(chord | last chord), in bits.

    p is half the published pair's share given its first chord and half the
    chord's own share; where the pair is not among the published, its own share.
    """
    if len(degrees) < 2:
        return 0.0
    bits = 0.0
    for last, chord in pairwise(degrees):
        own = max(table.unigram.get(chord, LEAST_SURPRISE_SHARE), LEAST_SURPRISE_SHARE)
        pair = table.bigram.get(f"{last} {chord}")
        if pair is not None and last in table.unigram:
            own = BIGRAM_WEIGHT * min(1.0, pair / table.unigram[last]) + (1.0 - BIGRAM_WEIGHT) * own
        bits -= math.log2(own)
    return bits / (len(degrees) - 1)


def percentile_of(value: float, values: Sequence[float], percentiles: Sequence[float]) -> float:
    """Return where a value lies among published percentiles; straight between them and to 0 and 100."""
    known = [(0.0, 0.0), *zip(values, percentiles, strict=True), (2.0 * values[-1], 100.0)]
    for (low, below), (high, above) in pairwise(known):
        if value <= high:
            return below + (above - below) * max(0.0, value - low) / max(high - low, 1e-9)
    return 100.0


def familiarity(chords: Sequence[ChordSpan], *, minor: bool, table: ChordTable) -> Familiarity | None:
    """Return how familiar the harmony of a song is, or None with too few chords to tell.

    Parameters
    ----------
    chords : sequence of ChordSpan
        With numerals in the song's key; those without are passed over.
    minor : bool
        Whether that key is minor.
    table : ChordTable
        Published counts.
    """
    runs = _collapsed(chords)
    if len(runs) < LEAST_CHORDS:
        return None
    degrees = [run.degree for run in runs]
    bits = next_entropy(degrees)
    walk = _by_root(runs)
    found = find_loop(_doubted(walk))
    loop = None
    if found is not None:
        turn = walk[found.first : found.first + found.size]
        named = least_rotation([_relative_major(r.degree) if minor else r.degree for r in turn])
        turns = round(found.share * len(walk) / found.size)
        known = next((k for k in table.loops if least_rotation(k.degrees) == named), None)
        loop = Loop(named, tuple(r.numeral for r in turn), found.share, turns, found.unbroken, known)
    return Familiarity(
        loop=loop,
        distinct=len(set(degrees)),
        next_entropy_bits=bits,
        next_entropy_percentile=percentile_of(bits, table.next_entropy_bits, table.percentiles),
        surprise_bits=surprise(degrees, table),
    )
