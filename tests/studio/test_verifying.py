"""What ``verify`` notices: each change to a song that was decided, rendered and released."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.cli.__main__ import run
from controlroom.ledger.keys import FILE_NAME
from controlroom.model.decisions import Answer, Question, Reply, Who
from controlroom.model.errors import ControlRoomError, LedgerError, VerifyError
from controlroom.studio.studio import Studio
from tests.conftest import music


class SaysYes:
    """A person who accepts whatever is asked."""

    who = Who.PERSON
    name = "tester"
    policy_digest: str | None = None

    def decide(self, question: Question) -> Mapping[str, Reply]:
        return {proposal.id: Reply(answer=Answer.ACCEPT) for proposal in question.proposals}


def _made(root: Path, seed: int) -> Path:
    audio = music(np.random.default_rng(seed), 2.0)
    soundfile.write(root / "take.wav", audio.samples.T, audio.rate_hz, subtype="PCM_24")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("controlroom.studio.walk.all_detectors", dict)
        studio = Studio(name="tester")
        finished = studio.finish(root / "take.wav", out=root / "song", decider=SaysYes())
        assert finished.render.masters
        studio.release(root / "song")
    return root / "song"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a released song, made once; not to be changed."""
    return _made(tmp_path_factory.mktemp("released"), 5)


@pytest.fixture
def song(released: Path, tmp_path: Path) -> Path:
    """Return a released song of one's own."""
    shutil.copytree(released, tmp_path / "song")
    return tmp_path / "song"


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _attack(song: Path, *statements: str) -> None:
    with closing(sqlite3.connect(song / "ledger.sqlite", isolation_level=None)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)


def _cut(song: Path) -> None:
    """Cut the end off, with its signatures and the head file; a manifest in ``renders/`` stays."""
    where = "(SELECT seq FROM entries WHERE kind = 'rendered') - 1"
    _attack(song, f"DELETE FROM signatures WHERE seq >= {where}", f"DELETE FROM entries WHERE seq >= {where}")
    (song / "ledger.head").unlink()
    shutil.rmtree(song / "release")


def _card(song: Path) -> dict[str, str]:
    lines = (song / "song.toml").read_text().splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line)


def test_a_whole_song_is_signed_and_nothing_is_left_to_tell(song: Path) -> None:
    found = Studio().verify(song)
    assert found.told == []
    assert any(line.startswith("signed by this machine's key ") for line in found.checked)
    assert any(line.startswith("premaster ") for line in found.checked)
    assert any(line.startswith("standards: ") for line in found.checked)
    assert any(line.startswith("release: 4 masters") for line in found.checked)


