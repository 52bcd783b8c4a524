"""Where compiled kernels are kept: in the user's cache, for an installed package may lie where nobody can write.

Where the user has no home, or one that can't be written, they are compiled anew
for each run, into a folder that nobody else can write: what lies there is run.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import platformdirs

VARIABLE = "NUMBA_CACHE_DIR"


def kernel_folder() -> Path:
    """Return the folder in which kernels outlive a run, whether it can be used or not."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    try:
        return Path(platformdirs.user_cache_dir("controlroom")) / "numba"
    except RuntimeError:  # no home, and no user of this number
        return Path("~")


def use_kernel_cache() -> bool:
    """Tell numba where to keep kernels, here and in child processes; return whether they outlive this run."""
    folder = kernel_folder()
    kept = _takes_files(folder)
    if not kept:
        folder = Path(tempfile.mkdtemp(prefix="controlroom-kernels-"))
        atexit.register(_remove, folder, os.getpid())
    os.environ[VARIABLE] = str(folder)
    return kept


def _takes_files(folder: Path) -> bool:
    if folder.parts[:1] == ("~",):  # without a home its place is not known
        return False
    probe = folder / f".{secrets.token_hex(6)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError:
        return False
    return True


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
