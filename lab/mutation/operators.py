"""Small faults that a source file may have, one at a time; and the hook that loads a module with one of them.

What is equivalent by nature is no site: docstrings, annotations, decorators, ``__repr__``, log text, the
words of messages and hints, labels and shares of progress, names of what is kept in memory. A string is a site where it looks like a key, not a sentence.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

KEY = re.compile(r"[A-Za-z0-9_.\-/*]{2,60}")
WORDING = {"message", "hint", "help", "description", "title", "label", "encoding", "prefix"}
LOGS = {"debug", "info", "warning", "error", "exception", "log"}

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "ceil": "floor", "floor": "ceil"}


@dataclass(frozen=True)
class Mutant:
    """One fault: the number of its site in the file, what it is, where, and how the line reads with it.

    A test reaches it that runs a line of ``reach``; an empty one stands for any line of the file.
    """

    module: str
    path: str
    site: int
    line: int
    reach: tuple[int, ...]
    function: str
    operator: str
    before: str
    after: str

    @property
    def id(self) -> str:
        """Name it by its file and site."""
        return f"{self.module}:{self.site}"


Change = tuple[str, Callable[[], ast.AST]]
"""What an operator is called, and what it puts in a node's place."""


def _comparisons(node: ast.Compare) -> Iterator[Change]:
    for at, op in enumerate(node.ops):
        for other in COMPARISONS.get(type(op), ()):
            yield "comparison", lambda at=at, other=other: _with(node, ops=_put(node.ops, at, other()))


