"""A person's word on grid, key, chords and sections: a decision, kept in the ledger, and it wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from controlroom.listening.known import Known, Meant
from controlroom.model.errors import UsageError
from controlroom.music.chords import NO_CHORD
from controlroom.music.correction import Mark, MusicCorrection, Said, state_of, together
from controlroom.studio.song import Now, Song, found, opened


@dataclass(frozen=True)
class Word:
    """Who said one thing of the music that stands now, when, and why; ``value`` is None for sections and chords."""

    value: float | str | None
    by: str
    at: str
    reason: str


def correction_of(song: Song) -> MusicCorrection | None:
    """Return what a person said of the current take's music so far; None when nothing stands."""
    return together(song.memory.corrections, song.take.id)


def words_of(song: Song) -> dict[str, Word]:
    """Return who said what of the current take's music, by what it is of: what stands, not what was withdrawn."""
    words: dict[str, Word] = {}
    for one in song.memory.corrections:
        if one.clock == song.take.id:
            for name in one.withdrawn:
                words.pop(name, None)
            for name in get_args(Said):
                value = getattr(one, name)
                if value not in (None, ()):
                    kept = None if isinstance(value, tuple) else value
                    words[name] = Word(kept, one.by, one.at, one.reason)
    return words


def known_of(song: Song) -> Known:
    """Return what is known of the current take: its lyrics, the brief, and what a person said of its music."""
    take = song.take
    return Known(Meant(take.facts.tags.lyrics, song.folder.read_brief()), correction_of(song), take.id)


class MusicVerbs:
    """The part of ``Studio`` that knows what a person says of the music."""

    _now: Now
    _name: str

    def correct(
        self,
        root: Path,
        *,
        tempo_bpm: float | None = None,
        first_downbeat_s: float | None = None,
        beats_per_bar: int | None = None,
        key: str | None = None,
        sections: Sequence[Mapping[str, Any]] = (),
        chords: Sequence[Mapping[str, Any]] = (),
        withdrawn: Sequence[str] = (),
        reason: str = "",
    ) -> MusicCorrection:
        """Correct what was heard of the current take's music; what is not named stays as it is.

        ``sections`` and ``chords`` are ``{"start_s", "label"}`` and replace all of
        their kind; keys and chords are written ``A:min``, ``F#:maj``. ``withdrawn``
        names what is taken back (``tempo_bpm``, ``first_downbeat_s``,
        ``beats_per_bar``, ``key``, ``sections``, ``chords``): what was heard stands again.

        Raises
        ------
        UsageError
            ``music.nothing``: nothing was corrected; ``music.label``: no key or
            chord; ``music.place``: after the take's end; ``music.twice``: two
            begin at one place; ``music.value``: out of range;
            ``music.not-said``: nothing was said that could be taken back.
        """
        with opened(found(root), now=self._now) as song:
            try:
                said = MusicCorrection(
                    clock=song.take.id,
                    tempo_bpm=tempo_bpm,
                    first_downbeat_s=first_downbeat_s,
                    beats_per_bar=beats_per_bar,
                    key=key,
                    sections=tuple(Mark.model_validate(one) for one in sections),
                    chords=tuple(Mark.model_validate(one) for one in chords),
                    withdrawn=tuple(withdrawn),
                    by=self._name,
                    at=self._now(),
                    reason=reason,
                )
            except ValidationError as error:
                what = error.errors()[0]
                name = ".".join(str(part) for part in what["loc"])
                raise UsageError(
                    "music.value", f"{name}: {what['msg']}", "see `controlroom correct --help`"
                ) from error
            _check(said, song.take.facts.duration_s)
            _check_withdrawn(said, words_of(song))
            song.memory.add(said, said.at)
            return said


def _check(said: MusicCorrection, duration_s: float) -> None:
    named = said.model_dump(exclude={"clock", "by", "at", "reason"}, exclude_none=True)
    if not any(value not in (None, ()) for value in named.values()):
        raise UsageError(
            "music.nothing", "nothing was corrected", "name a tempo, a downbeat, a key, sections or chords"
        )
    if said.key and state_of(said.key) == NO_CHORD:
        raise UsageError("music.label", f"{said.key!r} is no key", "write C:maj, F#:min, Bb:maj")
    for mark in said.chords:
        state_of(mark.label)
    for marks in (said.sections, said.chords):
        starts = [mark.start_s for mark in marks]
        twice = next((at for at in starts if starts.count(at) > 1), None)
        if twice is not None:
            raise UsageError("music.twice", f"two begin at {twice:g} s", "let each begin at its own place")
    places = [mark.start_s for mark in (*said.sections, *said.chords)]
    for at in (*places, said.first_downbeat_s or 0.0):
        if at >= duration_s:
            raise UsageError(
                "music.place", f"{at:g} s is after the take's end, {duration_s:.1f} s", "start earlier"
            )


def _check_withdrawn(said: MusicCorrection, words: Mapping[str, Word]) -> None:
    for name in said.withdrawn:
        if name not in words:
            known = ", ".join(words) or "nothing yet"
            raise UsageError("music.not-said", f"nothing was said of {name}", f"you said: {known}")
