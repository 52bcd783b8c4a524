"""What the ears are evaluated on: which seeds may be looked at, which are reported, and how each sound is made.

Thresholds and measurements are set on ``TUNING`` seeds only. ``report_seeds``
gives those of the published tables: whoever changes a detector after having
seen one of its published figures moves its kinds to the next block in
``BLOCK_OF``, whose sounds nobody has heard.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from controlroom.media.decode import decode
from controlroom.model.audio import Audio
from lab.corridor import find_masters
from lab.defects import DEFECTS, GRADES, NULLS, Host, host_of
from lab.defects.dynamics_form import DEFECTS as SLOW_DEFECTS
from lab.defects.sound import linear, rms
from lab.songs import make_song, sum_stems

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared/audio"
NULL_S = 20
HOST_S = 30
SLOW_HOST_S = 45
"""Faults of form, dynamics and drift need a song long enough to have a form."""
CLEAN_S = (30,)
"""Clean songs take these lengths in turn."""
HUMAN_S = 40
HUMAN_AT = 0.6
"""Where in a human master the excerpt lies that faults are planted in, as a share of its length."""
PEAK = 0.84
TRACE_DB = -40.0
"""A stem that lies so far under its mix is silent."""
NOISES = tuple(name for name in NULLS if name != "clean")


@dataclass(frozen=True, slots=True)
class Seeds:
    """Seeds of the hosts that faults are planted in, of clean songs, and of the other nulls."""

    hosts: range
    clean: range
    nulls: range

    def __str__(self) -> str:
        names = ("hosts", "clean songs", "nulls")
        ranges = (self.hosts, self.clean, self.nulls)
        return ", ".join(f"{n} {r.start} to {r.stop - 1}" for n, r in zip(names, ranges, strict=True))


TUNING = Seeds(range(40), range(1000, 1200), range(10))
"""May be looked at, measured and set by: what has been heard before the first table was published."""


def report_seeds(block: int) -> Seeds:
    """Return the seeds of one block of published figures; no two blocks share a song.

    Hosts 3001 to 3004 were seen before two scales of severity were changed, so that block was given up.
    """
    return Seeds(
        range(3101 + 100 * block, 3141 + 100 * block),
        range(5300 + 300 * block, 5520 + 300 * block),
        range(110 + 10 * block, 120 + 10 * block),
    )


BLOCK_OF: Mapping[str, int] = {
    "surface-arc": 3, "stereo-drift": 2, "hat-density": 2, "resonance": 2,
    "sibilance": 3, "voice-level": 3, "masked-voice": 3,
    "harmonic-familiarity": 3, "pumping": 3, "section-level": 4,
}  # fmt: skip
"""Kind to the block of its published figures, where it is not the first."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a shared multitrack recording: role to file, and where it begins."""

    folder: str
    files: Mapping[str, str]
    start_s: float
    length_s: float = 30.0


_ANALOG = {role: f"Analog or Digital.{name}.mp3" for role, name in (
    ("vocals", "Vocals"), ("drums", "Drums"), ("bass", "Bass"), ("guitar", "GuitarPiano"))}  # fmt: skip
MULTITRACKS: Sequence[Excerpt] = (
    *(Excerpt("analog-or-digital", _ANALOG, start) for start in (20.0, 55.0, 90.0, 125.0)),
    Excerpt("tangerine", {"vocals": "Vocals30.mp3", "other": "BassDrums30.mp3", "guitar": "Guitar30.mp3",
                          "keyboard": "PianoSynth30.mp3"}, 0.0, 29.0),
    Excerpt("acoustic-22s", {"vocals": "vocal.mp3", "backing-vocals": "bg-vocals.mp3",
                             "guitar": "acoustic-guitar.mp3", "bass": "bass.mp3"}, 0.0, 21.0),
)  # fmt: skip
"""Human hosts with stems. There is one drum kit among them, and none with kick, snare and hats apart."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One sound to be heard: ``host`` is ``song:3101@30`` and the like, clean or with a defect at a grade.

    Kinds of host: ``song`` (with its stems), ``alone`` (its mix only), a null,
    ``human`` (a finished master; ``@0`` is the whole of it), ``multitrack``.
    """

    host: str
    defect: str = ""
    grade: str = ""

    @property
    def name(self) -> str:
        """File name of what was found in it."""
        text = "~".join(part for part in (self.host, self.defect, self.grade) if part)
        return re.sub(r"[^\w.~-]+", "_", text)

    @property
    def kind(self) -> str:
        """Kind of host."""
        return self.host.partition(":")[0]

    @property
    def number(self) -> int:
        """Seed of a made host, place in the list of a human one."""
        return int(self.host.partition(":")[2].partition("@")[0])

    @property
    def length_s(self) -> int:
        """Length that was asked for."""
        return int(self.host.partition("@")[2])


