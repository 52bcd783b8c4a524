"""What a person said of parts, and what follows from it.

A part that *stays*, or *defines the identity*, may not be touched:

* no step is asked about on it, on a member of it, or on a group that holds it;
* an answer or a step of one's own that would touch it is refused, and says who
  protected it and when; answers that were given before are taken back;
* a step on the mix of ARRANGEMENT, REPAIR, STEMS or SPACE is refused while any
  part stays, because it would change that part. TONE and LOUDNESS on the mix bus
  are not: they are what the whole song goes through. A mark on the *mix* itself
  refuses TONE too, and leaves only LOUDNESS;
* a mark with a span protects that stretch of the take it is on: a step that does not
  overlap it, or is on another take, is free;
* a mark without a span names a part of the song, by its role, and no place: it
  protects that part in every take. What is *removed* is gone from the take of the
  step that removes it.
"""

from __future__ import annotations

from collections.abc import Collection

from controlroom.model.errors import DecisionError, UsageError
from controlroom.model.parts import MIX, ROLES, PartMark, members
from controlroom.model.proposals import Stage, Step
from controlroom.model.song import PartStatus
from controlroom.model.timeline import Span
from controlroom.processors.form import from_step, rebuilding, removing
from controlroom.studio.song import Song
from controlroom.studio.stemming import stems_of
from controlroom.studio.trusting import may_be_removed, weighty_coherence

BUS_STAGES = (Stage.TONE, Stage.LOUDNESS)


def protecting(song: Song, step: Step, take_id: str | None = None) -> PartMark | None:
    """Return the mark that forbids a step on a take (the current one unless named), if one does."""
    clock = take_id or song.take.id
    roles = roles_of(song, clock)
    return next((mark for mark in song.memory.marks if forbids(mark, step, clock, roles)), None)


def check_free(song: Song, step: Step, take_id: str | None = None) -> None:
    """Refuse a step that would touch what stays; DecisionError names who said so, and when."""
    mark = protecting(song, step, take_id)
    if mark is None:
        return
    where = f" from {mark.span.start_s:g} to {mark.span.end_s:g} s" if mark.span else ""
    why = f": {mark.reason}" if mark.reason else ""
    raise DecisionError(
        "part.protected",
        f"{step.processor} on {step.part} would touch {mark.part}{where}, of which {mark.by} said on "
        f"{mark.at[:16].replace('T', ' ')} that it {said(mark.status)}{why}",
        f"`controlroom mark {song.folder.root} {mark.part} none` takes that back",
    )


def check_part(song: Song, step: Step, take_id: str | None = None) -> None:
    """Refuse a step on a part that its processor may not work on, or that the take does not have.

    Raises
    ------
    UsageError
        ``processor.wrong-part``.
    SongError
        ``stems.none``, ``stems.no-role``.
    """
    allowed = type(from_step(step)).parts
    if allowed and step.part not in allowed:
        raise UsageError(
            "processor.wrong-part",
            f"{step.processor} does not work on {step.part}",
            f"it works on: {', '.join(allowed)}",
        )
    require_part(song, step.part, take_id)


def require_part(song: Song, part: str, take_id: str | None = None) -> None:
    """Check that a part is there: the mix, or a stem of a take (the current one unless named)."""
    if part == MIX:
        return
    if part not in ROLES:
        raise UsageError("part.unknown", f"there is no part called {part!r}", f"one of: {', '.join(ROLES)}")
    standing = stems_of(song, take_id)
    if standing.stem(part) is None:
        raise UsageError(
            "stems.no-role",
            f"the stems of this take have no {part}",
            f"they are: {', '.join(standing.roles)}",
        )


def roles_of(song: Song, take_id: str) -> tuple[str, ...]:
    """Return the roles of a take's stems; none when there are none."""
    found = song.memory.stems.get(take_id)
    return found.roles if found else ()


def marks_here(song: Song) -> tuple[PartMark, ...]:
    """Return what stands of the parts of the current take."""
    return tuple(mark for mark in song.memory.marks if _is_here(song, mark))


def _is_here(song: Song, mark: PartMark) -> bool:
    if mark.span is not None:
        return mark.span.clock == song.memory.clock
    return mark.status is not PartStatus.REMOVED or any(
        (d.step.processor, d.step.part, d.step.span) == (removing().name, mark.part, None)
        for d in song.memory.hand_made
    )


def mark_of(song: Song, part: str) -> PartMark | None:
    """Return what stands of a whole part of the current take."""
    return next((one for one in marks_here(song) if one.part == part and one.span is None), None)


def check_removable(song: Song, part: str, take_id: str | None = None) -> None:
    """Refuse to remove a stem by overlay that is not enough part of the mix to go with it.

    Where the song is rebuilt from its stems, any stem may be left out.

    Raises
    ------
    DecisionError
        ``part.not-removable``.
    """
    if part == MIX:
        raise DecisionError("part.not-removable", "the mix can't be removed", "name a stem")
    stem = stems_of(song, take_id).stem(part)
    if stem is None or may_be_removed(stem.trust, song.standards) or is_rebuilt(song, take_id):
        return
    least = song.standards.number("stems.remove_min_coherence")
    raise DecisionError(
        "part.not-removable",
        f"{part} is in the mix to {min(weighty_coherence(stem.trust)):.2f} in its worst band; "
        f"below {least:g} taking it away leaves noise of it behind",
        "rebuild the song from its stems first: "
        f"`controlroom do {song.folder.root} {rebuilding().name} --knob amount=1`",
    )


def is_rebuilt(song: Song, take_id: str | None = None) -> bool:
    """Return whether a person decided that a take's whole mix is made anew from its stems."""
    whole = (rebuilding().name, None, 1.0)
    rebuilt = [
        d
        for d in song.memory.decisions.values()
        if d.sounds and (d.step.processor, d.step.span, d.step.knobs.get("amount")) == whole
    ]
    return any(song.memory.is_on(d, take_id or song.take.id) for d in rebuilt)


def said(status: PartStatus | None) -> str:
    """Return a status as the end of "it …"."""
    return {
        PartStatus.STAYS: "stays",
        PartStatus.REMOVED: "is removed",
        PartStatus.RESHAPED: "is reshaped",
        PartStatus.DEFINES_IDENTITY: "defines the identity",
        None: "is free again",
    }[status]


def forbids(mark: PartMark, step: Step, clock: str, roles: Collection[str]) -> bool:
    """Return whether a mark forbids a step on the take whose clock and stems' roles are given."""
    if not mark.protects or not _reaches(mark.span, step.span, clock):
        return False
    if mark.part == MIX:
        return step.part != MIX or step.stage is not Stage.LOUDNESS
    if step.part == MIX:
        return step.stage not in BUS_STAGES
    inside = step.part in members(mark.part, roles)
    return mark.part == step.part or inside or mark.part in members(step.part, roles)


def _reaches(protected: Span | None, touched: Span | None, clock: str) -> bool:
    """Return whether a step on a clock, on a stretch or on all of it, reaches what is protected."""
    if protected is None:
        return True
    return protected.clock == clock and (touched is None or protected.overlaps(touched))
