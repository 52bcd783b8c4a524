"""The studio's verbs for the console: what a page shows, plays and asks beyond the work itself.

They are part of ``Studio``; this half stands apart because only a page needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controlroom.model.context import Context
from controlroom.model.decisions import Answer, Decision
from controlroom.model.proposals import Knob, Step
from controlroom.model.references import Reference
from controlroom.model.timeline import Span
from controlroom.studio.console_answers import Difference, answer_kind, differences, keep_trial
from controlroom.studio.console_desk import Desk, ProcessorInfo, known_processor, lay_out, processor_infos
from controlroom.studio.console_music import music_of_song, tone_of_song
from controlroom.studio.console_preview import gains_on, preview_step
from controlroom.studio.console_sounds import Sound, SoundFiles, ensure_sounds, files_of
from controlroom.studio.folder import SongFolder
from controlroom.studio.one_shots import with_one_shots_named
from controlroom.studio.reference_records import references_of
from controlroom.studio.references import (
    add_reference,
    reference_sound,
    remove_reference,
)
from controlroom.studio.song import Now, found, opened


class ConsoleVerbs:
    """The half of ``Studio`` that only a page needs."""

    _now: Now
    _name: str

    def trial(self, root: Path, a: str, b: str, *, correct: int, total: int) -> dict[str, object]:
        """Keep the result of a blind ABX trial as evidence."""
        with opened(found(root), now=self._now) as song:
            return keep_trial(song, (a, b), correct, total, self._name)

    def desk(self, root: Path) -> Desk:
        """Return the questions that stand, with all that belongs to them; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return lay_out(song)

    def processors(self) -> Mapping[str, ProcessorInfo]:
        """Return every processor with its knobs, for windows."""
        return processor_infos()

    def sounds(self, root: Path, context: Context = Context()) -> dict[str, Sound]:
        """Make take and render playable and drawable, in the song's cache; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return ensure_sounds(song, context)

    def sound_files(self, root: Path, sound_id: str) -> SoundFiles:
        """Return where a playable sound stands; SongError when there is none of that name."""
        return files_of(SongFolder(found(root)), sound_id)

    def preview(
        self,
        root: Path,
        processor: str,
        start_s: float,
        end_s: float,
        *,
        knobs: Mapping[str, Knob] | None = None,
        span_s: tuple[float, float] | None = None,
        part: str = "mix",
        context: Context = Context(),
    ) -> Sound:
        """Return the take with one step alone over a stretch, as a playable sound; needs no lock.

        A step on a stem is heard in the mix.
        """
        with opened(found(root), writing=False, now=self._now) as song:
            span = Span(clock=song.take.id, start_s=span_s[0], end_s=span_s[1]) if span_s else None
            stage = known_processor(processor).stage
            step = Step(processor=processor, stage=stage, part=part, span=span, knobs=dict(knobs or {}))
            return preview_step(song, with_one_shots_named(song, step), start_s, end_s, context)

    def match(
        self,
        root: Path,
        sound_ids: Sequence[str],
        start_s: float,
        end_s: float,
        *,
        moved_s: Mapping[str, float] | None = None,
    ) -> Mapping[str, float]:
        """Return the gains in dB that make playable sounds equally loud on a stretch.

        ``moved_s`` says how much later than their own clock sounds are played.
        """
        return gains_on(SongFolder(found(root)), sound_ids, start_s, end_s, moved_s)

    def music(self, root: Path, context: Context = Context()) -> Mapping[str, Any]:
        """Return the take's sections, bars, chords and arc as ``listen`` hears them, kept; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return music_of_song(song, context)

    def tone(self, root: Path, context: Context = Context()) -> Mapping[str, Any]:
        """Return the corridor, and where take and render lie in it, kept; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return tone_of_song(song, context)

    def decide_kind(
        self,
        root: Path,
        kind: str,
        answer: Answer,
        *,
        reason: str = "",
        auditioned_s: Mapping[str, float] | None = None,
    ) -> list[Decision]:
        """Answer every open question of one kind alike, each as its own entry."""
        with opened(found(root), now=self._now) as song:
            return answer_kind(song, kind, answer, reason, self._name, auditioned_s or {})

    def compare(self, root: Path, then: int, now: int) -> tuple[Difference, ...]:
        """Return which answers differ between two ledger entries; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return differences(song, then, now)

    def add_reference(self, root: Path, file: Path, context: Context = Context()) -> Reference:
        """Keep a file in the song, to be heard beside the take."""
        with opened(found(root), now=self._now) as song:
            return add_reference(song, file, context)

    def references(self, root: Path) -> tuple[Reference, ...]:
        """Return the references that stand; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return references_of(song)

    def remove_reference(self, root: Path, reference_id: str) -> Reference:
        """Take a reference off the song."""
        with opened(found(root), now=self._now) as song:
            return remove_reference(song, reference_id)

    def reference_sound(self, root: Path, reference_id: str, context: Context = Context()) -> Sound:
        """Return a reference as a playable sound; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return reference_sound(song, reference_id, context)
