"""The faults that ``make mutants`` puts in: each is another program, and none is in the wording."""

from __future__ import annotations

import importlib
import sys

import pytest
from lab.mutation import operators
from lab.mutation.operators import mutants_of, mutated

SOURCE = '''
"""A module."""
from __future__ import annotations
LIMIT = 3
def told(x: int, *, deep: bool = False) -> str | None:
    """Say."""
    log.info("never a site")
    context.tell("step.x", 0.5)
    if x <= LIMIT and not deep:
        raise UsageError("too.small", "words are not", hint="nor hints")
    store["kind"] = min(x, 4) - 1
    return "yes" if any(n for n in range(x) if n > 2) else None
'''


def test_every_operator_is_met_and_wording_is_left_alone():
    found = mutants_of("m", "m.py", SOURCE)
    assert {m.operator for m in found} >= {
        "comparison",
        "boolean",
        "number",
        "statement",
        "key",
        "call",
        "arithmetic",
        "return",
        "filter",
    }
    befores = {m.before for m in found}
    assert "'kind'" in befores
    assert "'too.small'" in befores
    assert not [text for text in befores if "site" in text or text in {"'step.x'", "0.5", "'words are not'"}]


def test_each_fault_is_another_program():
    whole = compile(SOURCE, "m.py", "exec")
    seen = {str(list(_consts(mutated(SOURCE, m.site, "m.py")))) for m in mutants_of("m", "m.py", SOURCE)}
    assert str(list(_consts(whole))) not in seen


def _consts(code):
    yield code.co_code, code.co_names
    for one in code.co_consts:
        if hasattr(one, "co_code"):
            yield from _consts(one)
        else:
            yield one


@pytest.mark.parametrize(
    "before, lines",
    [("x <= LIMIT", {9}), ("False", set(range(6, 13))), ("3", {9}), ("4", {11}), ("n > 2", {12})],
)
def test_a_fault_is_met_where_its_statement_runs(before, lines):
    found = [m for m in mutants_of("m", "m.py", SOURCE) if m.before == before]
    assert found
    assert {frozenset(m.reach) for m in found} == {frozenset(lines)}


def test_a_module_is_loaded_with_its_fault(tmp_path, monkeypatch):
    source = "def half(x):\n    return x / 2\n"
    (tmp_path / "a_faulty_module.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    (fault,) = [m for m in mutants_of("a_faulty_module", "", source) if m.operator == "arithmetic"]
    operators.install(fault.id)
    try:
        assert importlib.import_module("a_faulty_module").half(3) == 6
    finally:
        sys.modules.pop("a_faulty_module", None)
