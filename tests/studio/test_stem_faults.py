"""A kill between any two writes of stems leaves the song valid; two processes never mix two sets."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from controlroom.model.song import PartStatus
from controlroom.studio.studio import Studio
from tests.studio import a_band
from tests.warm import Warm

DYING = """
import os, signal
from pathlib import Path
from controlroom.ledger import ledger
from controlroom.media import files
from controlroom.studio import stemming
point = {point!r}
def die(): os.kill(os.getpid(), signal.SIGKILL)
chained, sync, forget = ledger._chained, files.sync_file, stemming._forget_others
def dying_chain(head, at, kind, body):
    if kind == point: die()
    return chained(head, at, kind, body)
def dying_sync(path):
    if point in path.name: die()
    return sync(path)
def dying_forget(*what):
    if point == 'old set': die()
    return forget(*what)
ledger._chained, files.sync_file, stemming._forget_others = dying_chain, dying_sync, dying_forget
from controlroom.model.song import PartStatus
from controlroom.studio.studio import Studio
Studio(name='t').{call}
"""


def fewer(folder: Path) -> Path:
    """Return a folder with other stems of the band's take."""
    sounds = a_band.parts()
    bass = sounds.pop("bass.wav") + sounds.pop("keyboard.wav")
    return a_band.write_folder(folder, sounds | {"bass.wav": bass})


def die_at(point: str, call: str, warm: Warm) -> None:
    assert warm.run(DYING.format(point=point, call=call)) == -signal.SIGKILL, warm.said


@pytest.mark.skipif(os.name != "posix", reason="a kill is a signal here")
@pytest.mark.parametrize("point", ["vocals.wav", "stems.set", "old set"])
def test_a_kill_while_stems_are_replaced_leaves_one_whole_set(studio, stemmed, tmp_path, warm, point):
    before = studio.stems(stemmed).as_dict()
    source = fewer(tmp_path / "fewer")
    die_at(point, f"add_stems(Path({str(stemmed)!r}), Path({str(source)!r}))", warm)
    studio.verify(stemmed)
    after = studio.stems(stemmed).as_dict()
    roles = {stem["role"] for stem in after["stems"]}
    assert (after == before) if point != "old set" else ("keyboard" not in roles)
    studio.add_stems(stemmed, source)
    assert len(list(stemmed.glob("stems/*/*"))) == 1
    assert not list(stemmed.rglob("*.part"))
    studio.verify(stemmed)


@pytest.mark.skipif(os.name != "posix", reason="a kill is a signal here")
@pytest.mark.parametrize("point", ["part.marked", "decision"])
def test_a_kill_while_a_part_is_marked_leaves_mark_and_answers_together(studio, stemmed, warm, point):
    made = studio.do(stemmed, "remove", part="hats", knobs={"amount": 0.5})
    die_at(point, f"mark(Path({str(stemmed)!r}), 'hats', PartStatus.STAYS)", warm)
    studio.verify(stemmed)
    assert studio.marks(stemmed) == ()
    last = [entry["body"] for entry in studio.history(stemmed) if entry["kind"] == "decision"][-1]
    assert (last["proposal_id"], last["answer"]) == (made.proposal_id, "accept")
    studio.mark(stemmed, "hats", PartStatus.STAYS)
    assert studio.marks(stemmed)


def test_two_processes_leave_one_whole_set(studio, stemmed, tmp_path, warm):
    source = fewer(tmp_path / "fewer")
    code = "from pathlib import Path; from controlroom.studio.studio import Studio; Studio(name='t').{call}"
    calls = (
        f"add_stems(Path({str(stemmed)!r}), Path({str(source)!r}))",
        f"separate_take(Path({str(stemmed)!r}), backend='parts')",
    )
    children = [warm.start(code.format(call=call), tmp_path / f"{n}.log") for n, call in enumerate(calls)]
    codes = [warm.wait(child) for child in children]
    said = [(tmp_path / f"{n}.log").read_text() for n in range(2)]
    assert 0 in codes
    assert all(code == 0 or "is in use by process" in text for code, text in zip(codes, said, strict=True)), (
        said
    )
    assert len(list(stemmed.glob("stems/*/*"))) == 1
    assert studio.verify(stemmed)


def test_a_song_of_the_first_schema_takes_stems(studio: Studio, tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[1] / "fixtures" / "song-schema-1", tmp_path / "song")
    assert studio.stems(tmp_path / "song").stems == ()
    assert studio.marks(tmp_path / "song") == ()
    studio.separate_take(tmp_path / "song", backend="parts")
    assert studio.stems(tmp_path / "song").stems
    finished = studio.render(tmp_path / "song")
    assert finished.render.premaster_digest == finished.render.audio_digest
    assert studio.verify(tmp_path / "song")
