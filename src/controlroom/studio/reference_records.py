"""What the ledger knows of references, and whether their bytes are still those."""

from __future__ import annotations

from pathlib import Path

from controlroom.media.files import inside, sha256_of
from controlroom.model.errors import VerifyError
from controlroom.model.references import Reference
from controlroom.studio.song import Song


def references_of(song: Song) -> tuple[Reference, ...]:
    """Return the references that stand, in the order in which they came."""
    return tuple(song.memory.references.values())


def check_reference(song: Song, reference: Reference) -> Path:
    """Return where a reference's bytes are kept; VerifyError when they are gone or others."""
    archived = inside(song.folder.root, reference.archived_as)
    if not archived.is_file() or sha256_of(archived) != reference.sha256:
        raise VerifyError(
            "verify.reference", f"{archived} is missing or another file", "add the reference again"
        )
    return archived
