"""The first run on a machine compiles the signal kernels; a person who waits is told why."""

from __future__ import annotations

from controlroom.dsp import KERNELS_ARE_KEPT
from controlroom.dsp.kernels import kernel_folder

COMPILING = "First run on this machine: compiling the signal kernels, once (some seconds) …"

UNKEPT = "No cache folder can be written: the signal kernels are compiled for this run alone (some seconds) …"


def compiling() -> str:
    """Return why a person waits at first; empty where the kernels are compiled."""
    if _compiled():
        return ""
    return COMPILING if KERNELS_ARE_KEPT else UNKEPT


def _compiled() -> bool:
    """Return whether the kernels' cache holds anything yet."""
    try:
        return any(kernel_folder().iterdir())
    except OSError:
        return False
