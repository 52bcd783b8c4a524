"""What is known of a synthesised song, because it was written before it was sounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio

Times = npt.NDArray[np.float64]
"""Times in seconds, rising, shape (n,)."""

PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time on the song's own clock."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SectionTruth:
    """One section; sections of the same label repeat each other.

    ``energy`` is 0 to 1, as the arranger meant it; ``occurrence`` counts from 1.
    """

    label: str
    start_s: float
    end_s: float
    energy: float
    occurrence: int


@dataclass(frozen=True, slots=True)
class ChordTruth:
    """One chord: label in Harte's syntax (``A:min``), Roman numeral in the song's key."""

    label: str
    roman: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SongTruth:
    """Everything that a detector or an estimator can be scored against.

    ``onsets_s`` holds the sounded (humanised) hit times by drum part;
    ``music_end_s`` is the last downbeat, after which everything rings out.
    """

    tempo_bpm: float
    metre: int
    key: str
    beats_s: Times
    downbeats_s: Times
    sections: tuple[SectionTruth, ...]
    chords: tuple[ChordTruth, ...]
    onsets_s: Mapping[str, Times]
    vocal_spans: tuple[Stretch, ...]
    sibilants: tuple[Stretch, ...]
    music_end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class SynthSong:
    """A clean multitrack song: stems by role, their exact sum, and the truth.

    ``asked_s`` is the duration that was asked for, so that the song can be
    made again with something changed.
    """

    seed: int
    style: str
    asked_s: float
    stems: Mapping[str, Audio]
    mix: Audio
    truth: SongTruth

    @property
    def rate_hz(self) -> int:
        """Sampling rate in hertz."""
        return self.mix.rate_hz


def sum_stems(stems: Mapping[str, Audio]) -> Audio:
    """Add the stems in their order: the one definition of what the mix is."""
    arrays = [stem.samples for stem in stems.values()]
    total = np.zeros_like(arrays[0])
    for array in arrays:
        total += array
    return Audio(total, next(iter(stems.values())).rate_hz)
