"""What is not ours is never removed or read, and what was lost comes back with the same file."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from controlroom.ledger import ledger as chain
from controlroom.ledger.keys import known_key
from controlroom.ledger.signatures import head_text
from controlroom.media.files import sha256_of
from controlroom.model.base import canonical_json
from controlroom.model.context import Context
from controlroom.model.errors import VerifyError
from controlroom.studio.studio import Studio


def said() -> tuple[list[str], Context]:
    """Return what a person is told, and the context that collects it."""
    told: list[str] = []
    return told, Context(notice=told.append)


def everything(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def rewritten(song: Path, kind: str, change: dict[str, Any]) -> None:
    """Write the ledger anew, as a stranger who made it would sign it: the bodies of one kind say something else."""
    db = sqlite3.connect(song / "ledger.sqlite")
    key = known_key()
    assert key is not None
    rows = db.execute("SELECT at, kind, body FROM entries ORDER BY seq").fetchall()
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute("DELETE FROM entries")
    head = chain.Head(0, chain.GENESIS)
    for at, its_kind, text in rows:
        body = json.loads(text) | (change if its_kind == kind else {})
        entry = chain._chained(head, at, its_kind, body)
        values = (entry.seq, at, its_kind, canonical_json(body), entry.prev, entry.hash)
        db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", values)
        signed = (key.sign(head_text(entry.seq, entry.hash)), entry.seq)
        db.execute("UPDATE signatures SET signature = ? WHERE seq = ?", signed)
        head = chain.Head(entry.seq, entry.hash)
    db.commit()
    db.close()
    for name in song.glob("ledger.head*"):
        name.unlink()


def first_render(song: Path) -> Path:
    return next(song.glob("renders/0001-*"))


def test_a_persons_files_beside_a_render_survive_the_next(studio: Studio, mine: Path) -> None:
    old = first_render(mine)
    theirs = {
        "notes.txt": b"louder in the chorus",
        "take (copy).wav": (old / "take.wav").read_bytes(),
        "stems for Anna/bass.wav": b"RIFF",
        ".hidden/x": b"1",
    }
    for name, data in theirs.items():
        (old / name).parent.mkdir(exist_ok=True)
        (old / name).write_bytes(data)
    (old / "take.flac").write_bytes(b"a master that the person changed")
    (mine / "renders" / "0002-for Anna").mkdir()
    (mine / "renders" / "0002-for Anna" / "take.wav").write_bytes(b"theirs")
    (mine / "renders" / "list.txt").write_bytes(b"theirs")
    studio.render(mine)
    studio.render(mine)
    for name, data in theirs.items():
        assert (old / name).read_bytes() == data
    assert (old / "take.flac").read_bytes() == b"a master that the person changed"
    assert (mine / "renders" / "0002-for Anna" / "take.wav").read_bytes() == b"theirs"
    assert (mine / "renders" / "list.txt").read_bytes() == b"theirs"
    assert not (old / "take.wav").exists()  # what is ours, and as it was, goes
    assert not (old / "premaster.wav").exists()
    assert (old / "manifest.json").is_file()
    studio.verify(mine)


def test_what_an_interrupted_render_left_goes_and_what_was_put_there_stays(
    studio: Studio, mine: Path
) -> None:
    left = mine / "renders" / ".0002-01234567.0123456789ab.making"
    left.mkdir()
    for name in ("premaster.wav", "take.flac"):
        (left / name).write_bytes(b"half")
    theirs = mine / "renders" / ".0003-mine.making"  # not a name that we give
    shutil.copytree(left, theirs)
    before = everything(theirs)
    (left / ".take.mp3.0123456789ab.part").write_bytes(b"half")
    noted = mine / "renders" / ".0002-01234567.abcdefabcdef.making"
    noted.mkdir()
    (noted / "why.txt").write_text("it broke here")
    studio.render(mine)
    assert not left.exists()
    assert everything(theirs) == before
    assert (noted / "why.txt").is_file()
    assert len(list(mine.glob("renders/[0-9]*"))) == 2


def test_a_failed_render_leaves_no_folder(
    studio: Studio, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("controlroom.studio.finishing.make_masters", broken)
    with pytest.raises(ZeroDivisionError):
        studio.render(mine)
    assert [path.name for path in (mine / "renders").iterdir()] == [first_render(mine).name]


@pytest.mark.parametrize("where", ["../precious/manifest.json", "absolute", "notes/manifest.json"])
def test_a_ledger_that_names_a_manifest_elsewhere_empties_nothing(
    studio: Studio, mine: Path, tmp_path: Path, where: str
) -> None:
    root = mine if where.startswith("notes") else tmp_path
    place = root / Path(where.removeprefix("../")).parent if where != "absolute" else root / "precious"
    shutil.copytree(first_render(mine), place)
    (place / "thesis.txt").write_text("years of work")
    before = everything(place)
    rewritten(mine, "rendered", {"manifest": str(place / "manifest.json") if where == "absolute" else where})
    studio.render(mine)
    assert everything(place) == before


def test_a_manifest_that_lists_files_elsewhere_removes_none(studio: Studio, mine: Path) -> None:
    old = first_render(mine)
    manifest = json.loads((old / "manifest.json").read_text())
    keep = mine / "takes" / "precious.wav"
    shutil.copy(old / "take.wav", keep)
    manifest["masters"][0]["path"] = "takes/precious.wav"
    (old / "manifest.json").write_text(json.dumps(manifest))
    rewritten(mine, "rendered", {"manifest_sha256": sha256_of(old / "manifest.json")})
    studio.render(mine)
    assert keep.is_file()


@pytest.mark.skipif(os.name != "posix", reason="links need no rights here")
@pytest.mark.parametrize("name", ["renders", "release"])
def test_a_folder_that_leads_out_of_the_song_is_refused(
    studio: Studio, mine: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years of work")
    verb = {"renders": studio.render, "release": studio.release}[name]
    if name == "renders":
        (mine / "renders").rename(mine / "moved")
    (mine / name).symlink_to(tmp_path / "precious")
    with pytest.raises(VerifyError) as caught:
        verb(mine)
    assert caught.value.code in ("path.outside", "verify.manifest")
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["thesis.txt"]


def test_no_stored_path_is_read_outside_the_song(studio: Studio, mine: Path, tmp_path: Path) -> None:
    sample = tmp_path / "click.wav"
    shutil.copy(mine.parent / "take.wav", sample)
    reference = studio.add_reference(mine, sample)
    shutil.copy(mine / reference.archived_as, tmp_path / "own.wav")
    rewritten(mine, "reference.added", {"archived_as": "../own.wav"})
    with pytest.raises(VerifyError) as caught:
        studio.reference_sound(mine, reference.id)
    assert caught.value.code == "path.outside"
    studio.remove_reference(mine, reference.id)
    assert (tmp_path / "own.wav").is_file()
    shutil.copytree(mine / "takes", tmp_path / "takes")
    rewritten(
        mine,
        "take.added",
        {"archived_as": f"../takes/{next(mine.glob('takes/*/*')).parent.name}/original.wav"},
    )
    for verb in (studio.render, studio.verify, studio.listen):
        with pytest.raises(VerifyError) as caught:
            verb(mine)
        assert caught.value.code == "path.outside"


@pytest.mark.parametrize("damage", ["gone", "changed", "no folder"])
def test_the_same_file_puts_a_lost_take_back_and_says_so(studio: Studio, mine: Path, damage: str) -> None:
    archived = next(mine.glob("takes/*/original.wav"))
    whole = archived.read_bytes()
    if damage == "changed":
        archived.write_bytes(whole[:-100] + b"x" * 100)
    elif damage == "gone":
        archived.unlink()
    else:
        shutil.rmtree(mine / "takes")
    told, context = said()
    studio.finish(mine.parent / "take.wav", context, out=mine)
    assert archived.read_bytes() == whole
    assert told == [f"{archived.relative_to(mine).as_posix()} was missing or damaged: it was put back"]
    assert [entry["kind"] for entry in studio.history(mine)].count("take.added") == 1
    assert [entry["kind"] for entry in studio.history(mine)].count("restored") == 1
    studio.verify(mine)
    told.clear()
    studio.add(mine, mine.parent / "take.wav", context)
    assert told == []


def test_an_older_take_that_was_lost_is_put_back_too(studio: Studio, mine: Path, other_take: Path) -> None:
    archived = next(mine.glob("takes/*/original.wav"))
    studio.add(mine, other_take)
    archived.unlink()
    told, context = said()
    studio.add(mine, mine.parent / "take.wav", context)
    assert len(told) == 1
    studio.verify(mine)


def test_a_damaged_archived_take_is_no_other_take(studio: Studio, mine: Path) -> None:
    archived = next(mine.glob("takes/*/original.wav"))
    data = bytearray(archived.read_bytes())
    data[len(data) // 2] ^= 1
    archived.write_bytes(bytes(data))
    for verb in (lambda: studio.finish(archived, out=mine), lambda: studio.add(mine, archived)):
        with pytest.raises(VerifyError) as caught:
            verb()
        assert caught.value.code == "verify.take"
    assert len(studio.desk(mine).takes) == 1


def test_a_lost_reference_and_a_lost_sample_are_put_back(studio: Studio, mine: Path, tmp_path: Path) -> None:
    reference = studio.add_reference(mine, mine.parent / "take.wav")
    shot = tmp_path / "kick.wav"
    t = np.arange(4410) / 44100
    soundfile.write(shot, 0.5 * np.sin(345 * t) * np.exp(-20 * t), 44100)
    sample = studio.add_sample(mine, shot)
    for kept, add in (
        (
            reference.archived_as,
            lambda context: studio.add_reference(mine, mine.parent / "take.wav", context),
        ),
        (sample.archived_as, lambda context: studio.add_sample(mine, shot, context)),
    ):
        whole = (mine / kept).read_bytes()
        (mine / kept).write_bytes(b"damaged")
        told, context = said()
        add(context)
        assert (mine / kept).read_bytes() == whole
        assert told == [f"{kept} was missing or damaged: it was put back"]
    studio.verify(mine)


def test_a_removed_reference_takes_nothing_else_along(studio: Studio, mine: Path) -> None:
    reference = studio.add_reference(mine, mine.parent / "take.wav")
    folder = (mine / reference.archived_as).parent
    (folder / "notes.txt").write_text("the bass of this one")
    studio.remove_reference(mine, reference.id)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_masters_of_another_take_are_not_dropped(studio: Studio, mine: Path, other_take: Path) -> None:
    first = everything(first_render(mine))
    studio.finish(other_take, out=mine, policy="none")
    studio.render(mine)
    assert everything(first_render(mine)) == first
    assert len(list(mine.glob("renders/*/*.flac"))) == 2  # the last of each take
    studio.verify(mine)
