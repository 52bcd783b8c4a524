"""The page's code is written for people: short lines, in every file that a browser or Jinja reads."""

from __future__ import annotations

from pathlib import Path

import pytest

import controlroom.web

WEB = Path(controlroom.web.__path__[0])
LONGEST = 120


@pytest.mark.parametrize("folder, suffix", [("static/js", "js"), ("static/css", "css")])
def test_no_line_is_long(folder, suffix):
    files = sorted((WEB / folder).rglob(f"*.{suffix}"))
    assert len(files) > 5
    lines = (
        (file.name, at, line) for file in files for at, line in enumerate(file.read_text().splitlines(), 1)
    )
    assert [(name, at) for name, at, line in lines if len(line) > LONGEST] == []
