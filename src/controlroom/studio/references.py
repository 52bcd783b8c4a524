"""References: finished music of others (or one's own) that a song is heard against.

A reference is kept in the song byte for byte and by its hash, like a take; it
is listened to beside the take and judged by ears only. Nothing of it enters the
song, and nothing of it is released.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from controlroom.media.decode import decode
from controlroom.media.files import atomic_write, environment_fault, sha256_of
from controlroom.media.resample import resample
from controlroom.model.base import Record
from controlroom.model.context import Context
from controlroom.model.errors import UsageError, VerifyError
from controlroom.studio.console_sounds import Sound, SoundFiles, console_folder, keep_sound, sound_of
from controlroom.studio.importing import kept_suffix, limits_of, receive
from controlroom.studio.song import Song

FOLDER = "references"
MOST = 12
"""A desk with more references than this is a library."""


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


def add_reference(song: Song, file: Path, context: Context) -> Reference:
    """Keep a file as a reference; the same bytes again are the same reference.

    Raises
    ------
    AudioInputError, DecoderError
        What is wrong with the file.
    UsageError
        When there are ``MOST`` already.
    """
    incoming = receive(file, song.standards, context)
    facts = incoming.facts
    standing = {one.sha256: one for one in references_of(song)}
    if facts.sha256 in standing:
        return standing[facts.sha256]
    if len(standing) >= MOST:
        raise UsageError("reference.too-many", f"there are {MOST} references already", "take one off first")
    reference_id = f"r-{facts.sha256[:12]}"
    archived = song.folder.root / FOLDER / reference_id / f"original{kept_suffix(file)}"
    _archive(file, archived, facts.sha256)
    reference = Reference(
        id=reference_id,
        file_name=facts.file_name,
        sha256=facts.sha256,
        duration_s=facts.duration_s,
        rate_hz=facts.rate_hz,
        archived_as=song.folder.relative(archived),
        added_at=song.now(),
    )
    song.memory.add_event("reference.added", reference.model_dump(mode="json"), reference.added_at)
    return reference


def remove_reference(song: Song, reference_id: str) -> Reference:
    """Take a reference off the song; its bytes are deleted, the ledger remembers that it was there."""
    reference = reference_by_id(song, reference_id)
    song.memory.add_event("reference.removed", {"id": reference.id}, song.now())
    shutil.rmtree((song.folder.root / reference.archived_as).parent, ignore_errors=True)
    for path in console_folder(song.folder).glob(f"{_sound_id(reference)}.*"):
        path.unlink(missing_ok=True)
    return reference


def reference_by_id(song: Song, reference_id: str) -> Reference:
    """Return a standing reference; UsageError when there is none of this id."""
    found = {one.id: one for one in references_of(song)}
    if reference_id not in found:
        raise UsageError(
            "reference.missing", f"there is no reference {reference_id!r} here", "see the list of references"
        )
    return found[reference_id]


def reference_sound(song: Song, reference_id: str, context: Context) -> Sound:
    """Return a reference as a playable sound, at the take's rate so that it plays on the take's clock.

    Raises
    ------
    VerifyError
        When the archived file is gone or is another.
    """
    reference = reference_by_id(song, reference_id)
    root = console_folder(song.folder)
    sound_id = _sound_id(reference)
    if not SoundFiles(root, sound_id).facts.is_file():
        archived = song.folder.root / reference.archived_as
        if not archived.is_file() or sha256_of(archived) != reference.sha256:
            raise VerifyError(
                "verify.reference", f"{archived} is missing or another file", "add the reference again"
            )
        audio = decode(archived, limits_of(song.standards), context).audio
        rate_hz = song.take.facts.rate_hz
        keep_sound(root, sound_id, audio if audio.rate_hz == rate_hz else resample(audio, rate_hz))
    return sound_of(SoundFiles(root, sound_id))


def sound_ids(song: Song) -> Mapping[str, str]:
    """Return the names under which standing references are playable, by reference."""
    return {one.id: _sound_id(one) for one in references_of(song)}


def _sound_id(reference: Reference) -> str:
    return f"reference-{reference.sha256[:12]}"


def _archive(file: Path, archived: Path, sha256: str) -> None:
    try:
        archived.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(archived) as part:
            shutil.copyfile(file, part)
            if sha256_of(part) != sha256:
                raise UsageError("reference.changed", f"{file} changed while it was kept", "add it again")
    except OSError as error:
        raise environment_fault(error, archived) from error
