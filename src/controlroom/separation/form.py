"""The one form that every separation backend obeys, and the list of them.

A backend is one file. It states which stems it makes, under which licence, how
large its weights are, where they come from and what their checksum is; says
whether it can work here, and if not, by which exact command it could; and turns
a mix into stems at the mix's own rate and length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from controlroom.model.audio import Audio
from controlroom.model.base import Record
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault, UsageError


class BackendFacts(Record):
    """What a backend says of itself, for windows, manifests and docs.

    ``sums_to_mix`` is True where the stems add up to the mix by construction:
    exactly for takes on a 24-bit grid, else to one float32 rounding.
    """

    name: str
    stems: tuple[str, ...]
    licence: str
    size_bytes: int
    source: str
    sha256: str | None = None
    sums_to_mix: bool = False
    quality: str = ""


@runtime_checkable
class Backend(Protocol):
    """What every backend can be asked."""

    @property
    def facts(self) -> BackendFacts:
        """Name, stems, licence, size, source and checksum."""
        ...

    def missing(self) -> EnvironmentFault | None:
        """Return why it can't work here, with the exact command; None when it can."""
        ...

    def separate(self, audio: Audio, ctx: Context) -> Mapping[str, Audio]:
        """Return the stems by role, at the rate, length and channels of ``audio``.

        Raises
        ------
        EnvironmentFault
            Weights or a library are missing; the hint is the exact command.
        Cancelled
            The person stopped the work; nothing was written.
        """
        ...


@dataclass(frozen=True)
class BackendChoice:
    """A backend by name, with the file or folder that some need."""

    name: str = "spleeter"
    model: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def backend_names() -> tuple[str, ...]:
    """Return the names that ``backend`` knows."""
    return ("spleeter", "demucs", "onnx", "parts")


def backend(choice: BackendChoice) -> Backend:
    """Return the backend of a choice; nothing heavy is loaded yet.

    Raises
    ------
    UsageError
        ``separation.unknown-backend``; ``separation.no-model`` where a backend
        needs a file or folder and none was given.
    """
    from pathlib import Path

    if choice.name == "spleeter":
        from controlroom.separation.spleeter import Spleeter

        return Spleeter()
    if choice.name == "parts":
        from controlroom.separation.parts import Parts

        return Parts()
    if choice.name == "demucs":
        from controlroom.separation.demucs import Demucs

        return Demucs(choice.model or "htdemucs", choice.options.get("repo"))
    if choice.name == "onnx":
        from controlroom.separation.onnx_network import OnnxNetwork

        if not choice.model:
            raise UsageError(
                "separation.no-model",
                "the onnx backend was given no network",
                "name the JSON description beside your .onnx file: --model FILE.json",
            )
        return OnnxNetwork(Path(choice.model))
    raise UsageError(
        "separation.unknown-backend",
        f"there is no separation backend called {choice.name!r}",
        f"one of: {', '.join(backend_names())}",
    )
