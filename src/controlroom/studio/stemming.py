"""A song's stems: made by a separator or brought by a person, measured, and kept as a set.

The files stand under ``stems/<take>/<set>/<role>.wav``: 32-bit float, the
take's rate and length. A set is written whole under a name of its own, the digest
of what is in it, before one ledger entry, ``stems.set``, makes it the one that
stands; then the set before it goes. So a kill between two writes leaves the song as it was.

Leaves and groups are both kept. Trust is measured among leaves, which add up to
the take; a group's is measured with the group in the place of its members.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from controlroom.listening.known import Known
from controlroom.listening.listening import LazyListening, Listening
from controlroom.media.encode import MediaFormat, read_lossless, write
from controlroom.model.audio import Audio
from controlroom.model.base import canonical_json, digest_text, text_of
from controlroom.model.context import Context
from controlroom.model.errors import (
    AudioInputError,
    ControlRoomError,
    EnvironmentFault,
    SongError,
    VerifyError,
)
from controlroom.model.parts import BACKING, DRUMS, VOICES, leaves, members
from controlroom.model.song import LeftOut, Reading, Stem, StemFile, StemSet, StemTrust, Take
from controlroom.separation.form import BackendChoice
from controlroom.separation.imported import loudest_dbfs
from controlroom.separation.parts import split_drums
from controlroom.separation.shelf import Keep, Shelf, Sound, in_memory, summed, whole
from controlroom.separation.trust import SetTrust, judge
from controlroom.studio.folder import SongFolder
from controlroom.studio.importing import put_back, take_audio
from controlroom.studio.making import made_whole, sweep
from controlroom.studio.separating import for_song, separated_parts
from controlroom.studio.song import Song
from controlroom.studio.stem_import import brought, foreign

FOLDER = "stems"
SHELF = "shelf"
"""In the song's cache: where stems lie while a set is made."""
IMPORTED = "imported"
_SET = re.compile("[0-9a-f]{12}")
UNDER_TAKE_DB = 60.0
"""A part this far under its take, each in its loudest second, is not there. Hats lie 40 dB under and are heard:
what is highest is weakest. Files that are near-silent were left out when they were read."""
LEAKAGE = 0.99
"""A separated voice with as much predicted error as sound is what a separator hears in a song without a voice:
1.0 in six of ten instrumentals of the shared set, at most 0.36 in twelve songs that are sung."""


@dataclass(frozen=True, eq=False)
class Made:
    """Stems of a take before they are kept: sounds and origins by role, and what was left out."""

    backend: str
    sounds: Mapping[str, Sound]
    origins: Mapping[str, str]
    left_out: tuple[LeftOut, ...] = ()
    model: str = ""
    files: tuple[StemFile, ...] = ()
    keep: Keep = in_memory


def separate_stems(song: Song, choice: BackendChoice, by: str, context: Context) -> StemSet:
    """Separate the current take and keep the stems; they replace those that it had.

    Raises
    ------
    EnvironmentFault
        Weights or a library are missing, with the exact command; or no room on the disk.
    UsageError
        ``separation.unknown-role``: a network of the person's own makes a part that a song has not.
    """
    take = song.take
    with context.part("decode", 0.0, 0.05) as inner:
        mix = take_audio(song, take, inner)
    with Shelf(song.folder.cache / SHELF) as shelf:
        with context.part("separate", 0.05, 0.6) as inner:
            parts = for_song(separated_parts(mix, choice, inner, shelf.keep))
        made = Made(choice.name, parts.sounds, parts.origins, model=choice.model, keep=shelf.keep)
        with context.part("stems.trust", 0.6, 1.0) as inner:
            return _keep(song, mix, _completed(made, mix, inner), by, inner)


def import_stems(
    song: Song,
    source: Path,
    roles: Mapping[str, str],
    by: str,
    context: Context,
    reading: Reading = Reading(),
) -> StemSet:
    """Import stems of the current take and keep them; they replace those that it had.

    ``reading`` is what a person said of how the files are read.

    Raises
    ------
    AudioInputError
        What is wrong with the source or a file in it (``separation.imported``,
        ``separation.placing``); ``stem.foreign`` for a stem of another song.
    UsageError
        ``stem.role-asked``: a role that neither name nor sound tells.
    """
    take = song.take
    with context.part("decode", 0.0, 0.1) as inner:
        mix = take_audio(song, take, inner)
    with Shelf(song.folder.cache / SHELF) as shelf:
        with context.part("stems.import", 0.1, 0.5) as inner:
            stems = brought(source, mix, roles, inner, shelf.keep, reading)
        made = Made(IMPORTED, stems.sounds, stems.origins, stems.left_out, files=stems.files, keep=shelf.keep)
        with context.part("stems.trust", 0.5, 1.0) as inner:
            return _keep(song, mix, _completed(made, mix, inner), by, inner)


