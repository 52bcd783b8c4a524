"""What is known of a sound besides its samples, and handed on to every sound that is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controlroom.model.base import canonical_json, digest_text
from controlroom.model.timeline import Span, Timeline, check_clock

if TYPE_CHECKING:  # nothing heavy is imported for a name
    from controlroom.model.brief import Brief
    from controlroom.music.correction import MusicCorrection


@dataclass(frozen=True, slots=True)
class Meant:
    """What is meant by a song: the take's lyrics, and the brief with its energies."""

    lyrics: str | None = None
    brief: Brief | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is meant and said of a sound, and the clock that its places are on.

    It holds for a song and for each of its parts, before a step and after it,
    at any rate; an excerpt has a clock of its own, see `within`.

    Parameters
    ----------
    meant : Meant
    said : MusicCorrection or None
        What a person said of the music, on this clock; UsageError
        ``span.foreign-clock`` where it is on another.
    clock : str
        A take's id, or an edit's name.
    """

    meant: Meant = Meant()
    said: MusicCorrection | None = None
    clock: str = "take"

    def __post_init__(self) -> None:
        if self.said is not None:
            check_clock("what was said of the music", self.said.clock, self.clock)

    @property
    def digest(self) -> str:
        """Name of all that is known: who said it, when and why does not count."""
        brief = self.meant.brief.model_dump(mode="json") if self.meant.brief else None
        said = self.said.model_dump(mode="json", exclude={"by", "at", "reason"}) if self.said else None
        return digest_text(canonical_json([self.clock, self.meant.lyrics, brief, said]))

    def within(self, span: Span) -> Known:
        """Return what is known of a stretch by itself: what was said, placed on its own clock.

        Lyrics and a brief's form speak of the whole song, not of a stretch of it.
        """
        clock = Timeline.of_excerpt(span.on(self.clock)).clock
        said = None if self.said is None else self.said.within(span.start_s, span.end_s, clock)
        return Known(said=said, clock=clock)
