"""Which code a kept figure of the ears rests on: digests of what plants a defect.

A fault is digested with what it calls and no more, so that a change of one
fault leaves what was heard of its neighbours in the same file as it is.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from functools import cache
from pathlib import Path

from lab.defects import DEFECTS, form

ROOM = "lab.defects."


@cache
def code_of_defect(name: str) -> str:
    """Digest what plants a defect: its function, all that this uses of ``lab.defects``, its strengths, the form."""
    defect = DEFECTS[name]
    used: dict[str, str] = {}
    _gather(defect.apply.__module__, defect.apply.__name__, used)
    fixed = repr((defect.name, defect.kind, defect.strengths, sorted(defect.needs)))
    text = "\n".join(
        [fixed, Path(form.__file__).read_text(encoding="utf-8"), *(used[k] for k in sorted(used))]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _gather(module: str, name: str, used: dict[str, str]) -> None:
    """Add the code of a name of a module, and of all the names of ``lab.defects`` that it uses."""
    key = f"{module}.{name}"
    if key in used or not module.startswith(ROOM):
        return
    names = _names_of(module)
    if name in names.homes:
        _gather(names.homes[name], name, used)
        return
    if name not in names.bodies:
        return
    used[key] = ast.dump(names.bodies[name])
    for node in ast.walk(names.bodies[name]):
        if isinstance(node, ast.Name):
            _gather(module, node.id, used)


class _Names:
    """What a module defines at its top, and which of its names come from other modules."""

    def __init__(self, tree: ast.Module) -> None:
        self.bodies: dict[str, ast.stmt] = {}
        self.homes: dict[str, str] = {}
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                self.homes |= {alias.name: node.module or "" for alias in node.names}
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.bodies[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.bodies |= {target.id: node for target in targets if isinstance(target, ast.Name)}


@cache
def _names_of(module: str) -> _Names:
    found = sys.modules.get(module)
    spec = found.__spec__ if found else importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ImportError(module)
    return _Names(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
