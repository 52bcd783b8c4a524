"""A song's stems as a window shows them: trust, confidence, what is refused, what a person said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from controlroom.model.parts import groups_of, leaves, members
from controlroom.model.song import LeftOut, PartStatus, Stem, StemFile, StemSet, StemTrust
from controlroom.studio.marking import mark_of
from controlroom.studio.song import Song
from controlroom.studio.trusting import confidence_of, may_be_boosted, may_be_removed, refused_bands_hz


@dataclass(frozen=True)
class StemLine:
    """One stem: what it is, how far it can be trusted, and what a person said of it."""

    role: str
    origin: str
    leaf: bool
    members: tuple[str, ...]
    groups: tuple[str, ...]
    trust: StemTrust
    confidence: float
    refused_bands_hz: tuple[tuple[float, float], ...]
    removable: bool
    boostable: bool
    regenerated: bool
    status: PartStatus | None
    audio_digest: str


@dataclass(frozen=True)
class StemsView:
    """The stems of the current take; ``backend`` is empty where there are none."""

    take_id: str
    backend: str
    null_db: float | None
    incomplete: bool
    regenerated: tuple[str, ...]
    foreign: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    files: tuple[StemFile, ...]
    stems: tuple[StemLine, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "take_id": self.take_id,
            "backend": self.backend,
            "null_db": self.null_db,
            "incomplete": self.incomplete,
            "regenerated": list(self.regenerated),
            "foreign": list(self.foreign),
            "left_out": [one.model_dump(mode="json") for one in self.left_out],
            "files": [one.model_dump(mode="json") for one in self.files],
            "stems": [_line_dict(line) for line in self.stems],
        }


def view_of(song: Song) -> StemsView:
    """Return the stems of the current take with all that is known of them; leaves first."""
    found = song.memory.stems.get(song.take.id)
    if found is None:
        return StemsView(song.take.id, "", None, False, (), (), (), (), ())
    order = [*leaves(found.roles), *(role for role in found.roles if members(role, found.roles))]
    by_role = {stem.role: stem for stem in found.stems}
    return StemsView(
        take_id=found.take_id,
        backend=found.backend,
        null_db=found.null_db,
        incomplete=found.incomplete,
        regenerated=found.regenerated,
        foreign=(),
        left_out=found.left_out,
        files=found.files,
        stems=tuple(_line(song, found, by_role[role]) for role in order),
    )


def _line(song: Song, found: StemSet, stem: Stem) -> StemLine:
    inside = members(stem.role, found.roles)
    mark = mark_of(song, stem.role)
    return StemLine(
        role=stem.role,
        origin=stem.origin,
        leaf=not inside,
        members=inside,
        groups=groups_of(stem.role, found.roles),
        trust=stem.trust,
        confidence=confidence_of(stem.trust),
        refused_bands_hz=refused_bands_hz(stem.trust, song.standards),
        removable=may_be_removed(stem.trust, song.standards),
        boostable=may_be_boosted(stem.trust, song.standards),
        regenerated=stem.role in found.regenerated,
        status=mark.status if mark else None,
        audio_digest=stem.audio_digest,
    )


def _line_dict(line: StemLine) -> dict[str, Any]:
    shown = asdict(line)
    shown["trust"] = line.trust.model_dump(mode="json")
    shown["refused_bands_hz"] = [list(band) for band in line.refused_bands_hz]
    return {**shown, "members": list(line.members), "groups": list(line.groups)}
