"""What may go wrong with a song's folder: nothing is lost, and the message says what to do."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.model.decisions import Answer
from controlroom.model.errors import (
    EnvironmentFault,
    LedgerError,
    SchemaTooNewError,
    SongBusyError,
    SongError,
)
from controlroom.studio.lock import holding
from controlroom.studio.studio import Studio
from tests.conftest import music
from tests.warm import Warm

FINISH = "from pathlib import Path; from controlroom.studio.studio import Studio; Studio(name='t').{call}"


@pytest.fixture
def long_take(tmp_path: Path) -> Path:
    audio = music(np.random.default_rng(3), 6.0)
    soundfile.write(tmp_path / "take.wav", audio.samples.T, audio.rate_hz, subtype="PCM_24")
    return tmp_path / "take.wav"


def _whole_names(root: Path) -> None:
    """Every file under its final name can be read to its end."""
    for path in root.rglob("*"):
        if path.suffix in (".wav", ".flac") and not path.name.startswith("."):
            with soundfile.SoundFile(path) as sound:
                assert len(sound.read(dtype="float32")) == sound.frames > 0


def _kill_at(moments: list[float], song: Path, take: Path, warm: Warm) -> None:
    """Kill finishes at moments of their work: the child has imported everything when its clock starts."""
    studio = Studio(name="t")
    studio.new(song)
    studio.add(song, take)
    note = studio.note(song, 0.0, 1.0, "acknowledged before the kill")
    asked = studio.propose(song).proposals[0]
    decision = studio.decide(song, asked.id, Answer.ACCEPT)
    for after_s in moments:
        call = f"finish(Path({str(take)!r}), out=Path({str(song)!r}), policy='trusting')"
        child = warm.start(FINISH.format(call=call))
        time.sleep(after_s)
        assert warm.kill(child) in (-signal.SIGKILL, 0), warm.said
        studio.verify(song)
        shown = studio.show(song)
        assert note in shown.notes
        assert studio.show(song).decisions[asked.id] == decision
        _whole_names(song)
    studio.render(song)
    studio.verify(song)


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_finish_leaves_a_song_that_opens_and_verifies(
    tmp_path: Path, long_take: Path, warm: Warm, seed: int
) -> None:
    drawn = random.Random(seed)
    _kill_at([drawn.uniform(0.02, 3.0) for _ in range(4)], tmp_path / "song", long_take, warm)


@pytest.mark.fault
def test_fifty_kills_at_random_moments(tmp_path: Path, long_take: Path, warm: Warm) -> None:
    _kill_at([random.Random(n).uniform(0.02, 5.0) for n in range(50)], tmp_path / "song", long_take, warm)


WRITE_POINTS = ("take.added", "findings", "proposal", "decision", "rendered", "report", "manifest", ".flac")


@pytest.mark.fault
@pytest.mark.parametrize("point", WRITE_POINTS)
def test_a_kill_at_a_named_write_point(tmp_path: Path, long_take: Path, warm: Warm, point: str) -> None:
    """Die inside the write itself: before the rename of a file, inside the transaction of an entry."""
    code = f"""
import os, signal
from pathlib import Path
from controlroom.ledger import ledger
from controlroom.media import files
point = {point!r}
def die(): os.kill(os.getpid(), signal.SIGKILL)
chained, sync = ledger._chained, files.sync_file
def dying_chain(head, at, kind, body):
    if kind == point and head.seq > 2: die()
    return chained(head, at, kind, body)
def dying_sync(path):
    if point in path.name: die()
    return sync(path)
