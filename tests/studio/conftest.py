"""A song that has a take and its true stems beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controlroom.studio.studio import Studio
from tests.kept import Kept
from tests.studio import a_band


@pytest.fixture(scope="session")
def band(kept: Kept) -> Path:
    """Return a folder with ``take.wav`` and the folder ``stems`` of its parts; not to be changed."""
    return kept.once("band", a_band.write_all)


@pytest.fixture
def song(bare: Path, tmp_path: Path) -> Path:
    """Return a song of one's own with the band's take, without stems."""
    return Path(shutil.copytree(bare, tmp_path / "song"))


@pytest.fixture(scope="session")
def imported(band: Path, kept: Kept) -> Path:
    """Return a song with the band's take and its true stems, made once; not to be changed."""

    def make(folder: Path) -> None:
        studio = Studio(name="tester")
        root = studio.new(folder / "song")
        studio.add(root, band / "take.wav")
        studio.add_stems(root, band / "stems")

    return kept.once("imported", make) / "song"


@pytest.fixture(scope="session")
def bare(band: Path, kept: Kept) -> Path:
    """Return a song with the band's take, without stems, made once; not to be changed."""

    def make(folder: Path) -> None:
        studio = Studio(name="tester")
        studio.add(studio.new(folder / "song"), band / "take.wav")

    return kept.once("bare", make) / "song"


@pytest.fixture
def stemmed(imported: Path, tmp_path: Path) -> Path:
    """Return a song of one's own with the band's take and its true stems."""
    shutil.copytree(imported, tmp_path / "song")
    return tmp_path / "song"


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the ears out: for what a person decides without any finding, and for speed."""
    monkeypatch.setattr("controlroom.studio.walk.all_detectors", dict)