@cache
def masters() -> list[tuple[str, Path]]:
    """Return the shared human masters: (artist folder, file)."""
    return find_masters(SHARED) if SHARED.is_dir() else []


@cache
def multitracks() -> list[int]:
    """Return the places of the shared multitracks that are there."""
    folder = SHARED / "multitrack"
    return [i for i, one in enumerate(MULTITRACKS) if (folder / one.folder).is_dir()]


def host_length_s(defect: str) -> int:
    """Return how long the made hosts of a defect are."""
    return SLOW_HOST_S if defect in {d.name for d in SLOW_DEFECTS} else HOST_S


def hosts_for(defect: str, seeds: Seeds) -> list[str]:
    """Return every host that a defect is tried on; it may turn out not to fit."""
    needs = DEFECTS[defect].needs
    # a song that must be made again costs as much as ten other faults
    used = seeds.hosts[::2] if "recipe" in needs else seeds.hosts
    made = [f"song:{seed}@{host_length_s(defect)}" for seed in used]
    if needs & {"truth", "recipe", "hats", "kick", "snare"}:
        return made
    if needs:
        return made + [f"multitrack:{i}@30" for i in multitracks()]
    return made + [f"human:{i}@{HUMAN_S}" for i in range(len(masters()))]


def grades_on(host: str) -> tuple[str, ...]:
    """Return the grades that are planted in a host: ``clear`` in all, the weaker ones in every fourth made one."""
    cell = Cell(host)
    return GRADES if cell.kind == "song" and cell.number % 4 == 1 else GRADES[-1:]


def clean_hosts(seeds: Seeds, kind: str = "song") -> list[str]:
    """Return clean songs."""
    return [f"{kind}:{seed}@{CLEAN_S[seed % len(CLEAN_S)]}" for seed in seeds.clean]


def null_hosts(seeds: Seeds, name: str) -> list[str]:
    """Return the sounds of one other null."""
    return [f"{name}:{seed}@{NULL_S}" for seed in seeds.nulls]


def whole_masters() -> list[str]:
    """Return the human masters from start to end."""
    return [f"human:{i}@0" for i in range(len(masters()))]


def sound_of(cell: Cell) -> Host:
    """Make or read a host."""
    if cell.kind in {"song", "alone"}:
        host = host_of(make_song(cell.number, duration_s=cell.length_s))
        return host if cell.kind == "song" else Host(host.mix)
    if cell.kind == "human":
        return Host(_excerpt_of_master(cell))
    if cell.kind == "multitrack":
        return _multitrack(MULTITRACKS[cell.number])
    return Host(NULLS[cell.kind](cell.number, cell.length_s))


def _excerpt_of_master(cell: Cell) -> Audio:
    audio = _read(masters()[cell.number][1])
    if not cell.length_s:
        return audio
    length = cell.length_s * audio.rate_hz
    first = max(0, round(HUMAN_AT * audio.frames - length / 2))
    return audio.excerpt(first, min(first + length, audio.frames))


@lru_cache(maxsize=4)
def _read(path: Path) -> Audio:
    return decode(path).audio


def _multitrack(piece: Excerpt) -> Host:
    folder = SHARED / "multitrack" / piece.folder
    whole = {role: _read(folder / name) for role, name in piece.files.items()}
    rate = next(iter(whole.values())).rate_hz
    first = round(piece.start_s * rate)
    length = min(min(one.frames for one in whole.values()) - first, round(piece.length_s * rate))
    parts = {role: one.excerpt(first, first + length) for role, one in whole.items()}
    whole_rms = rms(sum_stems(parts).samples)
    # who does not play here has no stem: what an MP3 leaves of silence is no voice
    parts = {role: part for role, part in parts.items() if rms(part.samples) > linear(TRACE_DB) * whole_rms}
    gain = np.float32(PEAK / float(np.abs(sum_stems(parts).samples).max()))
    stems = {role: Audio(part.samples * gain, rate) for role, part in parts.items()}
    return Host(sum_stems(stems), stems)
