"""The one form that every detector obeys, and the folder's list of them.

A detector file defines one class with ``kinds`` (the finding kinds it may
emit), ``words`` (title and sentence of each), ``stage`` (the stage whose hands answer them) and ``detect``. The
measurement itself is a pure function in ``dsp`` or ``music``; the detector
only compares it with a standard.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Protocol, runtime_checkable

from controlroom.listening.listening import Listening
from controlroom.model.finding_words import FindingWords
from controlroom.model.findings import Finding
from controlroom.model.proposals import Stage
from controlroom.model.standards import Standards


@runtime_checkable
class Detector(Protocol):
    """Listening in, findings out."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    words: ClassVar[Mapping[str, FindingWords]]
    stage: ClassVar[Stage]
    version: ClassVar[int]

    def detect(self, listening: Listening, standards: Standards) -> list[Finding]:
        """Return what was observed that misses a standard; empty when all is well."""
        ...


def is_deep(detector: Detector) -> bool:
    """Return whether a detector needs the music analysed (tempo, chords, sections): a class variable ``deep = True``.

    `listen` hears with all detectors; a render that no deep finding bears on may leave them out.
    """
    return bool(getattr(detector, "deep", False))


@cache
def all_detectors() -> Mapping[str, Detector]:
    """Return one of each detector in this folder, by name, in name order."""
    import controlroom.detectors as folder

    found: dict[str, Detector] = {}
    members: list[tuple[str, Any]]
    for entry in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(f"{folder.__name__}.{entry.name}")
        members = inspect.getmembers(module, inspect.isclass)
        for _, member in members:
            if member.__module__ == module.__name__ != __name__ and hasattr(member, "detect"):
                detector: Detector = member()
                found[detector.name] = detector
    return dict(sorted(found.items()))
