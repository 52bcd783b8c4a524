"""What a bit-equal render depends on beside the song: this program, its libraries, the machine."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

from controlroom.model.base import canonical_json, digest_text

LIBRARIES = ("numpy", "scipy", "numba", "soundfile", "soxr", "av", "lameenc")


def environment() -> dict[str, str]:
    """Return versions of this program, Python and the libraries that make samples, and the kind of machine."""
    versions = {name: metadata.version(name) for name in LIBRARIES}
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    return {"controlroom": metadata.version("controlroom"), **machine, **versions}


@cache
def environment_mark() -> str:
    """Return twelve hex digits that name the environment: sounds of another one are not taken for this one's."""
    return digest_text(canonical_json(environment()))[:12]
