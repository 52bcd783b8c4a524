"""A person's word on grid, key, chords and sections: a decision, kept in the ledger, and it wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from controlroom.listening.listening import Listening
from controlroom.listening.musical import hand_in, meant_of, music_of
from controlroom.model.errors import UsageError
from controlroom.music.analysis import MusicFacts
from controlroom.music.correction import Mark, MusicCorrection, corrected, state_of, together
from controlroom.studio.song import Now, Song, found, opened

ENTRY = "music.corrected"


def correction_of(song: Song) -> MusicCorrection | None:
    """Return what a person said of the current take's music so far; None when nothing."""
    entries = song.memory.ledger.entries([ENTRY])
    return together((MusicCorrection.model_validate(entry.body) for entry in entries), song.take.id)


def put_right(song: Song, listening: Listening) -> Listening:
    """Return the listening with what a person corrected in the place of what is heard of its music."""
    said = correction_of(song)
    if said is not None:

        def measured() -> MusicFacts:
            plain = Listening(listening.audio, listening.clock, listening.stems)
            hand_in(plain, meant_of(listening))
            return corrected(music_of(plain), said)

        listening.keep(("music.analyse",), measured)
    return listening


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
        reason: str = "",
    ) -> MusicCorrection:
        """Correct what was heard of the current take's music; what is not named stays as it is.

        ``sections`` and ``chords`` are ``{"start_s", "label"}`` and replace all of
        their kind; keys and chords are written ``A:min``, ``F#:maj``.

        Raises
        ------
        UsageError
            ``music.nothing``: nothing was corrected; ``music.label``: no key or
            chord; ``music.place``: after the take's end; ``music.value``: out of range.
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
            song.memory.add_event(ENTRY, said.model_dump(mode="json"), said.at)
            return said


def _check(said: MusicCorrection, duration_s: float) -> None:
    named = said.model_dump(exclude={"clock", "by", "at", "reason"}, exclude_none=True)
    if not any(value not in (None, ()) for value in named.values()):
        raise UsageError(
            "music.nothing", "nothing was corrected", "name a tempo, a downbeat, a key, sections or chords"
        )
    for label in (*((said.key,) if said.key else ()), *(mark.label for mark in said.chords)):
        state_of(label)
    places = [mark.start_s for mark in (*said.sections, *said.chords)]
    for at in (*places, said.first_downbeat_s or 0.0):
        if at >= duration_s:
            raise UsageError(
                "music.place", f"{at:g} s is after the take's end, {duration_s:.1f} s", "start earlier"
            )
