"""The studio's verbs for samples that a person brings. They are part of ``Studio``."""

from __future__ import annotations

from pathlib import Path

from controlroom.model.context import Context
from controlroom.model.one_shots import OneShot
from controlroom.studio.one_shots import add_one_shot, remove_one_shot
from controlroom.studio.song import Now, found, opened


class SampleVerbs:
    """The part of ``Studio`` that knows samples."""

    _now: Now
    _name: str

    def samples(self, root: Path) -> tuple[OneShot, ...]:
        """Return the samples that the song holds, in the order in which they came; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return tuple(song.memory.one_shots.values())

    def add_sample(self, root: Path, file: Path, context: Context = Context()) -> OneShot:
        """Keep a one-shot of at most 2 s in the song; a layer's ``sample`` knob names it by id or name."""
        with opened(found(root), now=self._now) as song:
            return add_one_shot(song, file, self._name, context)

    def remove_sample(self, root: Path, sample: str) -> OneShot:
        """Take a sample off the song; refused when a step that was ever decided names it."""
        with opened(found(root), now=self._now) as song:
            return remove_one_shot(song, sample)
