"""Parts of a take: which roles there are, which are made of others, and what a person said of one.

A *leaf* is a stem that is worked on by itself; a *group* is the sum of what
lies in it (``drums`` is kick, snare and hats where those are apart). A step on
a group sounds after the steps on its members, and changes no member: what the
members were is still what they are.
"""

from __future__ import annotations

from collections.abc import Collection

from controlroom.model.base import Record
from controlroom.model.song import PartStatus
from controlroom.model.timeline import Span

MIX = "mix"
VOICES = ("vocals", "backing-vocals")
KIT = ("kick", "snare", "hats", "percussion")
DRUMS = "drums"
BACKING = "accompaniment"
"""All but the voices: what a separator calls so, or the sum of the other stems."""

REST = "rest"
"""What of the take is in no other stem, the voice too where none of them is one."""

ROLES = (
    "vocals", "backing-vocals", "drums", "percussion", "kick", "snare", "hats", "bass", "guitar", "keyboard",
    "strings", "brass", "woodwinds", "synth", "fx", "other", "rest", "accompaniment", "mix",
)  # fmt: skip
"""Every role that a stem can have."""


class PartMark(Record):
    """What a person said of a part: it stays, is removed, is reshaped, or defines the identity.

    ``status`` None takes back what was said of the same part and span.
    """

    part: str
    status: PartStatus | None
    span: Span | None = None
    by: str
    at: str
    reason: str = ""

    @property
    def protects(self) -> bool:
        """Whether nothing may touch the part."""
        return self.status in (PartStatus.STAYS, PartStatus.DEFINES_IDENTITY)


def members(role: str, roles: Collection[str]) -> tuple[str, ...]:
    """Return which of ``roles`` lie in ``role``; empty for a leaf."""
    if role == DRUMS:
        return tuple(one for one in KIT if one in roles)
    if role in (BACKING, MIX):
        voices = () if role == MIX else VOICES
        return tuple(one for one in ROLES if one in roles and one not in (role, REST, MIX, *voices))
    return ()


def leaves(roles: Collection[str]) -> tuple[str, ...]:
    """Return the roles that are not made of others here, in the order of ``ROLES``."""
    return tuple(role for role in ROLES if role in roles and role != MIX and not members(role, roles))


def groups_of(role: str, roles: Collection[str]) -> tuple[str, ...]:
    """Return the groups among ``roles`` that ``role`` lies in, the smallest first."""
    return tuple(one for one in (DRUMS, BACKING) if one in roles and role in members(one, roles))


def depth(role: str) -> int:
    """Return how late a part's steps sound within a stage: leaves, drums, backing, mix."""
    return {DRUMS: 1, BACKING: 2, MIX: 3}.get(role, 0)
