"""Stems that somebody else made: a folder, a zip, or a STEMS file.

Suno's up to twelve, Udio's four, ACE-Step's tracks, a DAW's export. The archive
is looked over before anything is read; stems are read one at a time; nothing
in an archive is ever written under a name that the archive chose.
"""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError
from controlroom.model.parts import ROLES
from controlroom.separation.roles import RoleGuess, role_by_sound, roles_by_name
from controlroom.separation.shelf import Keep, Sound, in_memory

AUDIO_SUFFIXES = frozenset(
    (".wav", ".wave", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aif", ".aiff", ".aac")
)
STEMS_SUFFIXES = (".stem.mp4", ".stem.m4a")
STEMS_ROLES = ("mix", "drums", "bass", "other", "vocals")
"""Order of the five streams in a STEMS file as musdb and stempeg write it."""

NEAR_SILENT_DBFS = -50.0
"""RMS in the loudest second; Suno's empty stems lie near −55 dBFS."""


@dataclass(frozen=True)
class ImportLimits:
    """What a set of stems may be, so that an archive can't fill disk or memory."""

    max_stems: int = 32
    max_file_bytes: int = 1 << 30
    max_total_bytes: int = 8 << 30


@dataclass(frozen=True, slots=True, eq=False)
class ImportedStem:
    """One stem as it was read: its file's name, its role or None, and its sound.

    ``audio`` is None for a file that is silent to the last bit.
    """

    name: str
    role: RoleGuess
    audio: Sound | None
    loudest_dbfs: float

    @property
    def near_silent(self) -> bool:
        """Whether nothing worth working on sounds in it."""
        return self.loudest_dbfs < NEAR_SILENT_DBFS


def read_stems(
    source: Path,
    ctx: Context,
    *,
    roles: Mapping[str, str] | None = None,
    limits: ImportLimits = ImportLimits(),
    keep: Keep = in_memory,
) -> Iterator[ImportedStem]:
    """Yield the stems of a folder, a zip or a STEMS file, one at a time.

    Parameters
    ----------
    source : Path
        Where they are. Files that are no audio (MIDI, notes, projects) and
        hidden ones are passed over.
    ctx : Context
        Progress, cancel, scratch.
    roles : mapping, optional
        What a person said: file name to role; it wins over every guess.
    limits : ImportLimits
        See there.
    keep : callable
        Lays a stem where it is kept.

    Yields
    ------
    ImportedStem
        In name order. A role that neither name nor sound tells is None, to be
        asked for.

    Raises
    ------
    AudioInputError
        ``stem.source``, ``stem.none``, ``stem.too-many``, ``stem.unsafe-path``,
        ``stem.encrypted``, ``stem.broken-zip``, ``stem.too-large``,
        ``stem.unknown-role``, ``stem.role-twice``, and whatever the decoder
        says of a single file.
    """
    with (
        tempfile.TemporaryDirectory(prefix="stems-", dir=ctx.scratch) as scratch,
        _opened(source, limits) as box,
    ):
        guesses = _roles(box.names, roles or {}, box.fixed)
        for n, (name, guess) in enumerate(zip(box.names, guesses, strict=True)):
            ctx.tell("separation.import", n / len(box.names))
            path = box.fetch(n, Path(scratch), ctx)
            yield _read(path, name, guess, keep, ctx)
            if path.parent == Path(scratch):
                path.unlink()
        ctx.tell("separation.import", 1.0)


def _read(path: Path, name: str, guess: RoleGuess, keep: Keep, ctx: Context) -> ImportedStem:
    from controlroom.media.decode import decode

    try:
        audio = decode(path, context=ctx).audio
    except AudioInputError as error:
        if error.code == "audio.silent":
            return ImportedStem(name, guess, None, -200.0)
        raise type(error)(error.code, error.message.replace(path.name, name), error.hint) from error
    if guess.role is None:
        guess = role_by_sound(audio)
    return ImportedStem(name, guess, keep(audio), loudest_dbfs(audio))


def loudest_dbfs(audio: Sound) -> float:
    """Return the RMS of the loudest second in dB relative to a full-scale square."""
    size = max(1, min(audio.frames, audio.rate_hz))
    starts = range(0, max(1, audio.frames - size + 1), size)
    seconds = (audio.excerpt(start, start + size).samples for start in starts)
    power = [float(np.mean(np.square(second, dtype=np.float64))) for second in seconds]
    return float(10 * np.log10(max(1e-20, *power)))


def _roles(names: Sequence[str], said: Mapping[str, str], fixed: Sequence[str] | None) -> list[RoleGuess]:
    for name, role in said.items():
        if name not in names or role not in ROLES:
            raise AudioInputError(
                "stem.unknown-role",
                f"{name!r} can't be given the role {role!r}",
                f"files: {', '.join(names)}; roles: {', '.join(ROLES)}",
            )
    guesses = [RoleGuess(role, "order") for role in fixed] if fixed else roles_by_name(names)
    guesses = [
        RoleGuess(said[name], "person") if name in said else g for name, g in zip(names, guesses, strict=True)
    ]
    for role in ("vocals", "mix", "accompaniment"):
        twice = [name for name, guess in zip(names, guesses, strict=True) if guess.role == role]
        if len(twice) > 1:
            raise AudioInputError(
                "stem.role-twice",
                f"{len(twice)} files claim to be the {role}: {', '.join(twice)}",
                f'say which is which, as in --role "{twice[1]}=backing-vocals"',
            )
    return guesses


# ------------------------------------------------------------------ containers


class _Folder:
    """Audio files directly in a folder."""

    fixed: Sequence[str] | None = None

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self.names = [path.name for path in paths]

    def fetch(self, n: int, scratch: Path, ctx: Context) -> Path:
        del scratch, ctx
        return self._paths[n]


class _Zip:
    """Audio members of a zip, written out one at a time under names of our own."""

    fixed: Sequence[str] | None = None

    def __init__(self, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
        self._archive, self._entries = archive, entries
        self.names = [PurePosixPath(entry.filename).name for entry in entries]

    def fetch(self, n: int, scratch: Path, ctx: Context) -> Path:
        entry = self._entries[n]
        path = scratch / f"{n}{PurePosixPath(entry.filename).suffix.lower()}"
        left = entry.file_size
        try:
            with self._archive.open(entry) as stream, path.open("wb") as out:
                while block := stream.read(1 << 20):
                    ctx.check()
                    left -= len(block)
                    if left < 0:
                        raise _too_large(entry.filename, "is larger than its header says")
                    out.write(block)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
            raise _broken(f"{entry.filename}: {error}") from error
        return path


class _Streams:
    """The streams of a STEMS file, copied out without decoding by a child process."""

    fixed: Sequence[str] | None = STEMS_ROLES

    def __init__(self, path: Path) -> None:
        self._path = path
        self.names = [f"{path.name}#{role}" for role in STEMS_ROLES]

    def fetch(self, n: int, scratch: Path, ctx: Context) -> Path:
        ctx.check()
        out = scratch / f"{n}.m4a"
        command = [
            sys.executable,
            "-P",
            "-m",
            "controlroom.separation.stems_file",
            str(self._path),
            str(n),
            str(out),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 -- our own module
        except subprocess.TimeoutExpired as error:
            raise _not_stems(self._path, "its reader hung") from error
        if done.returncode or not out.is_file():
            raise _not_stems(self._path, (done.stderr.strip().splitlines() or ["no stream was written"])[-1])
        return out


@contextmanager
def _opened(source: Path, limits: ImportLimits) -> Iterator[_Folder | _Zip | _Streams]:
    if source.is_dir():
        paths = [p for p in sorted(source.iterdir()) if p.is_file() and _is_audio(p.name)]
        _check_count(source, len(paths), limits)
        yield _Folder(paths)
    elif source.name.lower().endswith(STEMS_SUFFIXES):
        yield _Streams(source)
    elif source.is_file() and zipfile.is_zipfile(source):
        try:
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
            raise _broken(f"{source.name}: {error}") from error
        with archive:
            yield _Zip(archive, _checked(source, archive, limits))
    else:
        raise AudioInputError(
            "stem.source",
            f"{source} is no folder, no zip and no .stem.mp4 file",
            "name the folder or the zip that holds the stems",
        )


def _is_audio(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in AUDIO_SUFFIXES and not hidden


def _checked(source: Path, archive: zipfile.ZipFile, limits: ImportLimits) -> list[zipfile.ZipInfo]:
    """Look an archive over by its directory alone; return its audio members in name order."""
    for entry in archive.infolist():
        parts = entry.filename.replace("\\", "/").split("/")
        drive = len(parts[0]) == 2 and parts[0].endswith(":")
        if ".." in parts or parts[0] == "" or drive or stat.S_ISLNK(entry.external_attr >> 16):
            raise AudioInputError(
                "stem.unsafe-path",
                f"{source.name} holds {entry.filename!r}, which points outside of it",
                "no honest export does that; nothing was read",
            )
        if entry.flag_bits & 1:
            raise AudioInputError(
                "stem.encrypted",
                f"{source.name} is encrypted ({entry.filename})",
                "unpack it with its password and name the folder",
            )
    entries = sorted((e for e in archive.infolist() if _is_audio(e.filename)), key=lambda e: e.filename)
    _check_count(source, len(entries), limits)
    largest = max(entries, key=lambda e: e.file_size)
    if largest.file_size > limits.max_file_bytes:
        raise _too_large(largest.filename, f"unpacks to {largest.file_size} bytes")
    if (total := sum(e.file_size for e in entries)) > limits.max_total_bytes:
        raise _too_large(source.name, f"unpacks to {total} bytes")
    return entries


def _check_count(source: Path, count: int, limits: ImportLimits) -> None:
    if count == 0:
        raise AudioInputError(
            "stem.none", f"{source.name} holds no audio file", "name the folder that holds the stems"
        )
    if count > limits.max_stems:
        raise AudioInputError(
            "stem.too-many",
            f"{source.name} holds {count} stems, up to {limits.max_stems} are taken",
            "bounce them to groups (voice, drums, bass …) first",
        )


def _too_large(name: str, what: str) -> AudioInputError:
    return AudioInputError("stem.too-large", f"{name} {what}", "export the stems again, each under 1 GiB")


def _broken(what: str) -> AudioInputError:
    return AudioInputError("stem.broken-zip", f"the zip can't be read: {what}", "download it again")


def _not_stems(path: Path, what: str) -> AudioInputError:
    return AudioInputError(
        "stem.not-stems", f"{path.name} is no STEMS file of five streams: {what}", "export WAV stems"
    )
