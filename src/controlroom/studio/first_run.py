"""The first run on a machine compiles the signal kernels; a person who waits is told why."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

COMPILING = "First run on this machine: compiling the signal kernels, once (some seconds) …"


def kernels_are_compiled() -> bool:
    """Return whether the kernels' cache holds anything yet."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(named) if named else Path(platformdirs.user_cache_dir("controlroom")) / "numba"
    return folder.is_dir() and any(folder.iterdir())
