"""Stems that a person brings, made the take's own: read, asked about, placed, summed where two share a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controlroom.model.audio import Audio
from controlroom.model.base import text_of
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, UsageError
from controlroom.model.parts import BACKING, DRUMS, KIT, MIX, ROLES, VOICES
from controlroom.model.song import LeftOut
from controlroom.separation.imported import ImportedStem, read_stems
from controlroom.separation.placing import place_stems
from controlroom.separation.shelf import Keep, Sound, in_memory, summed, whole
from controlroom.separation.trust import null_db

HOLDS_DB = -0.5
"""A drum or backing track holds the tracks beside it when less than this is left of it without them."""
NOTHING_LEFT_DB = -20.0
"""So little left of a bus without its members is effects on the bus, not another part."""


@dataclass(frozen=True, eq=False)
class Brought:
    """Stems at their place in the take: sounds and origins by role, and what was left out."""

    sounds: Mapping[str, Sound]
    origins: Mapping[str, str]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class Bus:
    """A drum or backing track, the tracks beside it that it may hold, and what its remainder is called."""

    role: str
    inside: Sequence[str]
    rest: str


@dataclass(frozen=True, eq=False)
class Part:
    """One sound, and how it came about."""

    sound: Sound
    origin: str


def brought(
    source: Path, mix: Audio, roles: Mapping[str, str], context: Context, keep: Keep = in_memory
) -> Brought:
    """Read the stems of a folder, a zip or a STEMS file and bring them to their take.

    Near-silent files and a file that is the mix are left out. Files that share a
    role (two guitars) are summed: what is worked on is the role. ``keep`` lays
    each stem where it is kept.

    Raises
    ------
    AudioInputError
        See ``separation.imported.read_stems`` and ``separation.placing.place_stems``.
    UsageError
        ``stem.role-asked``, naming the files whose role a person must say.
    """
    kept, left_out = _read(source, roles, context, keep)
    with context.part("stems.place", 0.5, 1.0) as inner:
        placed = place_stems({stem.name: stem.audio for stem in kept if stem.audio}, mix, inner, keep)
    sounds: dict[str, Sound] = {}
    files: dict[str, list[str]] = {}
    for stem in kept:
        role = str(stem.role.role)
        sound = placed[stem.name].audio
        if sound.channels != mix.channels:
            sound = keep(as_channels(whole(sound), mix.channels))
        sounds[role] = keep(summed([sounds[role], sound])) if role in sounds else sound
        files.setdefault(role, []).append(stem.name)
    origins = {role: f"imported: {' + '.join(names)}" for role, names in files.items()}
    _tell_buses(sounds, origins, keep)
    return Brought(sounds, origins, left_out)


def as_channels(audio: Audio, channels: int) -> Audio:
    """Return a stem with its take's channels: a mono one in the middle, a stereo one folded by halves."""
    if audio.channels == channels:
        return audio
    folded = audio.samples.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32)
    return Audio(np.repeat(folded, channels, axis=0), audio.rate_hz)


def _read(
    source: Path, roles: Mapping[str, str], context: Context, keep: Keep
) -> tuple[list[ImportedStem], tuple[LeftOut, ...]]:
    kept: list[ImportedStem] = []
    left_out: list[LeftOut] = []
    asked: list[str] = []
    with context.part("stems.read", 0.0, 0.5) as inner:
        for stem in read_stems(source, inner, roles=roles, keep=keep):
            if stem.near_silent:
                left_out.append(LeftOut(name=text_of(stem.name), why="near-silent"))
            elif stem.role.role == MIX:
                left_out.append(LeftOut(name=text_of(stem.name), why="the-mix"))
            elif stem.role.role is None:
                asked.append(stem.name)
            else:
                kept.append(stem)
    if asked:
        raise _role_asked(asked)
    if not kept:
        names = ", ".join(one.name for one in left_out)
        raise AudioInputError(
            "stem.all-silent", f"nothing in {source.name} can be worked on: {names}", "export the stems again"
        )
    return kept, tuple(left_out)


def _role_asked(asked: Sequence[str]) -> UsageError:
    commands = " ".join(f'--role "{name}=ROLE"' for name in asked)
    return UsageError(
        "stem.role-asked",
        f"neither name nor sound tells what {'these are' if len(asked) > 1 else 'this is'}: {', '.join(asked)}",
        f"say it: {commands}; roles: {', '.join(role for role in ROLES if role != MIX)}",
    )


def _tell_buses(sounds: dict[str, Sound], origins: dict[str, str], keep: Keep) -> None:
    """Find out whether a drum or backing track holds the tracks beside it, or is more of the same.

    It holds them when taking them away leaves less of it. What a bus holds beyond
    them becomes a part of its own, so that the leaves still add up to the take.
    """
    kit = [role for role in KIT if role in sounds]
    _tell_bus(sounds, origins, Bus(DRUMS, kit, "percussion"), keep)
    drums = [DRUMS] if kit in ([], ["percussion"]) and DRUMS in sounds else []
    inside = [role for role in sounds if role not in (*VOICES, DRUMS, BACKING)]
    _tell_bus(sounds, origins, Bus(BACKING, [*inside, *drums], "other"), keep)


def _tell_bus(sounds: dict[str, Sound], origins: dict[str, str], bus: Bus, keep: Keep) -> None:
    if bus.role not in sounds or not bus.inside:
        return
    inside = [sounds[role] for role in bus.inside]
    left_db = null_db({role: sounds[role] for role in bus.inside}, whole(sounds[bus.role]))
    if left_db >= HOLDS_DB:
        if bus.role == DRUMS and list(bus.inside) == ["percussion"]:
            return  # a kit and percussion beside it, as Suno exports them
        _merge(sounds, origins, bus.rest, Part(sounds.pop(bus.role), origins.pop(bus.role)), keep)
    elif left_db > NOTHING_LEFT_DB:
        held = Audio(-summed(inside).samples, sounds[bus.role].rate_hz)
        left = keep(summed([sounds[bus.role], held]))
        origin = f"{origins[bus.role]} without {', '.join(bus.inside)}"
        _merge(sounds, origins, bus.rest, Part(left, origin), keep)


def _merge(sounds: dict[str, Sound], origins: dict[str, str], role: str, part: Part, keep: Keep) -> None:
    sounds[role] = keep(summed([sounds[role], part.sound])) if role in sounds else part.sound
    origins[role] = f"{origins[role]} + {part.origin}" if role in origins else part.origin
