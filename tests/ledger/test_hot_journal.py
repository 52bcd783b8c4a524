"""A writer that is killed inside one append leaves a journal: whoever opens next takes it back."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from controlroom.ledger import connections
from controlroom.ledger.ledger import Ledger
from controlroom.model.errors import EnvironmentFault, SongBusyError

AT = "2026-11-22T00:00:00+00:00"
NOBODY = 65534
HALF_AN_APPEND = f"""
import os, signal, sys
from pathlib import Path
from controlroom.ledger import ledger as module
ledger = module.Ledger.open(Path(sys.argv[1]))
ledger._db.execute("PRAGMA cache_size=1")  # pages go to the file before the commit: the journal is hot
chained = module._chained
def dying(head, at, kind, body):
    if body["n"] == 60:
        os.kill(os.getpid(), signal.SIGKILL)
    return chained(head, at, kind, body)
module._chained = dying
ledger.append_all([("note", {{"n": n, "text": "x" * 3000}}) for n in range(100)], "{AT}")
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as a kill left it: three entries, and half of an append; not to be changed."""
    folder = tmp_path_factory.mktemp("killed")
    with Ledger.create(folder / "ledger.sqlite") as made:
        made.append_all([("note", {"n": n}) for n in range(3)], AT)
    done = subprocess.run(
        [sys.executable, "-c", HALF_AN_APPEND, str(folder / "ledger.sqlite")],
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with (
        closing(sqlite3.connect(f"{(folder / 'ledger.sqlite').as_uri()}?mode=ro", uri=True)) as db,
        pytest.raises(sqlite3.OperationalError, match="readonly database"),
    ):
        db.execute("SELECT count(*) FROM entries")
    return folder


@pytest.fixture
def stopped(killed: Path, tmp_path: Path) -> Path:
    """Return a ledger of one's own with its hot journal."""
    shutil.copytree(killed, tmp_path / "song")
    return tmp_path / "song" / "ledger.sqlite"


@pytest.mark.parametrize("read_only", [True, False])
def test_whoever_opens_rolls_back_and_it_is_said(
    stopped: Path, caplog: pytest.LogCaptureFixture, read_only: bool
) -> None:
    with Ledger.open(stopped, read_only=read_only) as opened:
        assert opened.rolled_back
        assert [entry.body["n"] for entry in opened.entries()] == [0, 1, 2]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "was interrupted" in caplog.text
    assert "all that was acknowledged is there" in caplog.text
    with Ledger.open(stopped) as again:
        assert not again.rolled_back
        assert again.append("note", {"n": 3}, AT).seq == 4


@pytest.fixture
def shut(killed: Path) -> Iterator[Path]:
    """Return the killed folder where nobody but root may write, and go there as somebody else."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    root = Path(tempfile.mkdtemp())
    shutil.copytree(killed, root / "song")
    root.chmod(0o755)
    (root / "song").chmod(0o555)
    for path in (root / "song").iterdir():
        path.chmod(0o444)
    os.seteuid(NOBODY)
    try:
        yield root / "song" / "ledger.sqlite"
    finally:
        os.seteuid(0)
        shutil.rmtree(root)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX here")
@pytest.mark.parametrize("read_only", [True, False])
def test_where_nothing_can_be_written_it_says_so_and_nothing_is_lost(shut: Path, read_only: bool) -> None:
    with pytest.raises(EnvironmentFault, match="its folder can't be written") as caught:
        Ledger.open(shut, read_only=read_only)
    assert caught.value.code == "env.unfinished-entry"
    assert "nothing is lost" in caught.value.hint
    os.seteuid(0)
    with Ledger.open(shut) as opened:
        assert opened.head.seq == 3


def test_a_live_writer_keeps_its_journal(
    killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger.create(path) as made:
        made.append("note", {"n": 0}, AT)
    monkeypatch.setattr(connections, "BUSY_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size=1")
        writer.execute("BEGIN IMMEDIATE")
        for seq in range(2, 60):
            writer.execute(
                "INSERT INTO entries VALUES (?, ?, 'note', ?, '', ?)", (seq, AT, "x" * 3000, str(seq))
            )
        assert path.with_name("ledger.sqlite-journal").stat().st_size > 0
        with pytest.raises(SongBusyError, match="is being written by another process") as caught:
            Ledger.open(path, read_only=True)
        assert caught.value.code == "song.busy"
        writer.execute("ROLLBACK")
    with Ledger.open(path, read_only=True) as opened:
        assert opened.head.seq == 1
        assert not opened.rolled_back


def test_an_old_ledger_is_rolled_back_before_it_is_migrated(tmp_path: Path) -> None:
    frozen = Path(__file__).parents[1] / "fixtures" / "song-schema-1" / "ledger.sqlite"
    path = tmp_path / "ledger.sqlite"
    shutil.copyfile(frozen, path)
    code = HALF_AN_APPEND.replace("ledger = module", "module.migrate = lambda *_: None\nledger = module", 1)
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with Ledger.open(path) as opened:
        assert opened.rolled_back
        assert opened.head.seq == 11
        assert opened.signatures() == []
    assert [one.name for one in tmp_path.iterdir()] == ["ledger.sqlite"]