def _constants(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "boolean", lambda: ast.Constant(not value)
    elif isinstance(value, int):
        yield "number", lambda: ast.Constant(value + 1)
    elif isinstance(value, float):
        yield "number", lambda: ast.Constant(2 * value if value else 1.0)
    elif isinstance(value, str) and KEY.fullmatch(value):
        yield "key", lambda: ast.Constant(value + "~")


def _expressions(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.BinOp() if type(node.op) in ARITHMETIC and not _is_text(node.left, node.right):
            yield "arithmetic", lambda: _with(node, op=ARITHMETIC[type(node.op)]())
        case ast.BoolOp():
            other = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield "boolean", lambda: _with(node, op=other())
        case ast.UnaryOp(op=ast.Not() | ast.USub() as op):
            yield "boolean" if isinstance(op, ast.Not) else "arithmetic", lambda: node.operand
        case ast.IfExp() if not _turns_alone(node.test):
            yield "condition", lambda: _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        case ast.comprehension(ifs=[_, *_]):
            yield "filter", lambda: _with(node, ifs=[])
        case ast.Constant():
            yield from _constants(node)
        case ast.Call():
            yield from _calls(node)


def _calls(node: ast.Call) -> Iterator[Change]:
    match node.func:
        case ast.Name(id=name) if name in CALLS:
            yield "call", lambda: _with(node, func=ast.Name(CALLS[name], ast.Load()))
        case ast.Attribute(attr=name) if name in CALLS:
            yield "call", lambda: _with(node, func=_with(node.func, attr=CALLS[name]))
    for at, word in enumerate(node.keywords):
        if word.arg not in {None, *WORDING}:
            left = [*node.keywords[:at], *node.keywords[at + 1 :]]
            yield "argument", lambda left=left: _with(node, keywords=left)


def _statements(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return", lambda: ast.Return(ast.Constant(None))
        case ast.If() | ast.While() if not _turns_alone(node.test):
            yield "condition", lambda: _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield "statement", ast.Pass
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "statement", ast.Pass


def _turns_alone(test: ast.expr) -> bool:
    """Whether a condition has one operator, whose own mutant is the condition's opposite."""
    return (isinstance(test, ast.Compare) and len(test.ops) == 1) or (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    )


def _is_text(*sides: ast.expr) -> bool:
    return any(isinstance(s, ast.JoinedStr) or isinstance(getattr(s, "value", 0), str) for s in sides)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _with(node: ast.AST, **changed: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in changed.items():
        setattr(other, name, value)
    return other


def _put(sequence: Sequence[ast.cmpop], at: int, value: ast.cmpop) -> list[ast.cmpop]:
    return [*sequence[:at], value, *sequence[at + 1 :]]


def _is_wording(node: ast.AST) -> bool:
    """Whether a call only tells a person something: a log line or a step of progress."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    func = node.value.func
    return isinstance(func, ast.Attribute) and func.attr in {*LOGS, "tell"}


def _is_progress(node: ast.AST) -> bool:
    """Whether a call names a part of the work and its share of the whole: ``context.part("walk", 0.0, 0.4)``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return node.func.attr == "tell" or (node.func.attr == "part" and len(node.args) == 3)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """Yield the nodes below one in which a fault may be: field, place in it, node."""
    skipped = {"annotation", "returns", "decorator_list", "type_params"}
    if isinstance(node, ast.keyword) and node.arg in WORDING:
        return
    if _is_progress(node):
        return
    keeps = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keep"
    for name, value in ast.iter_fields(node):
        if name in skipped or (isinstance(node, ast.ExceptHandler) and name == "type"):
            continue
        for at, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or (keeps and name == "args" and at == 0):
                continue  # a name under which something is kept in memory may be any
            yield name, at if isinstance(value, list) else None, child


@dataclass
class _Site:
    """Where a fault may be: its function, the statement around it, and how to put a node in its place."""

    function: str
    node: ast.AST
    around: ast.AST
    put: Callable[[ast.AST], None]
    operator: str
    make: Callable[[], ast.AST]


SIMPLE = (ast.Return, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Raise, ast.Assert, ast.Delete)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _sites(node: ast.AST, function: str = "", around: ast.AST | None = None) -> Iterator[_Site]:
    """Yield each fault of a tree, always in the same order."""
    for name, at, child in _children(node):
        if isinstance(child, ast.Import | ast.ImportFrom | ast.JoinedStr) or _is_wording(child):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, DEFINITIONS) and child.name in {"__repr__", "__str__"}:
            continue
        inner = f"{function}.{child.name}".lstrip(".") if isinstance(child, DEFINITIONS) else function
        within = child if isinstance(child, (*SIMPLE, *DEFINITIONS, ast.arguments)) else around
        where = within if within is not None and not isinstance(within, DEFINITIONS) else child

        def put(new: ast.AST, name: str = name, at: int | None = at) -> None:
            if at is None:
                setattr(node, name, new)
            else:
                getattr(node, name)[at] = new

        for operator, make in (*_statements(child), *_expressions(child)):
            yield _Site(inner, child, where, put, operator, make)
        yield from _sites(child, inner, within)


def mutants_of(module: str, path: str, source: str) -> list[Mutant]:
    """Return every fault that a file may have."""
    tree = ast.parse(source)
    found = []
    for number, site in enumerate(_sites(tree)):
        after = site.make()
        place = site.node.target if isinstance(site.node, ast.comprehension) else site.node
        line = getattr(place, "lineno", 0)
        shown = _dropped(site.node, after) or [_shown(site.node), _shown(after)]
        reach = tuple(sorted(_reach(tree, site)))
        found.append(Mutant(module, path, number, line, reach, site.function, site.operator, *shown))
    return found


def _reach(tree: ast.Module, site: _Site) -> set[int]:
    """Return the lines at which a test meets a fault: of its statement, or of what uses what is defined by it."""
    around = site.around
    if isinstance(around, ast.arguments):  # a default is met where the function runs
        owner = next(n for n in ast.walk(tree) if getattr(n, "args", None) is around)
        body = owner.body if isinstance(owner.body, list) else [owner.body]
        return set(range(body[0].lineno, (body[-1].end_lineno or 0) + 1))
    if around in tree.body and isinstance(around, ast.Assign | ast.AnnAssign):
        names = {n.id for n in ast.walk(around) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        inside = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)]
        return {n.lineno for f in inside for n in ast.walk(f) if isinstance(n, ast.Name) and n.id in names}
    if any(around in n.body for n in ast.walk(tree) if isinstance(n, ast.ClassDef)):
        return set()
    place = around.target if isinstance(around, ast.comprehension) else around
    if isinstance(around, ast.If | ast.While):
        place = around.test
    first = getattr(place, "lineno", 0)
    return set(range(first, (getattr(place, "end_lineno", None) or first) + 1))


def _dropped(node: ast.AST, after: ast.AST) -> list[str]:
    """Show a call that lost an argument by that argument alone."""
    if not (isinstance(node, ast.Call) and isinstance(after, ast.Call)):
        return []
    name = ast.unparse(node.func)
    gone = [f"{word.arg}={ast.unparse(word.value)}" for word in node.keywords if word not in after.keywords]
    return [f"{name}(… {gone[0]})", f"{name}(…)"] if gone else []


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        return f"{type(node).__name__.lower()} {ast.unparse(node.test)}"
    if isinstance(node, ast.comprehension):
        return ast.unparse(node).strip()
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


def mutated(source: str, number: int, path: str) -> CodeType:
    """Compile a file with one fault."""
    tree = ast.parse(source)
    site = next(site for at, site in enumerate(_sites(tree)) if at == number)
    new = site.make()
    for inner in ast.walk(new):
        if isinstance(inner, ast.expr | ast.stmt) and not hasattr(inner, "lineno"):
            ast.copy_location(inner, site.node)
    site.put(new)
    return compile(ast.fix_missing_locations(tree), path, "exec")


class _Loader(SourceFileLoader):
    site = 0

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the form of a loader
        return mutated(self.get_data(self.path).decode(), self.site, self.path)


class _Finder(MetaPathFinder):
    def __init__(self, module: str, site: int) -> None:
        self.module, self.site = module, site

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _Loader(fullname, spec.origin)
        spec.loader.site = self.site
        return spec


def install(mutant_id: str) -> None:
    """Load one module with one fault from now on."""
    module, _, site = mutant_id.partition(":")
    sys.meta_path.insert(0, _Finder(module, int(site)))
