"""A release is swapped whole, keeps what a person put into it, and is of what the ledger says now."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controlroom.model.decisions import Answer
from controlroom.model.errors import DecisionError
from controlroom.studio import making
from controlroom.studio.studio import Studio
from tests.studio.test_keeping import everything


def gain_of(studio: Studio, song: Path) -> str:
    return next(p.id for p in studio.show(song).proposals if p.step.processor == "gain")


def louder(studio: Studio, song: Path) -> None:
    """Decide otherwise and render: other masters under the same names."""
    studio.decide(song, gain_of(studio, song), Answer.EDIT, knobs={"gain_db": -3.0})
    studio.render(song)


def refused(studio: Studio, song: Path) -> str:
    before = everything(song / "release") if (song / "release").is_dir() else {}
    with pytest.raises(DecisionError) as caught:
        studio.release(song)
    assert "controlroom render" in caught.value.hint
    assert (everything(song / "release") if (song / "release").is_dir() else {}) == before
    return caught.value.code


def test_a_release_holds_the_masters_of_its_manifest(studio: Studio, mine: Path) -> None:
    folder = studio.release(mine)
    first = everything(folder)
    assert set(first) == {"take.wav", "take.flac", "take.mp3", "take.m4a", "manifest.json"}
    louder(studio, mine)
    second = everything(studio.release(mine))
    assert set(second) == {"take.flac", "manifest.json"}  # what was ours and is not released now is gone
    assert second["take.flac"] != first["take.flac"]
    assert not list(mine.glob(".release*"))
    studio.verify(mine)


def test_what_a_person_put_into_the_release_is_in_the_next_one(studio: Studio, mine: Path) -> None:
    folder = studio.release(mine)
    (folder / "art" / "empty").mkdir(parents=True)
    (folder / "cover.jpg").write_bytes(b"picture")
    (folder / "art" / "back.jpg").write_bytes(b"back")
    (folder / "take (backup).wav").write_bytes((folder / "take.wav").read_bytes())
    (folder / "link.jpg").symlink_to("cover.jpg")
    (folder / "take.mp3").write_bytes(b"another encoder's")  # not in the next release: FLAC only
    louder(studio, mine)
    studio.release(mine)
    kept = everything(folder)
    assert kept["cover.jpg"] == b"picture"
    assert kept["art/back.jpg"] == b"back"
    assert (folder / "art" / "empty").is_dir()
    assert (folder / "link.jpg").is_symlink()
    assert kept["take.mp3"] == b"another encoder's"
    assert "take (backup).wav" in kept
    assert "take.wav" not in kept
    assert (folder / "cover.jpg").stat().st_nlink == 1
    assert not list(mine.glob(".release*"))


@pytest.mark.parametrize("name", ["take.flac", "manifest.json"])
def test_what_lies_in_the_way_of_a_release_is_not_written_over(studio: Studio, mine: Path, name: str) -> None:
    (mine / "release").mkdir()
    (mine / "release" / name).write_bytes(b"theirs")
    with pytest.raises(DecisionError, match="write over it") as caught:
        studio.release(mine)
    assert caught.value.code == "release.in-the-way"
    assert everything(mine / "release") == {name: b"theirs"}
    (mine / "release" / name).rename(mine / "release" / "theirs")
    assert (studio.release(mine) / "theirs").read_bytes() == b"theirs"


def test_a_file_called_release_is_not_written_over(studio: Studio, mine: Path) -> None:
    (mine / "release").write_bytes(b"theirs")
    with pytest.raises(DecisionError) as caught:
        studio.release(mine)
    assert caught.value.code == "release.in-the-way"
    assert (mine / "release").read_bytes() == b"theirs"


def test_where_two_names_cant_be_swapped_the_release_is_still_whole(
    studio: Studio, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_exchanged", lambda *_: False)
    (studio.release(mine) / "cover.jpg").write_bytes(b"picture")
    louder(studio, mine)
    assert set(everything(studio.release(mine))) == {"take.flac", "manifest.json", "cover.jpg"}
    assert not list(mine.glob(".release*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from controlroom.ledger.ledger import Ledger
from controlroom.studio import releasing
from controlroom.studio.studio import Studio
def die(): os.kill(os.getpid(), signal.SIGKILL)
def dying(place, name, when):
    real = getattr(place, name)
    def call(*given):
        if when == 'after': real(*given)
        die()
    setattr(place, name, call)
points = dict(copy=(releasing, '_copy', 'after'), carry=(releasing, '_carry', 'after'),
    swap=(releasing, 'put_in_place', 'before'), swapped=(releasing, 'put_in_place', 'after'),
    merge=(releasing, '_merge', 'after'), entry=(Ledger, 'append_all', 'before'))
for point, where in points.items():
    child = os.fork()
    if not child:
        dying(*where)
        Studio(name='t').release(Path(sys.argv[1]) / point)
        os._exit(0)
    print(point, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
POINTS = ("copy", "carry", "swap", "swapped", "merge", "entry")


@pytest.mark.skipif(os.name != "posix", reason="a kill is a signal here")
def test_a_kill_in_a_second_release_leaves_one_whole_release(
    studio: Studio, mine: Path, tmp_path: Path
) -> None:
    (studio.release(mine) / "cover.jpg").write_bytes(b"picture")
    old = everything(mine / "release")
    louder(studio, mine)
    rendered = next(mine.glob("renders/0002-*"))
    new = {name: (rendered / name).read_bytes() for name in ("take.flac", "manifest.json")}
    new["cover.jpg"] = b"picture"
    for point in POINTS:
        shutil.copytree(mine, tmp_path / "killed" / point)
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{point} {-signal.SIGKILL}" for point in POINTS], done.stderr
    for point in POINTS:
        song = tmp_path / "killed" / point
        studio.verify(song)
        assert everything(song / "release") == (old if point in ("copy", "carry", "swap") else new), point
        studio.release(song)
        assert everything(song / "release") == new, point
        assert not list(song.glob(".release*")), point
        studio.verify(song)


def undone(studio: Studio, song: Path) -> None:
    studio.undo(song, gain_of(studio, song))


def gone_back(studio: Studio, song: Path) -> None:
    asked = [entry["seq"] for entry in studio.history(song) if entry["kind"] == "proposal"]
    studio.go_back(song, asked[0])


def changed(studio: Studio, song: Path) -> None:
    studio.decide(song, gain_of(studio, song), Answer.EDIT, knobs={"gain_db": -3.0})


def added_by_hand(studio: Studio, song: Path) -> None:
    studio.do(song, "fade", knobs={"out_ms": 500.0})


def other_standards(studio: Studio, song: Path) -> None:
    (song.parent / "mine.toml").write_text("[loudness]\nceiling_dbtp = -2.0\n")
    studio.standards(song, set_from=song.parent / "mine.toml")


def other_target(studio: Studio, song: Path) -> None:
    studio.propose(song, target_lufs=-20.0)


def corrected(studio: Studio, song: Path) -> None:
    studio.correct(song, tempo_bpm=100.0)


def other_stems(studio: Studio, song: Path) -> None:
    (song.parent / "stems").mkdir()
    for name in ("bass", "vocals"):
        (song.parent / "stems" / f"{name}.wav").write_bytes((song.parent / "take.wav").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("controlroom.studio.stemming._refuse_foreign", lambda *_: None)
        studio.add_stems(song, song.parent / "stems")


@pytest.mark.parametrize(
    "change, code",
    [
        (undone, "release.decisions"),
        (gone_back, "release.decisions"),
        (changed, "release.decisions"),
        (added_by_hand, "release.decisions"),
        (other_standards, "release.standards"),
        (other_target, "release."),
        (corrected, "release.music"),
        (other_stems, "release.stems"),
    ],
)
def test_masters_of_what_the_ledger_no_longer_says_are_refused(
    studio: Studio, mine: Path, change: Callable[[Studio, Path], None], code: str
) -> None:
    change(studio, mine)
    assert refused(studio, mine).startswith(code)


def test_masters_of_another_take_are_refused(studio: Studio, mine: Path, other_take: Path) -> None:
    studio.add(mine, other_take)
    assert refused(studio, mine) == "release.other-take"
    studio.add(mine, mine.parent / "take.wav")  # worked on again
    assert studio.release(mine).is_dir()


def test_an_answer_that_was_taken_back_and_given_again_is_released(studio: Studio, mine: Path) -> None:
    gain = gain_of(studio, mine)
    studio.undo(mine, gain)
    assert refused(studio, mine) == "release.decisions"
    studio.decide(mine, gain, Answer.ACCEPT, reason="after all")
    studio.note(mine, 0.0, 1.0, "a note changes no master")
    studio.listen(mine)
    assert studio.release(mine).is_dir()


def test_a_refusal_names_the_answers(studio: Studio, mine: Path) -> None:
    gain = gain_of(studio, mine)
    studio.undo(mine, gain)
    with pytest.raises(DecisionError, match=rf"other answers stand to gain \({gain}\)"):
        studio.release(mine)


def test_a_render_without_masters_is_not_released(studio: Studio, mine: Path) -> None:
    for proposal in studio.show(mine).proposals:
        studio.decide(mine, proposal.id, Answer.REJECT, reason="as it is")
    studio.render(mine)
    with pytest.raises(DecisionError) as caught:
        studio.release(mine)
    assert caught.value.code in ("release.no-masters", "release.draft")
