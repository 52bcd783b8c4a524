"""A song of every released schema still opens, verifies and renders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controlroom.studio.studio import Studio

SONGS = sorted((Path(__file__).parents[1] / "fixtures").glob("song-schema-*"))
WHO = {
    "song-schema-1": "not signed: entries 1 to 11",
    "song-schema-2": "signed by another: 4d9b579b6b014ce5, entries 1 to 12",
}


def test_there_is_a_fixture_of_the_current_schema() -> None:
    assert [song.name for song in SONGS] == ["song-schema-1", "song-schema-2"]


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.name)
def test_a_frozen_song_opens_verifies_and_renders(song: Path, tmp_path: Path) -> None:
    copy = tmp_path / "song"
    shutil.copytree(song, copy)
    studio = Studio(name="t")
    verified = studio.verify(copy)
    assert (
        f"premaster {next((copy / 'renders').glob('*/premaster.wav')).relative_to(copy)}" in verified.checked
    )
    assert [line for line in verified.told if line.startswith(WHO[song.name])]
    assert [note.text for note in studio.show(copy).notes] == ["frozen"]
    finished = studio.render(copy)
    assert finished.render.premaster_digest == finished.render.audio_digest
    again = studio.verify(copy)
    assert any(line.startswith("signed by this machine's key") for line in again.checked)
    assert [line for line in again.told if line.startswith(WHO[song.name])]
