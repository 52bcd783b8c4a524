"""A song that has a take and its true stems beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.media.encode import MediaFormat
from controlroom.studio.studio import Studio
from tests.conftest import music
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


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a short song whose masters a person decided, made once; not to be changed."""
    folder = tmp_path_factory.mktemp("decided")
    audio = music(np.random.default_rng(5), 2.0)
    soundfile.write(folder / "take.wav", audio.samples.T, audio.rate_hz, subtype="PCM_24")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("controlroom.studio.walk.all_detectors", dict)
        made = Studio(name="tester").finish(
            folder / "take.wav", out=folder / "song", policy="none", target_lufs=-16.0
        )
    assert not made.render.draft
    return folder / "song"


@pytest.fixture
def mine(decided: Path, deaf: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a decided song of one's own; its take lies beside it. For speed it hears nothing, and makes FLAC only."""
    monkeypatch.setattr("controlroom.studio.routing.FORMATS", (MediaFormat.FLAC24,))
    shutil.copytree(decided, tmp_path / "song")
    shutil.copy(decided.parent / "take.wav", tmp_path / "take.wav")
    return tmp_path / "song"


@pytest.fixture
def other_take(tmp_path: Path) -> Path:
    """Return another short take of the same file name, in another folder."""
    (tmp_path / "b").mkdir()
    audio = music(np.random.default_rng(6), 2.0)
    soundfile.write(tmp_path / "b" / "take.wav", audio.samples.T, audio.rate_hz, subtype="PCM_24")
    return tmp_path / "b" / "take.wav"
