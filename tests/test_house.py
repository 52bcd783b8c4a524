"""The house's own promises: public names, docs that are printed, versions that agree."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from lab.docs import REFERENCE, stale

import controlroom

ROOT = Path(__file__).resolve().parents[1]


def test_every_public_name_is_there_and_sorted() -> None:
    assert controlroom.__all__ == sorted(controlroom.__all__)
    assert 20 <= len(controlroom.__all__) <= 35
    for name in controlroom.__all__:
        assert getattr(controlroom, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = controlroom.Nothing


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_pages_are_what_the_code_prints(name: str) -> None:
    assert name not in stale(), "run `make docs`"


def test_every_dependency_is_explained_and_pinned() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    pinned = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    for named in project["dependencies"]:
        assert named.partition(">=")[0].lower() in pinned
        line = next(line for line in text.splitlines() if f'"{named}"' in line)
        assert "#" in line, f"{named}: say why"


def test_links_in_the_docs_lead_somewhere() -> None:
    import re

    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
