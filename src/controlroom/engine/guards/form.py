"""The one form that every guard obeys, and the folder's list of them.

A guard file defines one ``GUARD``: what it is called, in words too, what it
measures, which way harm lies, and the standard that says how much is too much.
Nothing is measured here (``engine.guarding`` does), so that a window that only
tells what a guard read loads no arithmetic.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard: what it measures, and which way harm lies.

    ``title`` is what it watches as a person is told, ``unit`` that of its
    readings (empty: none). ``sense`` is ``drop`` when a fall does harm, ``rise``
    when a rise does, and ``move`` when either does; ``limit_key`` names the
    standard. ``fine_above_key`` names the value above which no fall does harm.
    """

    name: str
    title: str
    unit: str
    measurement: str
    sense: str
    limit_key: str
    fine_above_key: str = ""


@cache
def all_guards() -> tuple[Guard, ...]:
    """Return the guard of every file in this folder, in name order."""
    import controlroom.engine.guards as folder

    modules = (
        importlib.import_module(f"{folder.__name__}.{entry.name}")
        for entry in pkgutil.iter_modules(folder.__path__)
    )
    found = (module.GUARD for module in modules if module.__name__ != __name__)
    return tuple(sorted(found, key=lambda guard: guard.name))
