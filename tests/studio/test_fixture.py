"""A song of every released schema still opens, verifies and renders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controlroom.studio.studio import Studio

SONGS = sorted((Path(__file__).parents[1] / "fixtures").glob("song-schema-*"))


def test_there_is_a_fixture_of_the_current_schema() -> None:
    assert [song.name for song in SONGS] == ["song-schema-1"]


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.name)
def test_a_frozen_song_opens_verifies_and_renders(song: Path, tmp_path: Path) -> None:
    copy = tmp_path / "song"
    shutil.copytree(song, copy)
    studio = Studio(name="t")
    assert studio.verify(copy)
    assert [note.text for note in studio.show(copy).notes] == ["frozen"]
    finished = studio.render(copy)
    assert finished.render.premaster_digest == finished.render.audio_digest
