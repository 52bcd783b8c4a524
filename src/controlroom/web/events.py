"""What happens here, as one stream that a page can take up again where it left off.

Each event has an id ``epoch-number``. A page that comes back names the last one
it saw: it gets what it missed, or, after a restart or too long a while, one
``resync`` event that tells it to read everything again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from controlroom.model.base import finite

KEPT = 512
BEAT_S = 15.0


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    number: int
    kind: str
    data: dict[str, Any]


class Hub:
    """Keeps the last events and wakes whoever listens; may be told from any thread."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(4)
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._number = 0
        self._lock = threading.Lock()
        self._closed = False
        self._wakers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def tell(self, kind: str, /, **data: Any) -> None:
        """Say that something happened."""
        with self._lock:
            self._number += 1
            self._kept.append(Event(self._number, kind, data))
        self._wake()

    def close(self) -> None:
        """End every stream; the pages come back by themselves when the server does."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for loop, waker in list(self._wakers):
            if not loop.is_closed():
                loop.call_soon_threadsafe(waker.set)

    def since(self, number: int) -> list[Event] | None:
        """Return the events after ``number``; None when some of them are no longer kept."""
        with self._lock:
            if number > self._number or (self._kept and number < self._kept[0].number - 1):
                return None
            return [event for event in self._kept if event.number > number]

    @property
    def now(self) -> int:
        """Return the number of the last event."""
        return self._number

    async def stream(self, last_id: str | None, beat_s: float = BEAT_S) -> AsyncIterator[str]:
        """Yield server-sent events from ``last_id`` on, and a comment when nothing happens."""
        number = self._number_of(last_id)
        if number is None:
            number = self.now
            yield self._told(Event(number, "resync", {}))
        else:
            yield ": here\n\n"
        waker = asyncio.Event()
        entry = (asyncio.get_running_loop(), waker)
        self._wakers.add(entry)
        try:
            while not self._closed:
                waker.clear()
                events = self.since(number)
                if events is None:
                    events = [Event(self.now, "resync", {})]
                for event in events:
                    number = event.number
                    yield self._told(event)
                try:
                    await asyncio.wait_for(waker.wait(), beat_s)
                except TimeoutError:
                    yield ": beat\n\n"
        finally:
            self._wakers.discard(entry)

    def _number_of(self, last_id: str | None) -> int | None:
        if not last_id:
            return self.now
        epoch, _, number = last_id.partition("-")
        if epoch != self.epoch or not number.isdigit() or len(number) > 12:
            return None
        return int(number) if self.since(int(number)) is not None else None

    def _told(self, event: Event) -> str:
        return f"id: {self.epoch}-{event.number}\nevent: {event.kind}\ndata: {json.dumps(finite(event.data), allow_nan=False)}\n\n"
