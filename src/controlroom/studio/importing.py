"""Takes come in: decoded once under limits, archived as they are, and hashed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from controlroom.media.decode import DecodeLimits, decode, take_facts
from controlroom.media.files import atomic_write, environment_fault, sha256_of
from controlroom.model.audio import Audio
from controlroom.model.base import digest_text, text_of
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, VerifyError
from controlroom.model.song import Reading, Take, TakeFacts
from controlroom.model.standards import Standards
from controlroom.model.timeline import Timeline
from controlroom.studio.entries import Restored
from controlroom.studio.song import Song

SUFFIX = 16


@dataclass(frozen=True, eq=False)
class Incoming:
    """A file that was decoded and found good, before any song knows it."""

    file: Path
    facts: TakeFacts
    audio: Audio


def limits_of(standards: Standards) -> DecodeLimits:
    """Return the decoder's limits as the standards have them."""
    return DecodeLimits(
        max_minutes=standards.number("media.max_minutes"),
        min_seconds=standards.number("media.min_seconds"),
    )


def receive(file: Path, standards: Standards, context: Context, reading: Reading = Reading()) -> Incoming:
    """Decode a file and read what it says of itself; nothing is imported yet.

    ``reading`` is what a person said of how it is read.

    Raises
    ------
    AudioInputError, DecoderError
        What is wrong with the file.
    """
    context.tell("import", 0.0)
    decoded = decode(file, limits_of(standards), context, reading, tags=True)
    return Incoming(file, take_facts(file, decoded), decoded.audio)


def reading_of(song: Song, file: Path, said: Reading) -> Reading:
    """Return how a file is to be read: as a person says now, else as they said of these bytes before."""
    known = {take.facts.sha256: _reading(take.facts) for take in song.memory.takes.values()}
    if said != Reading() or set(known.values()) <= {said} or not file.is_file():
        return said
    try:
        return known.get(sha256_of(file), said)
    except OSError:  # what is wrong with it is said where it is read
        return said


def _reading(facts: TakeFacts) -> Reading:
    return Reading(as_is=facts.as_is, scale_db=facts.scale_db)


def admit(song: Song, incoming: Incoming, context: Context = Context()) -> Take:
    """Archive a received file and record it as the song's current take.

    The same bytes again are the same take: nothing is written when it is the
    current one already, but an archived file that was lost or damaged is put back.
    """
    facts, digest = incoming.facts, incoming.audio.digest()
    same = [take for take in song.memory.takes.values() if take.facts.sha256 == facts.sha256]
    known = next((take for take in same if take.facts.scale_db == facts.scale_db), None)
    if known is not None:
        _mend(song, known, incoming.file, context)
        if known == song.memory.current_take and known.audio_digest == digest:
            return known
    # the same bytes at another scale are other samples
    scaled = f"-{digest_text(repr(facts.scale_db))[:4]}" if facts.scale_db else ""
    take_id = f"t-{facts.sha256[:12]}{scaled}"
    stored = known.archived_as if known else f"takes/{take_id}/original{kept_suffix(incoming.file)}"
    if known is None:
        archive(incoming.file, song.folder.inside(stored), facts.sha256)
    take = Take(
        id=take_id,
        facts=facts,
        audio_digest=digest,
        archived_as=stored,
        added_at=song.now(),
        timeline=Timeline.of_take(take_id, facts.duration_s),
    )
    song.memory.add(take, take.added_at)
    return take


def _mend(song: Song, take: Take, file: Path, context: Context) -> None:
    """Put an archived take back from the file that it came from, where it is lost or damaged."""
    archived = song.folder.inside(take.archived_as)
    try:
        check_archived(archived, take)
    except VerifyError:
        archive(file, archived, take.facts.sha256)
        put_back(song, take.archived_as, context)


def put_back(song: Song, stored: str, context: Context) -> None:
    """Record, and say, that a kept file was lost or damaged and is there again."""
    song.memory.add(Restored(file=stored), song.now())
    context.notice(f"{stored} was missing or damaged: it was put back")


def check_not_damaged(song: Song, file: Path) -> None:
    """Check a file that is an archived take of this very song: a damaged one is no other take."""
    for take in song.memory.takes.values():
        archived = song.folder.inside(take.archived_as)
        if archived == file.resolve():
            check_archived(archived, take)


def kept_suffix(file: Path) -> str:
    """Return the suffix under which a file's bytes are archived: text, and short."""
    return text_of(file.suffix.lower())[:SUFFIX]


def take_audio(song: Song, take: Take, context: Context) -> Audio:
    """Return the samples of an archived take, decoded again and checked.

    Raises
    ------
    VerifyError
        When the archived file, or what is decoded from it, is not what the
        ledger says.
    """
    archived = song.folder.inside(take.archived_as)
    check_archived(archived, take)
    audio = decode(archived, limits_of(song.standards), context, _reading(take.facts)).audio
    if audio.digest() != take.audio_digest:
        raise VerifyError(
            "verify.decoder",
            f"{archived} decodes to other samples than when it was imported",
            "another decoder version is installed; add the take again to go on with it",
        )
    return audio


def later_audio(song: Song, context: Context) -> Callable[[], Audio]:
    """Return what reads the current take when it is needed, once; its archived bytes are checked now.

    Raises
    ------
    VerifyError
        When the archived file is not what the ledger says.
    """
    take = song.take
    check_archived(song.folder.inside(take.archived_as), take)
    return cache(lambda: take_audio(song, take, context))


def check_archived(archived: Path, take: Take) -> None:
    """Check the archived bytes of a take; VerifyError when they are others or gone."""
    if not archived.is_file() or sha256_of(archived) != take.facts.sha256:
        raise VerifyError(
            "verify.take",
            f"{archived} is missing or not the file that was imported",
            "restore it from a copy",
        )


def archive(file: Path, archived: Path, sha256: str) -> None:
    """Keep a file's bytes in the song; AudioInputError when they are not those that were read."""
    try:
        archived.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise environment_fault(error, archived) from error
    with atomic_write(archived) as part:
        shutil.copyfile(file, part)
        if sha256_of(part) != sha256:
            raise AudioInputError(
                "audio.changed",
                f"{file} changed while it was imported",
                "wait until it is written, then add it again",
            )
