"""The page's code is written for people: short lines, in every file that a browser or Jinja reads."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from lab.page import PAGE, node

import controlroom.web

WEB = Path(controlroom.web.__path__[0])
LONGEST = 120


@pytest.mark.parametrize("folder, suffix", [("static/js", "js"), ("static/css", "css"), ("templates", "j2")])
def test_no_line_is_long(folder, suffix):
    files = sorted((WEB / folder).rglob(f"*.{suffix}"))
    assert len(files) > 5
    lines = (
        (file.name, at, line) for file in files for at, line in enumerate(file.read_text().splitlines(), 1)
    )
    assert [(name, at) for name, at, line in lines if len(line) > LONGEST] == []


def test_every_controller_that_a_template_names_is_in_the_table():
    templates = "".join(file.read_text() for file in (WEB / "templates").glob("*.j2"))
    named = set(re.findall(r'data-controller="([^"]+)"', templates))
    table = (WEB / "static/js/controllers/table.js").read_text()
    listed = re.findall(r'default as "?([\w-]+)"? } from "\./([\w-]+)\.js"', table)
    assert named == {name for name, _ in listed}
    assert all(name == file for name, file in listed)


def test_the_page_counts_right():
    """`node --test` on what is arithmetic, and on the table of the bus's events."""
    if (here := node()) is None:
        assert not os.environ.get("CI"), "CI must run the page's tests"
        pytest.skip("THE PAGE'S UNIT TESTS WERE NOT RUN: there is no Node here")
    files = sorted(str(file) for file in PAGE.glob("*.test.js"))
    assert len(files) >= 2
    told = subprocess.run([here, "--test", *files], capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stdout


def test_the_lock_names_no_registry():
    lock = (PAGE / "package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
