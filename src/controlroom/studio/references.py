"""References: finished music of others (or one's own) that a song is heard against.

A reference is kept in the song byte for byte and by its hash, like a take; it
is listened to beside the take and judged by ears only. Nothing of it enters the
song, and nothing of it is released.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from controlroom.media.decode import decode
from controlroom.media.files import sha256_of
from controlroom.media.resample import resample
from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError, UsageError
from controlroom.model.references import Reference
from controlroom.studio.console_sounds import Sound, SoundFiles, console_folder, forget, keep_sound, sound_of
from controlroom.studio.entries import ReferenceRemoved
from controlroom.studio.importing import archive, kept_suffix, limits_of, put_back, receive
from controlroom.studio.reference_records import check_reference, references_of
from controlroom.studio.song import Song

FOLDER = "references"
MOST = 12
"""A desk with more references than this is a library."""


def add_reference(song: Song, file: Path, context: Context) -> Reference:
    """Keep a file as a reference; the same bytes again are the same reference, put back if it was lost.

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
        known = standing[facts.sha256]
        if not _is_kept(song, known):
            archive(file, song.folder.inside(FOLDER, _below(known)), facts.sha256)
            put_back(song, known.archived_as, context)
        return known
    if len(standing) >= MOST:
        raise UsageError("reference.too-many", f"there are {MOST} references already", "take one off first")
    reference_id = f"r-{facts.sha256[:12]}"
    stored = f"{FOLDER}/{reference_id}/original{kept_suffix(file)}"
    archive(file, song.folder.inside(stored), facts.sha256)
    reference = Reference(
        id=reference_id,
        file_name=facts.file_name,
        sha256=facts.sha256,
        duration_s=facts.duration_s,
        rate_hz=facts.rate_hz,
        archived_as=stored,
        added_at=song.now(),
    )
    song.memory.add(reference, reference.added_at)
    return reference


def remove_reference(song: Song, reference_id: str) -> Reference:
    """Take a reference off the song; its bytes are deleted, the ledger remembers that it was there.

    What is not those bytes any more, or lies elsewhere, is left alone.
    """
    reference = reference_by_id(song, reference_id)
    song.memory.add(ReferenceRemoved(id=reference.id), song.now())
    with suppress(ControlRoomError, OSError):
        if _is_kept(song, reference):
            archived = song.folder.inside(FOLDER, _below(reference))
            archived.unlink()
            archived.parent.rmdir()
    forget(console_folder(song.folder), _sound_id(reference))
    return reference


def _below(reference: Reference) -> str:
    """Return where a reference is kept, relative to the folder of references."""
    return reference.archived_as.removeprefix(f"{FOLDER}/")


def _is_kept(song: Song, reference: Reference) -> bool:
    """Return whether a reference's bytes are there; VerifyError where it is said to lie elsewhere."""
    archived = song.folder.inside(FOLDER, _below(reference))
    return archived.is_file() and sha256_of(archived) == reference.sha256


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
        archived = check_reference(song, reference)
        audio = decode(archived, limits_of(song.standards), context).audio
        rate_hz = song.take.facts.rate_hz
        keep_sound(root, sound_id, audio if audio.rate_hz == rate_hz else resample(audio, rate_hz))
    return sound_of(SoundFiles(root, sound_id))


def sound_ids(song: Song) -> Mapping[str, str]:
    """Return the names under which standing references are playable, by reference."""
    return {one.id: _sound_id(one) for one in references_of(song)}


def _sound_id(reference: Reference) -> str:
    return f"reference-{reference.sha256[:12]}"
