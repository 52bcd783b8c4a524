"""A song that has a take and its true stems beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controlroom.studio.studio import Studio
from tests.studio import a_band


@pytest.fixture(scope="session")
def band(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``take.wav`` and the folder ``stems`` of its parts; not to be changed."""
    root = tmp_path_factory.mktemp("band")
    sounds = a_band.parts()
    a_band.write_folder(root / "stems", sounds)
    a_band.write_take(root / "take.wav", sounds)
    return root


@pytest.fixture
def song(studio: Studio, band: Path, tmp_path: Path) -> Path:
    """Return a song with the band's take, without stems."""
    root = studio.new(tmp_path / "song")
    studio.add(root, band / "take.wav")
    return root


@pytest.fixture(scope="session")
def imported(band: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a song with the band's take and its true stems, made once; not to be changed."""
    studio = Studio(name="tester")
    root = studio.new(tmp_path_factory.mktemp("imported") / "song")
    studio.add(root, band / "take.wav")
    studio.add_stems(root, band / "stems")
    return root


@pytest.fixture
def stemmed(imported: Path, tmp_path: Path) -> Path:
    """Return a song of one's own with the band's take and its true stems."""
    shutil.copytree(imported, tmp_path / "song")
    return tmp_path / "song"


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the ears out: for what a person decides without any finding, and for speed."""
    monkeypatch.setattr("controlroom.studio.walk.all_detectors", dict)
