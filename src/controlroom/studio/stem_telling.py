"""Which of a person's stems stand beside each other: what holds what, what is the mix, what is there twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from controlroom.model.errors import UsageError
from controlroom.model.parts import BACKING, DRUMS, KIT, MIX, ROLES, VOICES
from controlroom.model.song import LeftOut
from controlroom.separation.imported import ImportedStem
from controlroom.separation.levels import Levels
from controlroom.separation.placing import Sets

WHOLE_DB = -15.0
"""A file that leaves less of the take than this may be the take; a mastered copy leaves about as much."""
BEYOND_DB = 10.0
"""It is, when it leaves this much less than the others are in the take: a part always leaves the others."""
TWIN_DB = -12.0
"""Two files of one name in two forms (vocals.wav, vocals.mp3) are one part, at a coder's error."""

_LOSSY = frozenset((".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".wma", ".mp4"))


@dataclass(frozen=True, eq=False)
class Telling:
    """Says of placed stems which stand beside each other, and notes what it leaves out."""

    stems: Sequence[ImportedStem]
    left_out: list[LeftOut] = field(default_factory=list)

    def pick(self, levels: Levels) -> Sets:
        """Return the sets of stems that tile the take, for ``place_stems``.

        Raises
        ------
        UsageError
            ``stem.role-asked``: the files of one role together are the whole take.
        """
        standing = self._without(self.stems, _copies(self.stems, levels), "the-same")
        standing = self._without(standing, _mixes(standing, levels), MIX_IS)
        _ask_of_sums(standing, levels)
        return sets_of(standing)

    def _without(self, stems: Sequence[ImportedStem], names: Iterable[str], why: str) -> list[ImportedStem]:
        out = set(names)
        self.left_out.extend(LeftOut(name=name, why=why) for name in sorted(out))
        return [stem for stem in stems if stem.name not in out]


MIX_IS = "the-mix"


def sets_of(stems: Sequence[ImportedStem]) -> list[tuple[str, ...]]:
    """Return names that stand beside each other: the leaves, and each holder with the leaves that it does not hold."""
    roles = {str(stem.role.role) for stem in stems}
    holders = [stem for stem in stems if is_holder(stem, roles)]
    leaves = [stem for stem in stems if stem not in holders]
    sets = [tuple(stem.name for stem in leaves)]
    for holder in holders:
        beside = [stem.name for stem in leaves if not holds(holder, stem)]
        sets.append((holder.name, *beside))
        if holder.role.role == DRUMS:  # a kit and percussion beside it, as Suno exports them, hold nothing
            sets.append((holder.name, *sets[0]))
    return [one for one in sets if one]


def is_holder(stem: ImportedStem, roles: Iterable[str]) -> bool:
    """Return whether a stem may hold others: the rest of a mix, a backing, a drum bus beside its pieces."""
    role = stem.role.role
    return (
        bool(stem.role.without) or role in (BACKING, MIX) or (role == DRUMS and bool(set(KIT) & set(roles)))
    )


def holds(holder: ImportedStem, stem: ImportedStem) -> bool:
    """Return whether, by their names, a stem lies in a holder."""
    role = str(stem.role.role)
    if holder.role.without:
        return role not in missing_roles(holder.role.without)
    if holder.role.role == DRUMS:
        return role in KIT
    return role not in VOICES


def missing_roles(without: Iterable[str]) -> frozenset[str]:
    """Return the roles that are not in a rest: those named, and what lies in them."""
    named = set(without)
    kit = set(KIT) if DRUMS in named else set()
    backing = set(ROLES) - set(VOICES) if BACKING in named else set()
    return frozenset(named | kit | backing | ({DRUMS} if named & set(KIT) else set()))


def _copies(stems: Sequence[ImportedStem], levels: Levels) -> list[str]:
    """Return the files that are there in two forms, the lossy one of each pair where one is."""
    gone: list[str] = []
    for n, one in enumerate(stems):
        for two in stems[n + 1 :]:
            if one.role.role != two.role.role or {one.name, two.name} & set(gone):
                continue
            twins = _without_suffix(one.name) == _without_suffix(two.name)
            if twins and levels.apart_db(one.name, two.name) < TWIN_DB:
                gone.append(one.name if _lossy(one) and not _lossy(two) else two.name)
    return gone


def _without_suffix(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _lossy(stem: ImportedStem) -> bool:
    return PurePosixPath(stem.name).suffix.lower() in _LOSSY


def _mixes(stems: Sequence[ImportedStem], levels: Levels) -> list[str]:
    """Return the files that are the take itself, whatever they are called; a person's word stands."""
    like = [
        stem for stem in stems if stem.role.by != "person" and levels.left_db({stem.name: 1.0}) < WHOLE_DB
    ]
    others = [stem for stem in stems if stem not in like]
    if not others:
        return []
    most_db = _most_db(others, levels)
    return [stem.name for stem in like if levels.left_db({stem.name: 1.0}) < most_db - BEYOND_DB]


def _most_db(stems: Sequence[ImportedStem], levels: Levels) -> float:
    """Return how much of the take stems are at most, each set of them at its own levels."""
    found = []
    for names in sets_of(stems):
        solved = levels.of([names])
        found.append(levels.share_db({name: level.gain for name, level in solved.items()}))
    return max(found)


def _ask_of_sums(stems: Sequence[ImportedStem], levels: Levels) -> None:
    """Ask about files that are said to be one part and together are the whole take."""
    by_role: dict[str, list[ImportedStem]] = {}
    for stem in stems:
        if not stem.role.without:
            by_role.setdefault(str(stem.role.role), []).append(stem)
    for role, files in by_role.items():
        if len(files) < 2 or all(stem.role.by == "person" for stem in files):
            continue
        names = [stem.name for stem in files]
        solved = levels.of([names])
        left_db = levels.left_db({name: level.gain for name, level in solved.items()})
        others = [stem for stem in stems if stem not in files]
        if left_db < WHOLE_DB and (not others or left_db < _most_db(others, levels) - BEYOND_DB):
            raise UsageError(
                "stem.role-asked",
                f"all of these are called {role}, and together they are the whole take: {', '.join(names)}",
                "say which is which: " + " ".join(f'--role "{name}=ROLE"' for name in names),
            )
