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
    monkeypatch.setattr("controlroom.studio.mastering.FORMATS", (MediaFormat.FLAC24,))
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