def stem_listenings(song: Song, take: Take, known: Known) -> Mapping[str, Listening]:
    """Return the take's stems as listenings by role; each is read when it is needed.

    What is known of the take is known of its parts: they have its clock, its bars and its key.

    The first reading checks the samples against the ledger; ``VerifyError`` where
    they are others or gone.
    """
    found = song.memory.stems.get(take.id)
    checked: set[str] = set()
    return {
        stem.role: LazyListening(
            partial(_loaded, song.folder.root, stem, checked), stem.audio_digest, known, stem.trust
        )
        for stem in (found.stems if found else ())
    }


def stem_audio(song: Song, stem: Stem) -> Audio:
    """Return a stem's samples, checked against the ledger; VerifyError where they are others or gone."""
    return _loaded(song.folder.root, stem, set())


def stems_of(song: Song, take_id: str | None = None) -> StemSet:
    """Return the stems of a take, of the current one unless it is named.

    Raises
    ------
    SongError
        ``stems.none``: there are none yet; the hint is the exact command.
    """
    found = song.memory.stems.get(take_id or song.take.id)
    if found is None:
        raise SongError(
            "stems.none",
            f"{song.folder.root} has no stems of this take yet",
            f"`controlroom stems {song.folder.root} --separate`, or `--add PATH` for stems that you have",
        )
    return found


def _completed(made: Made, mix: Audio, context: Context) -> Made:
    """Split what is in one piece, make the groups that are missing, and leave out what is not there."""
    sounds, origins = dict(made.sounds), dict(made.origins)
    if BACKING in sounds and not members(BACKING, sounds):
        parts = separated_parts(whole(sounds[BACKING]), BackendChoice("parts"), context, made.keep)
        sounds.update(parts.sounds)
        origins.update(dict.fromkeys(parts.sounds, f"{origins[BACKING]} > parts"))
    if DRUMS in sounds and not {"kick", "snare", "hats"} & set(sounds):
        kit = split_drums(whole(sounds[DRUMS]), context)
        sounds.update({role: made.keep(audio) for role, audio in kit.items()})
        origins.update(dict.fromkeys(kit, f"{origins[DRUMS]} > drum classes"))
    made = _without(replace(made, sounds=sounds, origins=origins), _silent(sounds, mix), "near-silent")
    sounds, origins = dict(made.sounds), dict(made.origins)
    for group, inside in ((DRUMS, members(DRUMS, sounds)), (BACKING, _backing(sounds))):
        if len(inside) > 1 and (group not in sounds or (group == DRUMS and "percussion" in inside)):
            sounds[group] = made.keep(summed([sounds[role] for role in inside]))
            origins[group] = "sum of " + ", ".join(inside)
    return replace(made, sounds=sounds, origins=origins)


def _backing(roles: Iterable[str]) -> tuple[str, ...]:
    """Return what a sum of all but the voices is made of; nothing where there is no voice."""
    here = leaves([role for role in roles if role != BACKING])
    return tuple(role for role in here if role not in VOICES) if set(VOICES) & set(here) else ()


def _silent(sounds: Mapping[str, Sound], mix: Audio) -> list[str]:
    least = loudest_dbfs(mix) - UNDER_TAKE_DB
    return [role for role, audio in sounds.items() if loudest_dbfs(audio) < least]


def _leaks(made: Made, trust: Mapping[str, StemTrust]) -> list[str]:
    """Return the voices that a separator only seems to have found."""
    if made.backend == IMPORTED:
        return []
    return [role for role in VOICES if role in trust and (trust[role].artifact or 0.0) >= LEAKAGE]


def _without(made: Made, roles: list[str], why: str) -> Made:
    """Return the stems without some of them; a seeming voice goes back to what it was separated from."""
    sounds = {role: audio for role, audio in made.sounds.items() if role not in roles}
    voices = [made.sounds[role] for role in roles if role in VOICES and made.backend != IMPORTED]
    for role in ("other", BACKING) if voices else ():
        if role in sounds:
            sounds[role] = made.keep(summed([sounds[role], *voices]))
    left_out = tuple(LeftOut(name=role, why=why) for role in roles)
    return replace(made, sounds=sounds, left_out=(*made.left_out, *left_out))


def _keep(song: Song, mix: Audio, made: Made, by: str, context: Context) -> StemSet:
    if not made.sounds:
        raise AudioInputError("stem.all-silent", "every stem is near-silent", "export the stems again")
    with context.part("stems.trust", 0.0, 0.6) as inner:
        judged, trust = _judged(made, mix, inner)
    if leaks := _leaks(made, trust):
        made = _without(made, leaks, "leakage")
        with context.part("stems.trust", 0.6, 0.9) as inner:
            judged, trust = _judged(made, mix, inner)
    _refuse_foreign(judged, made, mix)
    take = song.take
    digests = {role: whole(sound).digest() for role, sound in made.sounds.items()}
    folder = song.folder.inside(FOLDER, take.id) / set_name(digests)
    anew = _write(folder, made.sounds, digests, context)
    stems = tuple(
        Stem(
            id=f"m-{digests[role][:12]}",
            take_id=take.id,
            role=role,
            origin=text_of(made.origins[role]),
            audio_digest=digests[role],
            archived_as=song.folder.relative(folder / f"{role}.wav"),
            trust=trust[role],
        )
        for role in made.sounds
    )
    standing = StemSet(
        take_id=take.id,
        backend=made.backend,
        model=made.model,
        stems=stems,
        null_db=judged.null_db,
        incomplete=judged.incomplete,
        regenerated=judged.regenerated,
        left_out=made.left_out,
        files=made.files,
        by=by,
        at=song.now(),
    )
    _tell_mended(song, stems, anew, context)
    song.memory.set_stems(standing, standing.at)
    _forget_others(song, standing)
    return standing


