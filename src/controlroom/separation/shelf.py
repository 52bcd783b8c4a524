"""Where stems lie while a set is made: on disk, so that one at a time is in memory.

Twelve stems of a six-minute song are 1.7 GB. What is measured of one stem loads
that stem; what is measured among all of them reads the same stretch of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol, Self
from weakref import finalize

import numpy as np

from controlroom.media.files import environment_fault
from controlroom.model.audio import Audio, Samples

_BLOCK_FRAMES = 1 << 18


class Sound(Protocol):
    """A sound in memory (``Audio``) or on a shelf; what is not said here is as there."""

    @property
    def rate_hz(self) -> int:
        """Sampling rate in hertz."""
        ...

    @property
    def channels(self) -> int:
        """Number of channels."""
        ...

    @property
    def frames(self) -> int:
        """Number of sample frames."""
        ...

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        ...

    def excerpt(self, start_frame: int, stop_frame: int) -> Audio:
        """Return frames ``start_frame:stop_frame`` (clipped to the sound)."""
        ...


Keep = Callable[[Audio], Sound]
"""Lays a sound where it is kept."""


def in_memory(audio: Audio) -> Sound:
    """Keep a sound where it is."""
    return audio


def whole(sound: Sound) -> Audio:
    """Return all of a sound, in memory; the very same object for an ``Audio``."""
    return sound if isinstance(sound, Audio) else sound.excerpt(0, sound.frames)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class ShelvedSound:
    """A sound in a file of its own: one channel after the other, little-endian float32.

    The file goes with the object.
    """

    path: Path
    rate_hz: int
    channels: int
    frames: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz

    def excerpt(self, start_frame: int, stop_frame: int) -> Audio:
        """Return frames ``start_frame:stop_frame`` (clipped to the sound)."""
        start = min(max(0, start_frame), self.frames)
        out: Samples = np.zeros((self.channels, max(start, min(stop_frame, self.frames)) - start), "<f4")
        try:
            with self.path.open("rb") as file:
                for channel, row in enumerate(out):
                    file.seek(4 * (channel * self.frames + start))
                    if file.readinto(row.data) != row.nbytes:
                        raise OSError(f"{self.path.name} is cut")  # noqa: TRY301 -- told as any other fault of the disk
        except OSError as error:
            raise environment_fault(error, self.path) from error
        return Audio(out, self.rate_hz)


class Shelf:
    """A folder of sounds, for as long as a set is made; sounds that a kill left there go.

    Parameters
    ----------
    folder : Path
        Made on entering; removed on leaving, when nobody put anything else there.

    Raises
    ------
    EnvironmentFault
        No room, or no right to write there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()

    def __enter__(self) -> Self:
        self._clear()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise environment_fault(error, self.folder) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def _clear(self) -> None:
        with suppress(OSError):
            for path in self.folder.glob("*.f4"):
                if path.stem.isdecimal():
                    path.unlink(missing_ok=True)
            self.folder.rmdir()

    def keep(self, audio: Audio) -> Sound:
        """Lay a sound on the shelf."""
        path = self.folder / f"{next(self._numbers)}.f4"
        try:
            with path.open("wb") as file:
                for row in audio.samples:
                    file.write(row.astype("<f4", copy=False).data)
        except OSError as error:
            raise environment_fault(error, path) from error
        kept = ShelvedSound(path, audio.rate_hz, audio.channels, audio.frames)
        finalize(kept, _forget, path)
        return kept


def _forget(path: Path) -> None:
    """Remove a sound's file; what can't be removed now goes when the shelf is cleared."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def summed(sounds: Sequence[Sound]) -> Audio:
    """Return the sum of sounds of one rate, length and channels, added in float64."""
    first = sounds[0]
    out = np.empty((first.channels, first.frames), np.float32)
    for start in range(0, first.frames, _BLOCK_FRAMES):
        total = np.zeros(out[:, start : start + _BLOCK_FRAMES].shape)
        for sound in sounds:
            total += sound.excerpt(start, start + _BLOCK_FRAMES).samples
        out[:, start : start + _BLOCK_FRAMES] = total
    return Audio(out, first.rate_hz)
