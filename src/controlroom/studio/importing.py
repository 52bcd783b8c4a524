"""Takes come in: decoded once under limits, archived as they are, and hashed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from controlroom.media.decode import DecodeLimits, decode, take_facts
from controlroom.media.files import atomic_write, environment_fault, sha256_of
from controlroom.model.audio import Audio
from controlroom.model.base import text_of
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, VerifyError
from controlroom.model.song import Take, TakeFacts
from controlroom.model.standards import Standards
from controlroom.model.timeline import Timeline
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


def receive(file: Path, standards: Standards, context: Context) -> Incoming:
    """Decode a file and read what it says of itself; nothing is imported yet.

    Raises
    ------
    AudioInputError, DecoderError
        What is wrong with the file.
    """
    context.tell("import", 0.0)
    decoded = decode(file, limits_of(standards), context)
    return Incoming(file, take_facts(file, decoded), decoded.audio)


def admit(song: Song, incoming: Incoming) -> Take:
    """Archive a received file and record it as the song's current take.

    The same bytes again are the same take: nothing is written when it is the
    current one already.
    """
    facts = incoming.facts
    current = song.memory.current_take
    if current is not None and current.facts.sha256 == facts.sha256:
        return current
    take_id = f"t-{facts.sha256[:12]}"
    archived = song.folder.takes / take_id / f"original{kept_suffix(incoming.file)}"
    _archive(incoming.file, archived, facts.sha256)
    take = Take(
        id=take_id,
        facts=facts,
        audio_digest=incoming.audio.digest(),
        archived_as=song.folder.relative(archived),
        added_at=song.now(),
        timeline=Timeline.of_take(take_id, facts.duration_s),
    )
    song.memory.add_take(take, take.added_at)
    return take


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
    archived = song.folder.root / take.archived_as
    check_archived(archived, take)
    audio = decode(archived, limits_of(song.standards), context).audio
    if audio.digest() != take.audio_digest:
        raise VerifyError(
            "verify.decoder",
            f"{archived} decodes to other samples than when it was imported",
            "another decoder version is installed; add the take again to go on with it",
        )
    return audio


def check_archived(archived: Path, take: Take) -> None:
    """Check the archived bytes of a take; VerifyError when they are others or gone."""
    if not archived.is_file() or sha256_of(archived) != take.facts.sha256:
        raise VerifyError(
            "verify.take",
            f"{archived} is missing or not the file that was imported",
            "restore it from a copy",
        )


def _archive(file: Path, archived: Path, sha256: str) -> None:
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
