"""Stems that somebody else made, read one at a time, each with its role.

Suno's up to twelve, Udio's four, ACE-Step's tracks, a DAW's export. How a
folder or an archive is opened is told in ``boxes``.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError
from controlroom.model.parts import BACKING, ROLES
from controlroom.model.song import ImportRemark, Reading
from controlroom.separation.boxes import AUDIO_SUFFIXES, ImportLimits, Passed, opened, shown
from controlroom.separation.roles import RoleGuess, role_by_sound, roles_by_name
from controlroom.separation.shelf import Keep, Sound, in_memory

if TYPE_CHECKING:
    from controlroom.media.decode import Decoded

NEAR_SILENT_DBFS = -50.0
"""RMS in the loudest second; Suno's empty stems lie near −55 dBFS."""


_NOTHING_IN_IT = {"audio.empty": "empty", "audio.no-frames": "empty", "audio.too-short": "too-short"}
"""A file with too little in it to be a stem is left out among others; what can't be read is refused."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedStem:
    """One stem as it was read: its file's name, its role or None, and its sound.

    ``audio`` is None for a file that is silent to the last bit; ``remarks`` tell how
    a file was read that is not as its header says.
    """

    name: str
    role: RoleGuess
    audio: Sound | None
    loudest_dbfs: float
    remarks: tuple[ImportRemark, ...] = ()

    @property
    def near_silent(self) -> bool:
        """Whether nothing worth working on sounds in it."""
        return self.loudest_dbfs < NEAR_SILENT_DBFS


def _unheard(name: str, why: str, words: str) -> None:
    """Tell nobody."""


def read_stems(
    source: Path,
    ctx: Context,
    *,
    roles: Mapping[str, str] | None = None,
    limits: ImportLimits = ImportLimits(),
    keep: Keep = in_memory,
    passed: Passed = _unheard,
    reading: Reading = Reading(),
) -> Iterator[ImportedStem]:
    """Yield the stems of a folder, a zip or a STEMS file, one at a time.

    Parameters
    ----------
    source : Path
        Where they are. Hidden files are passed over; so are those that are no
        audio (MIDI, notes, projects), empty or too short, and ``passed`` is told.
    ctx : Context
        Progress, cancel, scratch.
    roles : mapping, optional
        What a person said: file to role; it wins over every guess. A file is
        named by its path below the source, or by its name where only one has it.
    limits : ImportLimits
        See there.
    keep : callable
        Lays a stem where it is kept.
    passed : callable
        Told name, code and words of each file that is no stem.
    reading : Reading
        What a person said of how the files are read.

    Yields
    ------
    ImportedStem
        In name order. A role that neither name nor sound tells is None, to be
        asked for.

    Raises
    ------
    AudioInputError
        What ``boxes.opened`` says of the source, ``stem.unknown-role``,
        ``stem.role-twice``, and whatever the decoder says of a single file.
    """
    from controlroom.media.decode import decode

    with (
        tempfile.TemporaryDirectory(prefix="stems-", dir=ctx.scratch) as scratch,
        opened(source, limits, Path(scratch), passed) as box,
    ):
        guesses = _roles(box.names, roles or {}, box.fixed)
        for n, (name, guess) in enumerate(zip(box.names, guesses, strict=True)):
            ctx.tell("separation.import", n / len(box.names))
            path = box.fetch(n, Path(scratch), ctx)
            heard = partial(decode, path, context=ctx, reading=reading)
            if found := _read(heard, path.name, name, guess, keep, passed):
                yield found
            if path.parent == Path(scratch):
                path.unlink()
        ctx.tell("separation.import", 1.0)


def _read(
    heard: Callable[[], Decoded], file_name: str, name: str, guess: RoleGuess, keep: Keep, passed: Passed
) -> ImportedStem | None:
    try:
        decoded = heard()
    except AudioInputError as error:
        if error.code == "audio.silent":
            return ImportedStem(name, guess, None, -200.0)
        words = error.message.replace(file_name, name)
        if error.code in _NOTHING_IN_IT:
            passed(name, _NOTHING_IN_IT[error.code], words)
            return None
        if PurePosixPath(name).suffix.lower() not in AUDIO_SUFFIXES or error.code == "audio.no-stream":
            passed(name, "no-audio", words)
            return None
        raise type(error)(error.code, words, error.hint) from error
    audio = decoded.audio
    if guess.role is None:
        guess = role_by_sound(audio)
    return ImportedStem(name, guess, keep(audio), loudest_dbfs(audio), decoded.remarks)


def loudest_dbfs(audio: Sound) -> float:
    """Return the RMS of the loudest second in dB relative to a full-scale square."""
    size = max(1, min(audio.frames, audio.rate_hz))
    starts = range(0, max(1, audio.frames - size + 1), size)
    seconds = (audio.excerpt(start, start + size).samples for start in starts)
    power = [float(np.mean(np.square(second, dtype=np.float64))) for second in seconds]
    return float(10 * np.log10(max(1e-20, *power)))


def _roles(names: Sequence[str], said: Mapping[str, str], fixed: Sequence[str] | None) -> list[RoleGuess]:
    guesses = [RoleGuess(role, "order") for role in fixed] if fixed else roles_by_name(names)
    for name, role in said.items():
        at = _place(name, names)
        if at is None or role not in ROLES:
            raise AudioInputError(
                "stem.unknown-role",
                f"{name!r} can't be given the role {role!r}",
                f"files: {', '.join(names)}; roles: {', '.join(ROLES)}",
            )
        guesses[at] = RoleGuess(role, "person")
    for role in ("vocals", BACKING):
        twice = [name for name, guess in zip(names, guesses, strict=True) if guess.role == role]
        if len({name.rpartition(".")[0] or name for name in twice}) > 1:  # vocals.wav and vocals.mp3 are one
            raise AudioInputError(
                "stem.role-twice",
                f"{len(twice)} files claim to be the {role}: {', '.join(twice)}",
                f'say which is which, as in --role "{twice[1]}=backing-vocals"',
            )
    return guesses


def _place(said: str, names: Sequence[str]) -> int | None:
    """Return which file a person means: by path, or by a name that only one file has; Unicode forms are alike."""
    wanted = unicodedata.normalize("NFC", shown(said).replace("\\", "/").removeprefix("./"))
    if wanted in names:
        return names.index(wanted)
    same = [n for n, name in enumerate(names) if name.endswith(f"/{wanted}") or wanted.endswith(f"/{name}")]
    return same[0] if len(same) == 1 else None
