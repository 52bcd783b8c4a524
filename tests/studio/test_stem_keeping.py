"""Stems that stand no more go; what a person put beside them stays, and lost ones come back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controlroom.model.errors import VerifyError
from controlroom.studio.studio import Studio
from tests.studio.test_keeping import everything, rewritten, said
from tests.studio.test_stem_faults import fewer


def set_of(song: Path) -> Path:
    return next(song.glob("stems/*/[0-9a-f]*"))


def test_lost_stems_are_put_back_by_the_same_files(studio: Studio, stemmed: Path, band: Path) -> None:
    folder = set_of(stemmed)
    whole = everything(folder)
    (folder / "vocals.wav").unlink()
    (folder / "bass.wav").write_bytes(b"damaged")
    with pytest.raises(VerifyError):
        studio.verify(stemmed)
    told, context = said()
    studio.add_stems(stemmed, band / "stems", context)
    assert everything(folder) == whole
    place = folder.relative_to(stemmed).as_posix()
    assert sorted(told) == [
        f"{place}/{role}.wav was missing or damaged: it was put back" for role in ("bass", "vocals")
    ]
    assert [entry["kind"] for entry in studio.history(stemmed)].count("stems.set") == 1
    studio.verify(stemmed)


def test_other_stems_remove_only_our_own_old_ones(studio: Studio, stemmed: Path, tmp_path: Path) -> None:
    old = set_of(stemmed)
    (old / "notes.txt").write_text("the bass is late")
    (old / "vocals.wav").write_bytes(b"a voice that the person changed")
    theirs = old.with_name("my own stems")
    shutil.copytree(old, theirs)
    never_named = old.with_name(
        "0123456789ab"
    )  # looks like a set of ours, but its name tells of other sounds
    shutil.copytree(old, never_named)
    before = [everything(theirs), everything(never_named)]
    unfinished = old.with_name(".0123456789ab.0123456789ab.making")
    unfinished.mkdir()
    (unfinished / "bass.wav").write_bytes(b"half")
    studio.add_stems(stemmed, fewer(tmp_path / "fewer"))
    assert sorted(everything(old)) == ["notes.txt", "vocals.wav"]
    assert [everything(theirs), everything(never_named)] == before
    assert not unfinished.exists()
    studio.verify(stemmed)


def test_a_take_whose_id_leads_elsewhere_empties_nothing(
    studio: Studio, song: Path, band: Path, tmp_path: Path
) -> None:
    (tmp_path / "precious" / "0123456789ab").mkdir(parents=True)
    (tmp_path / "precious" / "0123456789ab" / "thesis.txt").write_text("years of work")
    rewritten(song, "take.added", {"id": "../../precious"})
    with pytest.raises(VerifyError) as caught:
        studio.add_stems(song, band / "stems")
    assert caught.value.code == "path.outside"
    assert (tmp_path / "precious" / "0123456789ab" / "thesis.txt").read_text() == "years of work"
