from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from controlroom.ledger import keys
from controlroom.ledger.keys import FILE_NAME, fingerprint, is_signed, known_key, own_key


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTROLROOM_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(keys, "_told", set())
    return tmp_path / "config"


def test_a_key_is_made_once_and_signs(config: Path) -> None:
    assert known_key() is None
    assert not config.exists()
    made = own_key()
    assert made is not None
    assert own_key() == known_key() == made
    signature = made.sign("a text")
    assert is_signed("a text", made.public, signature)
    assert not is_signed("another", made.public, signature)
    assert not is_signed("a text", made.public, "no hex")
    assert not is_signed("a text", "00", signature)
    assert fingerprint(made.public) == made.public[:16]
    assert made.secret.hex() not in repr(made)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX here")
def test_nobody_else_may_read_it(config: Path) -> None:
    before = os.umask(0)
    try:
        made = own_key()
    finally:
        os.umask(before)
    path = config / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    assert [one.name for one in config.iterdir()] == [FILE_NAME]
    path.chmod(0o644)
    assert own_key() == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_together_end_with_one_key(config: Path) -> None:
    code = """
import sys
from controlroom.ledger.keys import own_key
import cryptography.hazmat.primitives.asymmetric.ed25519
print("ready", flush=True); sys.stdin.readline()
print(own_key().public)
"""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    found = {child.communicate()[0] for child in children}
    assert len(found) == 1
    assert found == {f"{known_key().public}\n"}  # type: ignore[union-attr]
    assert [one.name for one in config.iterdir()] == [FILE_NAME]


def test_two_that_see_no_key_make_one(config: Path) -> None:
    keys._make(config / FILE_NAME)
    first = known_key()
    keys._make(config / FILE_NAME)  # it saw none either, and came later
    assert known_key() == first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "not json",
        '{"schema": "key/1", "ed25519": "zz"}',
        '{"schema": "key/1", "ed25519": 7}',
        '{"schema": "key/9", "ed25519": ""}',
    ],
)
def test_a_key_that_cant_be_used_is_told_and_not_touched(
    config: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    config.mkdir()
    (config / FILE_NAME).write_text(text)
    assert own_key() is None
    assert own_key() is None
    assert [record.message for record in caplog.records if "is not signed" in record.message] != []
    assert len(caplog.records) == 1
    assert (config / FILE_NAME).read_text() == text


def test_a_folder_that_cant_be_made_stops_nothing(
    config: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config.write_text("a file stands where the folder would be")
    assert own_key() is None
    assert "is not signed" in caplog.text
    monkeypatch.delenv("CONTROLROOM_CONFIG")
    monkeypatch.setattr(keys.platformdirs, "user_config_dir", lambda _name: "~/.config/controlroom")
    assert own_key() is None
    assert "no home folder" in caplog.text
    assert not Path("~").exists()


def test_reading_a_ledger_does_without_cryptography() -> None:
    song = Path(__file__).parents[1] / "fixtures" / "song-schema-2" / "ledger.sqlite"
    code = f"""
import sys
from pathlib import Path
import controlroom.cli.app
from controlroom.ledger.ledger import Ledger
assert Ledger.open(Path({str(song)!r}), read_only=True).head.seq == 12
print(sorted(name for name in sys.modules if name.startswith("cryptography")))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_file_says_what_it_is(config: Path) -> None:
    own_key()
    assert json.loads((config / FILE_NAME).read_text()).keys() == {"schema", "ed25519"}
