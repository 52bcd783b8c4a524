"""Steps rendered through the score, and a cache that lasts as long as a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controlroom.engine.desk import Handling, Rendered
from controlroom.engine.player import Player
from controlroom.engine.score import Take, chain
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.proposals import Step


class MemoryCache:
    """Keeps everything in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, Audio] = {}

    def find(self, key: str) -> Callable[[], Audio] | None:
        return (lambda: self._kept[key]) if key in self._kept else None

    def put(self, key: str, audio: Audio) -> Callable[[], Audio]:
        self._kept[key] = audio
        return lambda: audio


def render(
    sound: Listening, steps: Sequence[Step], context: Context, handling: Handling = Handling()
) -> Rendered:
    """Return a sound after steps of any stages before LOUDNESS, and what all of them told."""
    player = Player({Take.of(sound): sound}, lambda: handling)
    node = chain(Take.of(sound), steps, handling.min_coherence)
    return Rendered(player.listening(node, context), player.told(node, context))