def set_name(digests: Mapping[str, str]) -> str:
    """Return the name of a set's folder, which tells what is in it."""
    return digest_text(canonical_json(dict(digests)))[:12]


def _judged(made: Made, mix: Audio, context: Context) -> tuple[SetTrust, dict[str, StemTrust]]:
    """Measure the leaves as a set, then each group in the place of its members."""
    single = leaves(made.sounds)
    with context.part("stems.trust", 0.0, 0.5) as inner:
        judged = judge({role: made.sounds[role] for role in single}, mix, inner)
    trust = dict(judged.stems)
    for group in (role for role in made.sounds if role not in single):
        inside = members(group, made.sounds)
        others = {role: made.sounds[role] for role in single if role not in inside}
        with context.part("stems.trust", 0.5, 0.9) as inner:
            found = judge({**others, group: made.sounds[group]}, mix, inner).stems[group]
        trust[group] = found.model_copy(update={"null_db": judged.null_db})
    return judged, trust


def _refuse_foreign(judged: SetTrust, made: Made, mix: Audio) -> None:
    if not judged.foreign:
        return
    role = judged.foreign[0]
    raise foreign(f"{role} ({made.origins[role]})", judged.stems[role], whole(made.sounds[role]), mix)


def _write(
    folder: Path, sounds: Mapping[str, Sound], digests: Mapping[str, str], context: Context
) -> list[str]:
    """Write a set under its name when it is whole; of one that is there, write what is lost or damaged.

    Returns the roles that were written anew into a set that was there.
    """
    sweep(folder.parent)
    if not folder.is_dir():
        with made_whole(folder) as half:
            for index, (role, sound) in enumerate(sounds.items()):
                context.tell("stems.write", 0.9 + 0.1 * index / len(sounds))
                write(half / f"{role}.wav", whole(sound), MediaFormat.WAV32F)
        return []
    lost = [role for role in sounds if _digest(folder / f"{role}.wav") != digests[role]]
    for role in lost:
        write(folder / f"{role}.wav", whole(sounds[role]), MediaFormat.WAV32F)
    return lost


def _digest(path: Path) -> str:
    """Return the digest of a stem's samples; nothing where it can't be read."""
    with suppress(ControlRoomError, OSError):
        return read_lossless(path).digest()
    return ""


def _tell_mended(song: Song, stems: Sequence[Stem], roles: Collection[str], context: Context) -> None:
    """Say which of the stems that stood were put back."""
    before = song.memory.stems.get(song.take.id)
    stood = {stem.archived_as for stem in before.stems} if before else set()
    for stem in stems:
        if stem.role in roles and stem.archived_as in stood:
            put_back(song, stem.archived_as, context)


def _forget_others(song: Song, standing: StemSet) -> None:
    """Remove the stems of this take that stand no more; what a person put beside them or changed is theirs."""
    known = {(stem.archived_as, stem.audio_digest) for old in song.memory.stem_sets for stem in old.stems}
    keeps = {stem.archived_as.split("/")[-2] for stem in standing.stems}
    for folder in song.folder.inside(FOLDER, standing.take_id).iterdir():
        if _SET.fullmatch(folder.name) and folder.name not in keeps and not folder.is_symlink():
            with suppress(OSError):
                _forget(song, folder, known)


def _forget(song: Song, folder: Path, known: Collection[tuple[str, str]]) -> None:
    files = [path for path in folder.iterdir() if path.suffix == ".wav" and not path.is_symlink()]
    digests = {path: _digest(path) for path in files}
    # a kill came before its entry: that its name is the digest of what is in it shows whose it is
    unnamed = set_name({path.stem: digest for path, digest in digests.items()}) == folder.name
    for path, digest in digests.items():
        if unnamed or (song.folder.relative(path), digest) in known:
            path.unlink()
    folder.rmdir()  # refused by the system when anything is left


def _loaded(root: Path, stem: Stem, checked: set[str]) -> Audio:
    path = SongFolder(root).inside(stem.archived_as)
    if not path.is_file():
        raise _not_kept(path, stem, "is missing")
    try:
        audio = read_lossless(path)
    except EnvironmentFault as error:
        raise _not_kept(path, stem, "can't be read") from error
    if stem.audio_digest not in checked:
        if audio.digest() != stem.audio_digest:
            raise _not_kept(path, stem, "is not the stem that was kept")
        checked.add(stem.audio_digest)
    return audio


def _not_kept(path: Path, stem: Stem, what: str) -> VerifyError:
    return VerifyError(
        "verify.stem",
        f"{path} ({stem.role}) {what}",
        "restore it from a copy, or make the stems again: `controlroom stems SONG --separate` or `--add PATH`",
    )
