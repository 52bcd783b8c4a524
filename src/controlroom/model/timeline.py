"""Clocks, spans, and the maps between them."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from controlroom.model.base import Record
from controlroom.model.errors import UsageError

MEETS_S = 1e-6
"""Places nearer than this are one: a fifth of a frame at 192 kHz, and far above what sums of seconds round to."""


def check_clock(what: str, clock: str, wanted: str) -> None:
    """Refuse what is on another clock than is wanted; UsageError ``span.foreign-clock``."""
    if clock != wanted:
        raise UsageError(
            "span.foreign-clock",
            f"{what} is on the clock of {clock}, not of {wanted}",
            "give a place on the take that is worked on, or add that other take again to go back to it",
        )


class Span(Record):
    """A stretch of time on a named clock (a take's, or an edit's)."""

    clock: str
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end_s < self.start_s:
            raise ValueError(f"a span ends at {self.end_s} s before it starts at {self.start_s} s")
        return self

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s

    def cut(self, first_s: float, last_s: float) -> Span:
        """Return the stretch that begins and ends so long after this one's start."""
        return Span(
            clock=self.clock, start_s=max(0.0, self.start_s + first_s), end_s=max(0.0, self.start_s + last_s)
        )

    def on(self, clock: str | Timeline) -> Span:
        """Return this span on a clock: itself where that is its own, or mapped where a timeline leads there.

        Raises
        ------
        UsageError
            ``span.foreign-clock``: it is on another clock, and not one place of the timeline's is made of it.
        """
        if isinstance(clock, Timeline) and clock.clock != self.clock:
            places = clock.from_source(self)
            if len(places) == 1:
                return places[0]
        wanted = clock.clock if isinstance(clock, Timeline) else clock
        check_clock(f"{self.start_s:g} to {self.end_s:g} s", self.clock, wanted)
        return self

    def overlaps(self, other: Span) -> bool:
        """Return whether both share some time; on two clocks they share none."""
        return self.clock == other.clock and self.start_s < other.end_s and other.start_s < self.end_s


class Piece(Record):
    """One piece of an edit: where it stands, and where it was taken from."""

    source: Span
    start_s: float = Field(ge=0)

    @property
    def end_s(self) -> float:
        """Where the piece ends on the edit's clock."""
        return self.start_s + self.source.length_s


class Timeline(Record):
    """A piecewise map from an edit's clock to the clocks it is made of.

    The identity of a take is one piece from 0 to its end. Pieces come in their
    order and don't overlap; between two that don't meet there is silence.
    """

    clock: str
    pieces: tuple[Piece, ...]

    @model_validator(mode="after")
    def _in_turn(self) -> Self:
        for one, other in pairwise(self.pieces):
            if other.start_s < one.end_s - MEETS_S:
                raise ValueError(
                    f"a piece begins at {other.start_s} s, before the last one ends at {one.end_s} s"
                )
        return self

    @classmethod
    def of_take(cls, clock: str, duration_s: float) -> Self:
        """Return the timeline of an unedited take."""
        whole = Span(clock=clock, start_s=0.0, end_s=duration_s)
        return cls(clock=clock, pieces=(Piece(source=whole, start_s=0.0),))

    @classmethod
    def of_excerpt(cls, span: Span) -> Self:
        """Return the timeline of a stretch by itself: its clock begins where it begins."""
        clock = f"{span.clock}@{span.start_s:g}-{span.end_s:g}"
        return cls(clock=clock, pieces=(Piece(source=span, start_s=0.0),))

    @property
    def duration_s(self) -> float:
        """Length of the edit in seconds."""
        return max((piece.end_s for piece in self.pieces), default=0.0)

    def over(self, inner: Timeline) -> Self:
        """Return this edit of an edit as one edit of what the inner one was made of; what meets again is one piece."""
        pieces = [
            Piece(source=there.source.cut(first - there.start_s, last - there.start_s), start_s=start_s)
            for piece in self.pieces
            for there in inner.pieces
            for first, last in (
                (max(piece.source.start_s, there.start_s), min(piece.source.end_s, there.end_s)),
            )
            for start_s in (piece.start_s + first - piece.source.start_s,)
            if last - first > MEETS_S
        ]
        return type(self)(clock=self.clock, pieces=_joined(pieces))

    def from_source(self, span: Span) -> tuple[Span, ...]:
        """Return every place on this clock where ``span`` of a source still sounds."""
        places = []
        for piece in self.pieces:
            if piece.source.clock != span.clock:
                continue
            start = max(span.start_s, piece.source.start_s)
            end = min(span.end_s, piece.source.end_s)
            if end > start:
                offset = piece.start_s - piece.source.start_s
                places.append(Span(clock=self.clock, start_s=start + offset, end_s=end + offset))
        return tuple(places)


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Return pieces with those made one that go on, in the edit as in their source, where the last one ended."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if last is not None and _goes_on(last, piece):
            whole = last.source.model_copy(update={"end_s": piece.source.end_s})
            out[-1] = last.model_copy(update={"source": whole})
        else:
            out.append(piece)
    return tuple(out)


def _goes_on(one: Piece, other: Piece) -> bool:
    there = abs(other.source.start_s - one.source.end_s)
    return one.source.clock == other.source.clock and max(there, abs(other.start_s - one.end_s)) < MEETS_S


class Section(Record):
    """One section of the form."""

    label: str
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    bars: float | None = None
    energy: float | None = Field(default=None, ge=0, le=1)
    repeat_of: str | None = None


class SectionMap(Record):
    """The form of a song, measured or corrected by a person."""

    clock: str
    sections: tuple[Section, ...] = ()
    confidence: float = Field(default=0.0, ge=0, le=1)
    by_person: bool = False


class BeatGrid(Record):
    """Beats and downbeats on a clock, measured or corrected by a person.

    ``alternative_bpm`` is twice or half the tempo, where the beat may as well be counted so.
    """

    clock: str
    tempo_bpm: float | None = Field(default=None, gt=0)
    alternative_bpm: float | None = Field(default=None, gt=0)
    beats_s: tuple[float, ...] = ()
    downbeats_s: tuple[float, ...] = ()
    beats_per_bar: int | None = Field(default=None, gt=0)
    confidence: float = Field(default=0.0, ge=0, le=1)
    by_person: bool = False
