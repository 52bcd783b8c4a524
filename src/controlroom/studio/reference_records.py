"""What the ledger knows of references, and whether their bytes are still those."""

from __future__ import annotations

from pathlib import Path

from controlroom.media.files import inside, sha256_of
from controlroom.model.base import Record
from controlroom.model.errors import VerifyError
from controlroom.studio.song import Song


class Reference(Record):
    """One reference: what it is, and where its bytes are kept in the song."""

    id: str
    file_name: str
    sha256: str
    duration_s: float
    rate_hz: int
    archived_as: str
    added_at: str


def references_of(song: Song) -> tuple[Reference, ...]:
    """Return the references that stand, in the order in which they came."""
    standing: dict[str, Reference] = {}
    for entry in song.memory.ledger.entries(["reference.added", "reference.removed"]):
        if entry.kind == "reference.added":
            reference = Reference.model_validate(entry.body)
            standing[reference.id] = reference
        else:
            standing.pop(str(entry.body["id"]), None)
    return tuple(standing.values())


def check_reference(song: Song, reference: Reference) -> Path:
    """Return where a reference's bytes are kept; VerifyError when they are gone or others."""
    archived = inside(song.folder.root, reference.archived_as)
    if not archived.is_file() or sha256_of(archived) != reference.sha256:
        raise VerifyError(
            "verify.reference", f"{archived} is missing or another file", "add the reference again"
        )
    return archived