CHANGES: Mapping[str, tuple[Callable[[Path], object], type[ControlRoomError], str]] = {
    "premaster": (lambda s: _flip(next(s.glob("renders/*/premaster.wav"))), VerifyError, "verify.premaster"),
    "no premaster": (
        lambda s: next(s.glob("renders/*/premaster.wav")).unlink(),
        VerifyError,
        "verify.premaster",
    ),
    "master": (lambda s: _flip(next(s.glob("renders/*/*.flac"))), VerifyError, "verify.master"),
    "standards": (
        lambda s: _replace(s / "standards.toml", "value = -1.0", "value = -0.1"),
        VerifyError,
        "verify.standards",
    ),
    "song id": (lambda s: _replace(s / "song.toml", 'id = "', 'id = "f'), VerifyError, "verify.song"),
    "created at": (
        lambda s: _replace(s / "song.toml", 'created_at = "2', 'created_at = "1'),
        VerifyError,
        "verify.song",
    ),
    "released file": (lambda s: _flip(next(s.glob("release/*.flac"))), VerifyError, "verify.release"),
    "released file gone": (lambda s: next(s.glob("release/*.mp3")).unlink(), VerifyError, "verify.release"),
    "released manifest": (
        lambda s: _replace(s / "release" / "manifest.json", '"draft": false', '"draft": true'),
        VerifyError,
        "verify.release",
    ),
    "released manifest gone": (
        lambda s: (s / "release" / "manifest.json").unlink(),
        VerifyError,
        "verify.release",
    ),
    "cut tail, no head file": (_cut, LedgerError, "ledger.cut"),
    "signatures taken off": (lambda s: _attack(s, "DELETE FROM signatures"), LedgerError, "ledger.stripped"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_noticed(song: Path, name: str) -> None:
    change, kind, code = CHANGES[name]
    change(song)
    with pytest.raises(kind) as caught:
        Studio().verify(song)
    assert caught.value.code == code
    assert str(song) in caught.value.message or "entry" in caught.value.message


def test_the_command_leaves_with_a_code_and_tells(song: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (song / "release" / "cover.jpg").write_bytes(b"a picture")
    assert run(["verify", str(song)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("-- ")] == [
        "--  release/cover.jpg: no part of what was released; it was put there by somebody"
    ]
    assert run(["verify", str(song), "--json"]) == 0
    stored = json.loads(capsys.readouterr().out)
    assert stored["told"] == ["release/cover.jpg: no part of what was released; it was put there by somebody"]
    _flip(next(song.glob("renders/*/premaster.wav")))
    assert run(["verify", str(song)]) == 8
    assert "premaster.wav is missing or changed [verify.premaster]" in capsys.readouterr().err


def test_another_song_in_its_place_is_noticed(song: Path) -> None:
    other = Path(__file__).parents[1] / "fixtures" / "song-schema-2"
    card = song / "song.toml"
    kept = card.read_bytes()
    shutil.rmtree(song)
    shutil.copytree(other, song)
    assert Studio().verify(song)
    card.write_bytes(kept)
    with pytest.raises(VerifyError, match="and the ledger of song 14e7efba3a96f73a") as caught:
        Studio().verify(song)
    assert caught.value.code == "verify.song"


def test_a_manifest_of_another_song_in_renders_is_noticed(song: Path) -> None:
    other = next((Path(__file__).parents[1] / "fixtures" / "song-schema-2").glob("renders/*"))
    shutil.copytree(other, song / "renders" / "0009-00000000")
    with pytest.raises(LedgerError) as caught:
        Studio().verify(song)
    assert caught.value.code == "ledger.cut"


def test_a_persons_folder_in_renders_is_told_and_left(song: Path) -> None:
    (song / "renders" / "notes").mkdir()
    (song / "renders" / "notes" / "manifest.json").write_text("[1]")
    told = Studio().verify(song).told
    assert told == ["renders/notes/manifest.json: no manifest that can be read; not checked"]


def test_a_song_from_elsewhere_says_so(
    song: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    short = _public(config_folder)[:16]
    monkeypatch.setenv("CONTROLROOM_CONFIG", str(tmp_path / "elsewhere"))
    seq = len(Studio().history(song))
    told = Studio().verify(song).told
    assert told == [f"signed by another: {short}, entries 1 to {seq}"]
    assert not (tmp_path / "elsewhere").exists()  # to verify makes no key
    Studio(name="other").note(song, 0.0, 1.0, "mine")
    found = Studio().verify(song)
    assert found.told == told
    own = _public(tmp_path / "elsewhere")[:16]
    assert f"signed by this machine's key {own}: entries {seq + 1} to {seq + 2}" in found.checked


def _public(config: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = bytes.fromhex(json.loads((config / FILE_NAME).read_text())["ed25519"])
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw().hex()


def test_without_a_configuration_folder_work_goes_on_unsigned(
    song: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONTROLROOM_CONFIG", str(tmp_path / "file" / "below"))
    seq = len(Studio().history(song))
    note = Studio(name="tester").note(song, 0.0, 1.0, "unsigned")
    assert note in Studio().show(song).notes
    assert f"not signed: entries {seq + 1} to {seq + 2}" in Studio().verify(song).told


def test_a_title_that_was_changed_by_hand_is_told(song: Path) -> None:
    _replace(song / "song.toml", f"title = {_card(song)['title']}", 'title = "Renamed"')
    (told,) = Studio().verify(song).told
    assert told.startswith("song.toml: the song was created as")


def test_a_lost_reference_is_noticed(song: Path) -> None:
    studio = Studio(name="tester")
    audio = music(np.random.default_rng(9), 1.0)
    soundfile.write(song.parent / "reference.wav", audio.samples.T, audio.rate_hz)
    reference = studio.add_reference(song, song.parent / "reference.wav")
    assert any(reference.id in line for line in studio.verify(song))
    _flip(song / reference.archived_as)
    with pytest.raises(VerifyError) as caught:
        studio.verify(song)
    assert caught.value.code == "verify.reference"


def test_a_premaster_whose_hash_was_not_kept_is_checked_by_its_samples(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parents[1] / "fixtures" / "song-schema-1", tmp_path / "song")
    premaster = next((tmp_path / "song").glob("renders/*/premaster.wav"))
    assert any("of its bytes no hash was kept" in line for line in Studio().verify(tmp_path / "song").told)
    _flip(premaster)
    with pytest.raises(VerifyError) as caught:
        Studio().verify(tmp_path / "song")
    assert caught.value.code == "verify.premaster"


def test_a_path_that_leads_out_is_refused(song: Path) -> None:
    with closing(sqlite3.connect(song / "ledger.sqlite")) as db:
        (take,) = db.execute("SELECT body FROM entries WHERE kind = 'take.added'").fetchone()
    outside = song.parent / "take.wav"
    shutil.copy(song / json.loads(take)["archived_as"], outside)
    (song / json.loads(take)["archived_as"]).unlink()
    (song / json.loads(take)["archived_as"]).symlink_to(outside)
    with pytest.raises(VerifyError) as caught:
        Studio().verify(song)
    assert caught.value.code == "path.outside"


def test_standards_that_are_set_are_the_ones_in_force(song: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('"loudness.ceiling_dbtp" = -1.5\n')
    studio = Studio(name="tester")
    assert studio.standards(song, set_from=mine).number("loudness.ceiling_dbtp") == -1.5
    assert studio.verify(song).told == []
    _replace(song / "standards.toml", "value = -1.5", "value = -0.5")
    with pytest.raises(VerifyError):
        studio.verify(song)
    studio.standards(song, set_from=mine)  # as the hint says
    assert studio.verify(song).told == []


def test_what_a_person_put_into_the_release_is_told(song: Path) -> None:
    shutil.copy(next(song.glob("release/*.wav")), song / "release" / "louder.wav")
    assert any("louder.wav: no part of what was released" in line for line in Studio().verify(song).told)