ledger._chained, files.sync_file = dying_chain, dying_sync
from controlroom.studio.studio import Studio
Studio(name='t').finish(Path({str(long_take)!r}), out=Path({str(tmp_path / "song")!r}), policy='trusting')
"""
    if point == "take.added":
        code = code.replace("head.seq > 2", "True")
    assert warm.run(code) == -signal.SIGKILL, warm.said
    studio = Studio(name="t")
    if point == "take.added":  # a song comes into being with its first take, or not at all
        assert not (tmp_path / "song").exists()
    else:
        studio.verify(tmp_path / "song")
        _whole_names(tmp_path / "song")
    finished = studio.finish(long_take, out=tmp_path / "song", policy="trusting")
    assert finished.render.masters
    studio.verify(tmp_path / "song")


def test_a_second_process_waits_and_names_the_holder(studio: Studio, take_file: Path, tmp_path: Path) -> None:
    song = studio.new(tmp_path / "song")
    code = f"from pathlib import Path; from controlroom.studio.lock import holding; import time\nwith holding(Path({str(song)!r})): print('held', flush=True); time.sleep(30)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        began = time.monotonic()
        with (
            pytest.raises(SongBusyError, match=rf"in use by process {child.pid} \(waited 0.5 s\)"),
            holding(song, 0.5),
        ):
            pass
        assert time.monotonic() - began < 5
        child.kill()
    studio.add(song, take_file)  # the dead holder's lock is gone with it


def test_show_and_history_need_no_lock(studio: Studio, tmp_path: Path) -> None:
    song = studio.new(tmp_path / "song")
    with holding(song):
        assert studio.show(song).title == "song"
        assert studio.history(song)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX here")
def test_a_read_only_song_is_refused_and_unchanged(
    studio: Studio, take_file: Path, tmp_path: Path, as_user: object
) -> None:
    song = studio.new(tmp_path / "song")
    before = {p: p.read_bytes() for p in song.rglob("*") if p.is_file()}
    song.chmod(0o500)
    try:
        if callable(as_user) and not as_user():
            pytest.skip("root may write anywhere")
        with pytest.raises(EnvironmentFault, match="can't be written"):
            studio.add(song, take_file)
    finally:
        song.chmod(0o700)
    assert {p: p.read_bytes() for p in song.rglob("*") if p.is_file() and p in before} == before


@pytest.mark.parametrize("victim", ["premaster.wav", ".flac", "manifest.json", "report.html"])
def test_a_full_disk_leaves_what_was_there(
    studio: Studio, finished_song: Path, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    import errno

    from controlroom.media import files

    decisions = studio.show(finished_song).decisions
    assert decisions
    shutil.rmtree(finished_song / ".cache")  # what is found again is not written again
    real = files.sync_file

    def full(path: Path) -> None:
        if victim in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path)

    monkeypatch.setattr(files, "sync_file", full)
    with pytest.raises(EnvironmentFault, match="no room left"):
        studio.render(finished_song)
    monkeypatch.undo()
    assert studio.verify(finished_song)
    assert studio.show(finished_song).decisions == decisions
    assert not list(finished_song.rglob("*.part"))


def test_a_hand_edited_ledger_and_a_newer_one_are_refused(
    studio: Studio, take_file: Path, tmp_path: Path
) -> None:
    song = studio.new(tmp_path / "song")
    studio.add(song, take_file)
    path = song / "ledger.sqlite"
    good = path.read_bytes()
    for statement, error in (
        ("UPDATE entries SET body = '{}' WHERE seq = 2", LedgerError),
        ("UPDATE meta SET value = 'ledger/7'", SchemaTooNewError),
    ):
        path.write_bytes(good)
        db = sqlite3.connect(path)
        db.execute("DROP TRIGGER entries_are_never_changed")
        db.execute(statement)
        db.commit()
        db.close()
        edited = path.read_bytes()
        for verb in (studio.verify, studio.show, studio.render):
            with pytest.raises(error):
                verb(song)
        assert path.read_bytes() == edited


@pytest.mark.parametrize(
    "name, text, error",
    [
        ("standards.toml", 'schema = "standards/9"\n', SchemaTooNewError),
        ("standards.toml", "not toml at all [", SongError),
        ("song.toml", 'schema = "song/2"\n', SchemaTooNewError),
        ("song.toml", "", SongError),
    ],
)
def test_documents_of_another_schema_are_refused(
    studio: Studio, tmp_path: Path, name: str, text: str, error: type[Exception]
) -> None:
    song = studio.new(tmp_path / "song")
    (song / name).write_text(text)
    with pytest.raises(error):
        studio.show(song)
    assert (song / name).read_text() == text


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal here")
def test_ctrl_c_leaves_a_valid_song_and_says_how_to_go_on(tmp_path: Path, long_take: Path) -> None:
    song = tmp_path / "song"
    command = [sys.executable, "-m", "controlroom.cli.__main__", "finish", str(long_take), "--out", str(song)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (song / "ledger.sqlite").is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode in (130, 0), err.decode()  # 0 where it was done before the signal came
    assert b"Traceback" not in err
    studio = Studio(name="t")
    studio.verify(song)
    assert studio.finish(long_take, out=song, policy="hygiene").render.masters
