"""Stems that a person brings, made the take's own: read, asked about, placed, summed where two share a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controlroom.model.audio import Audio
from controlroom.model.base import text_of
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, UsageError
from controlroom.model.parts import BACKING, DRUMS, KIT, MIX, REST, ROLES, VOICES, leaves
from controlroom.model.song import LeftOut, Reading, StemFile, StemTrust
from controlroom.report.take_words import remark_sentence
from controlroom.separation.imported import ImportedStem, read_stems
from controlroom.separation.levels import Levels
from controlroom.separation.placing import PlacedStem, Sets, place_stems
from controlroom.separation.shelf import Keep, Sound, in_memory, summed, whole
from controlroom.separation.trust import envelope_likeness, judge, null_db
from controlroom.studio.stem_telling import MIX_IS, WHOLE_DB, Telling, is_holder, missing_roles
from controlroom.studio.trusting import heard_coherence

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
    files: tuple[StemFile, ...]


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
    source: Path,
    mix: Audio,
    roles: Mapping[str, str],
    context: Context,
    keep: Keep = in_memory,
    reading: Reading = Reading(),
) -> Brought:
    """Read the stems of a folder, a zip or a STEMS file and bring them to their take.

    Near-silent files, a file that is the mix and one that is there twice are left
    out. Files that share a role (two guitars) are summed: what is worked on is the
    role. ``keep`` lays each stem where it is kept.

    Raises
    ------
    AudioInputError
        See ``separation.imported.read_stems``; ``stem.foreign``.
    UsageError
        ``stem.role-asked``, naming the files whose role a person must say.
    """
    kept, left_out = _read(source, mix, roles, context, keep, reading)
    telling = Telling(kept)
    with context.part("stems.place", 0.5, 1.0) as inner:
        found = {stem.name: stem.audio for stem in kept if stem.audio}
        placed = place_stems(found, mix, inner, keep, telling.pick)
    standing = [stem for stem in kept if stem.name in placed]
    _refuse_foreign_files(standing, placed, mix, context)
    sounds, origins = _by_role(standing, placed, keep)
    _tell_buses(sounds, origins, keep)
    rests = [(stem, placed[stem.name].audio) for stem in standing if _is_rest(stem)]
    left_out += telling.left_out + _tell_rests(rests, sounds, origins, keep)
    files = tuple(_file(stem, placed[stem.name], mix) for stem in standing)
    return Brought(sounds, origins, tuple(left_out), files)


def _by_role(
    stems: Sequence[ImportedStem], placed: Mapping[str, PlacedStem], keep: Keep
) -> tuple[dict[str, Sound], dict[str, str]]:
    """Return the sum of the files of each role, and where it comes from; what is left of a mix is no role yet."""
    sounds: dict[str, Sound] = {}
    files: dict[str, list[str]] = {}
    for stem in stems:
        if _is_rest(stem):
            continue
        role, sound = str(stem.role.role), placed[stem.name].audio
        sounds[role] = keep(summed([sounds[role], sound])) if role in sounds else sound
        files.setdefault(role, []).append(stem.name)
    return sounds, {role: f"imported: {' + '.join(names)}" for role, names in files.items()}


def _is_rest(stem: ImportedStem) -> bool:
    """Return whether a file is a mix without some part that is not the voice, which has a role of its own."""
    return bool(stem.role.without) and stem.role.role != BACKING


def _file(stem: ImportedStem, placed: PlacedStem, mix: Audio) -> StemFile:
    late_s = placed.place.offset_frames / mix.rate_hz
    over_s = placed.duration_s - late_s - mix.duration_s
    frame_s = 1.5 / mix.rate_hz
    return StemFile(
        name=stem.name,
        role=str(stem.role.role),
        by=stem.role.by,
        gain_db=round(placed.gain_db, 2),
        gain_error_db=None if placed.error_db is None else round(placed.error_db, 2),
        inverted=placed.gain < 0,
        from_rate_hz=placed.from_rate_hz if placed.from_rate_hz != mix.rate_hz else None,
        late_s=round(late_s, 6),
        drift_ppm=round(placed.place.drift_ppm, 2),
        padded_s=round(-over_s, 3) if over_s < -frame_s else 0.0,
        cut_s=round(over_s, 3) if over_s > frame_s else 0.0,
    )


def _read(
    source: Path, mix: Audio, roles: Mapping[str, str], context: Context, keep: Keep, reading: Reading
) -> tuple[list[ImportedStem], list[LeftOut]]:
    kept: list[ImportedStem] = []
    left_out: list[LeftOut] = []
    asked: list[ImportedStem] = []

    def passed(name: str, why: str, words: str) -> None:
        left_out.append(LeftOut(name=name, why=why, detail=words))

    with context.part("stems.read", 0.0, 0.5) as inner:
        for stem in read_stems(source, inner, roles=roles, keep=keep, passed=passed, reading=reading):
            for remark in stem.remarks:
                context.notice(f"{stem.name}: {remark_sentence(remark)}")
            if stem.near_silent:
                left_out.append(LeftOut(name=text_of(stem.name), why="near-silent"))
            elif stem.role.role == MIX:
                left_out.append(LeftOut(name=text_of(stem.name), why=MIX_IS))
            else:
                (kept if stem.role.role else asked).append(stem)
    if kept:
        is_mix = [stem for stem in asked if stem.audio and is_take(stem.audio, mix, context)]
        left_out += [LeftOut(name=stem.name, why=MIX_IS) for stem in is_mix]
        asked = [stem for stem in asked if stem not in is_mix]
    if asked:
        raise _role_asked([stem.name for stem in asked])
    if not kept:
        names = ", ".join(one.name for one in left_out)
        raise AudioInputError(
            "stem.all-silent", f"nothing in {source.name} can be worked on: {names}", "export the stems again"
        )
    return kept, left_out


def is_take(sound: Sound, mix: Audio, context: Context) -> bool:
    """Return whether a file that nobody named is the take itself, or a master of it."""
    one = {"take": sound}
    left: list[float] = []

    def measured(levels: Levels) -> Sets:
        left.append(levels.left_db({"take": 1.0}))
        return [["take"]]

    place_stems(one, mix, context, in_memory, measured)
    return left[0] < WHOLE_DB


def _refuse_foreign_files(
    stems: Sequence[ImportedStem], placed: Mapping[str, PlacedStem], mix: Audio, context: Context
) -> None:
    """Refuse a stem of another song that would hide in the sum of a role."""
    roles = [stem.role.role for stem in stems]
    shared = [stem for stem in stems if roles.count(stem.role.role) > 1 and not _is_rest(stem)]
    if not shared:
        return
    held = {stem.name for stem in stems if is_holder(stem, map(str, roles))}
    alone = {stem.name: placed[stem.name].audio for stem in stems if stem.name not in held}
    judged = judge(alone, mix, context)
    for stem in shared:
        if stem.name in judged.foreign:
            raise foreign(stem.name, judged.stems[stem.name], whole(alone[stem.name]), mix)


def foreign(name: str, trust: StemTrust, sound: Audio, mix: Audio) -> AudioInputError:
    """Return the refusal of a stem that is of another song, with its evidence."""
    coherence = max(heard_coherence(trust), default=0.0)
    likeness = envelope_likeness(sound, mix)
    return AudioInputError(
        "stem.foreign",
        f"{name} is not of this take: as a wave it is in no band of it by more than "
        f"{100 * coherence:.0f} %, and its level moves with the take's by {likeness:.2f} of 1",
        "bring the stems of this very take; another version of the song has other stems",
    )


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


def _tell_rests(
    rests: Sequence[tuple[ImportedStem, Sound]], sounds: dict[str, Sound], origins: dict[str, str], keep: Keep
) -> list[LeftOut]:
    """Make of each ``no_bass`` what no other stem holds: the rest of the mix, or nothing.

    What is beside the bass is in it too, and is taken away from it; two of them
    (``no_bass``, ``no_drums``) share a rest, which the first one gives.
    """
    left_out: list[LeftOut] = []
    for stem, sound in rests:
        missing = missing_roles(stem.role.without)
        role = str(stem.role.role)
        if role in VOICES and set(VOICES) & set(sounds):
            left_out.append(LeftOut(name=stem.name, why="held"))
            continue
        inside = [one for one in leaves(sounds) if one not in missing]
        if BACKING in inside:  # in one piece: it may hold what this one lacks
            left_out.append(LeftOut(name=stem.name, why="overlaps"))
            continue
        part = Part(sound, f"imported: {stem.name}")
        if inside:
            left_db = null_db({one: sounds[one] for one in inside}, whole(sound))
            if not NOTHING_LEFT_DB < left_db < HOLDS_DB:
                left_out.append(LeftOut(name=stem.name, why="held" if left_db < HOLDS_DB else "overlaps"))
                continue
            held = Audio(-summed([sounds[one] for one in inside]).samples, sound.rate_hz)
            part = Part(keep(summed([sound, held])), f"{part.origin} without {', '.join(inside)}")
        name = REST if role == "other" and "other" in sounds else role
        _merge(sounds, origins, name, part, keep)
    return left_out


def _merge(sounds: dict[str, Sound], origins: dict[str, str], role: str, part: Part, keep: Keep) -> None:
    sounds[role] = keep(summed([sounds[role], part.sound])) if role in sounds else part.sound
    origins[role] = f"{origins[role]} + {part.origin}" if role in origins else part.origin
