"""Which code a kept figure of the ears rests on: digests of what plants a fault, and of what hears it.

Each is digested with what it calls and no more, function by function, so that
a change of one leaves what was heard of its neighbours as it is. Names are
followed through imports, and the names of measurements through the table of
``listening.measures``; methods with their whole class.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from controlroom.detectors.form import all_detectors
from controlroom.listening.measures import MEASURES
from controlroom.studio.standards import shipped_standards
from lab.defects import DEFECTS, form

ROOMS = (
    "lab.defects.",
    "controlroom.detectors.",
    "controlroom.listening.",
    "controlroom.music.",
    "controlroom.dsp.",
)
TABLE = "controlroom.listening.measures"
NOT_ENTERED = frozenset(
    {f"{TABLE}.MEASURES", f"{TABLE}.measure", "controlroom.listening.listening.Listening"}
)
"""The table names every ear, of which only those count that are asked for; a Listening only keeps what was heard."""


@cache
def code_of_defect(name: str) -> str:
    """Digest what plants a defect: its function and all that this uses, its strengths, the form."""
    defect = DEFECTS[name]
    used: dict[str, str] = {}
    _gather(defect.apply.__module__, defect.apply.__name__, used)
    fixed = repr((defect.name, defect.kind, defect.strengths, sorted(defect.needs)))
    text = "\n".join([fixed, Path(form.__file__).read_text(encoding="utf-8"), *sorted(used.values())])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@cache
def code_of(detector_name: str) -> str:
    """Digest a detector, all that it and its measurements use to hear with, and every standard that these name."""
    detector = type(all_detectors()[detector_name])
    used: dict[str, str] = {}
    _gather(detector.__module__, detector.__name__, used)
    text = "\n".join(sorted(used.values()))
    named = {
        key: entry.value
        for key, entry in shipped_standards().entries.items()
        if key in text or key.startswith("tone.")
    }
    return hashlib.sha256((text + json.dumps(named, sort_keys=True)).encode()).hexdigest()[:10]


def _gather(module: str, name: str, used: dict[str, str]) -> None:
    """Add the code of a name of a module, and of all that it uses of ``ROOMS``."""
    key = f"{module}.{name}"
    if key in used or key in NOT_ENTERED or not module.startswith(ROOMS):
        return
    names = _names_of(module)
    if name in names.homes:
        _gather(names.homes[name], name, used)
        return
    if name not in names.bodies:
        return
    used[key] = ast.dump(names.bodies[name])
    for node in ast.walk(names.bodies[name]):
        for home, other in _mentioned(node, module, names):
            _gather(home, other, used)


def _mentioned(node: ast.AST, module: str, names: _Names) -> Iterator[tuple[str, str]]:
    """Yield the module and name of whatever a piece of code speaks of."""
    match node:
        case ast.Name():
            yield module, node.id
        case ast.Attribute(value=ast.Name()) if node.value.id in names.homes:
            yield f"{names.homes[node.value.id]}.{node.value.id}", node.attr
        case ast.ImportFrom():
            yield from ((node.module or "", alias.name) for alias in node.names)
        case ast.Constant(value=str()) if node.value.partition("[")[0] in MEASURES:
            read = MEASURES[node.value.partition("[")[0]].read
            yield read.__module__, read.__name__


@dataclass(frozen=True, slots=True)
class _Names:
    """What a module defines at its top, and which of its names come from other modules."""

    bodies: dict[str, ast.stmt] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)


@cache
def _names_of(module: str) -> _Names:
    """Read a module's names; none of what is no module."""
    names = _Names()
    package, *inner = module.split(".")
    path = Path(importlib.import_module(package).__file__ or "").parent.joinpath(*inner).with_suffix(".py")
    if not path.exists():
        return names
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body[0] = ast.Pass()  # what is said of code is no code
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names.homes.update({alias.name: node.module or "" for alias in node.names})
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.bodies[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
            names.bodies.update(dict.fromkeys(named, node))
    return names
