"""Which folder a song gets: other bytes are another song, unless the person says that it is another take."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, SongError
from controlroom.studio.naming import folder_for
from controlroom.studio.song import claimed, create
from controlroom.studio.standards import shipped_standards
from controlroom.studio.studio import Studio
from tests.studio.test_keeping import everything, first_render, said


@pytest.fixture
def beside(mine: Path, other_take: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder to stand in, whose ``take-controlroom`` is the song of ``take.wav``."""
    place = mine.parent
    mine.rename(place / "take-controlroom")
    monkeypatch.chdir(place)
    return place


def test_another_song_of_one_title_gets_another_folder(studio: Studio, beside: Path) -> None:
    before = everything(beside / "take-controlroom")
    told, context = said()
    finished = studio.finish(Path("b/take.wav"), context, policy="none")
    assert finished.song.folder.root == Path("take-controlroom-2")
    assert everything(beside / "take-controlroom") == before
    assert "\n".join(told) == (
        "take-controlroom is not the song of this file, which is in take-controlroom-2 now; "
        "`--out take-controlroom` makes it another take of the song there"
    )
    told.clear()
    shutil.copy("b/take.wav", "c.wav")
    shutil.move("c.wav", "take.wav")  # the same bytes from elsewhere: their own song again
    assert folder_for(Path("take.wav"), context) == Path("take-controlroom-2")
    assert told == []


def test_the_same_bytes_find_their_own_folder_again(beside: Path) -> None:
    assert folder_for(Path("take.wav"), Context()) == Path("take-controlroom")
    Path("take-controlroom").rename("take-controlroom-7")
    assert folder_for(Path("take.wav"), Context()) == Path("take-controlroom-7")
    assert folder_for(Path("b/take.wav"), Context()) == Path("take-controlroom")


def test_what_is_no_song_and_a_song_without_a_take_are_told_apart(studio: Studio, beside: Path) -> None:
    shutil.rmtree("take-controlroom")
    Path("take-controlroom").mkdir()
    assert folder_for(Path("take.wav"), Context()) == Path("take-controlroom")
    Path("take-controlroom/notes.txt").write_text("mine")
    assert folder_for(Path("take.wav"), Context()) == Path("take-controlroom-2")
    studio.new(Path("take-controlroom-2"))
    assert folder_for(Path("take.wav"), Context()) == Path("take-controlroom-2")
    assert Path("take-controlroom/notes.txt").read_text() == "mine"


def test_a_damaged_song_is_still_that_of_its_take(beside: Path) -> None:
    Path("take-controlroom/ledger.sqlite").write_bytes(b"damaged")
    assert folder_for(Path("take.wav"), Context()) == Path("take-controlroom")
    assert folder_for(Path("b/take.wav"), Context()) == Path("take-controlroom-2")


def test_a_named_folder_makes_it_another_take_and_keeps_the_first_ones_masters(
    studio: Studio, beside: Path
) -> None:
    first = everything(first_render(Path("take-controlroom")))
    told, context = said()
    studio.finish(Path("b/take.wav"), context, out=Path("take-controlroom"), policy="none")
    assert told == ["take.wav is another take of the song in take-controlroom now"]
    assert len(studio.desk(Path("take-controlroom")).takes) == 2
    assert everything(first_render(Path("take-controlroom"))) == first


def test_a_missing_file_is_told_of_and_makes_nothing(studio: Studio, beside: Path) -> None:
    with pytest.raises(AudioInputError):
        studio.finish(Path("gone.wav"))
    assert not list(beside.glob("gone*"))


def test_a_song_is_made_with_its_take_or_not_at_all(studio: Studio, take_file: Path, tmp_path: Path) -> None:
    take = studio.begin(tmp_path / "song", take_file, title="One")
    assert studio.show(tmp_path / "song").take == take
    before = everything(tmp_path / "song")
    with pytest.raises(SongError) as caught:
        studio.begin(tmp_path / "song", take_file)
    assert caught.value.code == "song.exists"
    assert everything(tmp_path / "song") == before


def test_a_song_that_came_there_meanwhile_survives(tmp_path: Path) -> None:
    root = tmp_path / "song"

    def meanwhile(_song: object) -> None:
        root.mkdir()
        (root / "theirs.txt").write_text("a terminal made this")

    with pytest.raises(SongError) as caught:
        create(root, shipped_standards(), first=meanwhile)
    assert (caught.value.code, caught.value.message) == ("song.exists", f"{root} is not empty")
    assert [path.name for path in tmp_path.iterdir()] == ["song"]
    assert (root / "theirs.txt").read_text() == "a terminal made this"


def test_a_first_take_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def full(_song: object) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(Exception, match="no room left"):
        create(tmp_path / "song", shipped_standards(), first=full)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_song_is_said(tmp_path: Path) -> None:
    (tmp_path / "song").write_text("mine")
    with pytest.raises(SongError) as caught:
        create(tmp_path / "song", shipped_standards())
    assert caught.value.code == "song.exists"
    assert (tmp_path / "song").read_text() == "mine"


def test_half_made_songs_of_a_kill_go_and_those_that_are_being_made_stay(tmp_path: Path) -> None:
    dead, held = tmp_path / ".song.01234567.creating", tmp_path / ".song.89abcdef.creating"
    dead.mkdir()
    (dead / ".lock").write_bytes(b"")
    held.mkdir()  # just begun: it has no lock yet
    (tmp_path / ".song.mine.creating").mkdir()
    create(tmp_path / "song", shipped_standards())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".song.89abcdef.creating",
        ".song.mine.creating",
        "song",
    ]


def test_half_written_files_of_a_kill_go_when_the_song_is_opened_next(studio: Studio, mine: Path) -> None:
    left = [
        mine / name for name in (".report.html.0123456789ab.part", "takes/.original.wav.0123456789ab.part")
    ]
    young = mine / ".cache" / ".x.f32.0123456789ab.part"  # written without holding the song
    theirs = [mine / "mine.part", mine / "renders" / ".x.part"]
    young.parent.mkdir(exist_ok=True)
    for path in (*left, young, *theirs):
        path.write_bytes(b"half")
    studio.note(mine, 0.0, 1.0, "here")
    assert [path.exists() for path in left] == [False, False]
    assert all(path.exists() for path in (young, *theirs))


def test_two_never_claim_one_folder(tmp_path: Path) -> None:
    assert [claimed(tmp_path / "claims" / "pair") for _ in range(3)] == [True, False, False]
