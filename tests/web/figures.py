"""Figures that a test read, laid down for ``make bench ONLY=console``: one small file each."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".work" / "console"


def note(what: str, figure: str, bar: str = "") -> None:
    """Lay a figure down under what it is of; the last one counts."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in what.lower())
    line = {"what": what, "figure": figure, "bar": bar}
    (FOLDER / f"{name}.json").write_text(json.dumps(line, ensure_ascii=False))
