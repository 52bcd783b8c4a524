"""The loop of chords that a song goes round in, be a chord of it misheard here and there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LONGEST_LOOP = 4
OF_TWO = 2
"""Any two neighbours are half of some loop, so a loop of two counts only where it comes round twice at once."""

Root = str
_States = dict["_State", "_Sum"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One chord of a walk, and what may be wrong with it.

    Attributes
    ----------
    root : str
    length_s : float
    doubtful : bool
        It may be another chord, or none of its own.
    hides_next : bool
        It may hold the chord that follows as well, or that one was not named.
    """

    root: Root
    length_s: float
    doubtful: bool = False
    hides_next: bool = False


@dataclass(frozen=True, slots=True)
class FoundLoop:
    """Where a loop first comes round, and how much of the walk it is.

    Attributes
    ----------
    first, size : int
        First chord of its first turn, number of chords.
    share : float
        Of the walk's time that its turns cover, 0 to 1.
    unbroken : float
        Turns that it goes round at most without being left.
    """

    first: int
    size: int
    share: float
    unbroken: float


@dataclass(frozen=True, slots=True)
class _State:
    """Where in the loop a chord stands, how many in step there are since the last doubt, and whether there was one."""

    place: int
    run: int
    mended: bool


@dataclass(frozen=True, slots=True)
class _Sum:
    """Time covered so far, and chords of this going round."""

    covered_s: float
    chords: int


@dataclass(slots=True)
class _Round:
    """One loop laid along a walk: the best ways to stand at each chord."""

    loop: tuple[Root, ...]
    walk: Sequence[Heard]
    states: list[_States] = field(default_factory=list)
    longest: int = 0

    def covered_s(self) -> float:
        """Return the time that goes round this loop, and note the longest going round."""
        self.states = [{} for _ in self.walk]
        best = 0.0
        for at, chord in enumerate(self.walk):
            for place in range(len(self.loop)):
                self._stand(at, _State(place, 1, mended=False), _Sum(best, 0))
            for state, total in self.states[at].items():
                if self._counts(state, total):
                    best = max(best, total.covered_s)
                    self.longest = max(self.longest, total.chords)
                for next_at, step in self._steps(at, state, chord):
                    self._stand(next_at, step, total)
        return best

    def _stand(self, at: int, state: _State, before: _Sum) -> None:
        """Keep the better way to stand at a chord, if it is the one of that place."""
        if at >= len(self.walk) or self.walk[at].root != self.loop[state.place]:
            return
        total = _Sum(before.covered_s + self.walk[at].length_s, before.chords + 1)
        known = self.states[at].get(state)
        if known is None or total.covered_s > known.covered_s:
            self.states[at][state] = total

    def _counts(self, state: _State, total: _Sum) -> bool:
        size = len(self.loop)
        if size == OF_TWO:
            return total.chords >= 2 * size
        return state.run >= size or (state.mended and state.run >= size - 1)

    def _steps(self, at: int, state: _State, chord: Heard) -> Iterator[tuple[int, _State]]:
        """Yield the chords that may come next in the loop, and how they would stand.

        In step, or past one doubt: a chord that is another or none of the loop's,
        or one that was not heard, each only after all but one of a turn in step.
        """
        size = len(self.loop)
        after, later = (state.place + 1) % size, (state.place + 2) % size
        yield at + 1, _State(after, min(state.run + 1, size), state.mended)
        if size == OF_TWO or state.run < size - 1:
            return
        if at + 1 < len(self.walk) and self.walk[at + 1].doubtful:
            yield at + 2, _State(later, 1, mended=True)
            yield at + 2, _State(after, 1, mended=True)
        if chord.hides_next:
            yield at + 1, _State(later, 1, mended=True)


def least_rotation(degrees: Sequence[Root]) -> tuple[Root, ...]:
    """Return the rotation that sorts first: the loop's one name."""
    return min(tuple(degrees[at:]) + tuple(degrees[:at]) for at in range(len(degrees)))


def find_loop(walk: Sequence[Heard]) -> FoundLoop | None:
    """Return the loop of two to four chords that covers most of the time.

    A loop is what comes round twice at once somewhere (the count behind the
    published share of songs with one). It then covers each of its turns,
    begun anywhere; of two chords only those that come round twice at once, as
    any two neighbours are half of some loop. One chord that may be misheard
    between two stretches in step does not end a turn, and is not covered. Of
    loops that cover alike the shorter wins.

    Parameters
    ----------
    walk : sequence of Heard
        Neighbours of different roots.
    """
    total_s = sum(chord.length_s for chord in walk)
    roots = [chord.root for chord in walk]
    best: FoundLoop | None = None
    for size in range(OF_TWO, LONGEST_LOOP + 1):
        turns = [tuple(roots[at : at + size]) for at in range(len(roots) - size + 1)]
        names = [least_rotation(turn) for turn in turns]
        for name, often in Counter(names).items():
            if often == 1 or _periodic(turns[names.index(name)]):
                continue
            laid = _Round(name, walk)
            share = laid.covered_s() / max(total_s, 1e-9)
            if laid.longest >= 2 * size and (best is None or share > best.share + 1e-9):
                best = FoundLoop(names.index(name), size, share, laid.longest / size)
    return best


def _periodic(turn: tuple[Root, ...]) -> bool:
    """Whether a turn is two turns of a shorter one, or its end meets its start in one chord."""
    half = len(turn) // 2
    return (len(turn) % 2 == 0 and turn[:half] == turn[half:]) or turn[0] == turn[-1]
