"""Stems and parts through the page's door."""

from __future__ import annotations

import io
import os
import time
import zipfile

import numpy as np
import pytest
from starlette.testclient import TestClient

from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
from controlroom.studio.console_sounds import samples_of
from controlroom.studio.studio import Studio
from controlroom.web.app import create_app
from controlroom.web.shelf import UNTOUCHED_S
from tests.tolerances import FLOAT32
from tests.web.making import RATE_HZ
from tests.web.test_imports import ended


@pytest.fixture
def stems(console, tmp_path):
    """Two stems that add up to the take: what lies over a line, and the rest."""
    take = samples_of(
        console.studio().sound_files(console.root, console.studio().sounds(console.root)["take"].id)
    )
    t = np.arange(take.frames) / RATE_HZ
    voice = (0.1 * np.sin(2 * np.pi * (330 + 5 * np.sin(2 * np.pi * 5 * t)) * t) * (t % 2 < 1)).astype(
        np.float32
    )
    lead = np.stack([voice, voice])
    files = {"Lead Vocals.wav": lead, "Bass and other.wav": take.samples - lead}
    for name, samples in files.items():
        write(tmp_path / name, Audio(samples.astype(np.float32), RATE_HZ), MediaFormat.WAV32F)
    return [tmp_path / name for name in files]


def song_of(console):
    return console.song.rpartition("/")[2]


def sent(console, files):
    parcel = ""
    for file in files:
        params = {"name": file.name, "parcel": parcel}
        answer = console.client.post("/imports/parcels", params=params, content=file.read_bytes())
        assert answer.status_code == 201, answer.text
        parcel = answer.json()["parcel"]
    return parcel


ROLES = {"Bass and other.wav": "other"}


@pytest.fixture
def with_stems(console, stems):
    parcel = sent(console, stems)
    job = ended(
        console,
        console.client.post(f"{console.song}/stems", json={"parcel": parcel, "roles": ROLES}).json()["id"],
    )
    assert job["state"] == "done", job
    return console


@pytest.mark.slow
def test_a_folder_of_stems_comes_as_one_parcel(with_stems):
    console = with_stems
    told = console.client.get(f"{console.song}/stems").json()
    assert {"vocals", "other"} <= {line["role"] for line in told["stems"]}
    assert told["null_db"] < -60
    sounds = console.client.get(f"{console.song}/stems/sounds").json()
    studio = console.studio()
    leaves = [line["role"] for line in told["stems"] if line["leaf"]]
    total = sum(samples_of(studio.sound_files(console.root, sounds[role]["id"])).samples for role in leaves)
    take = samples_of(studio.sound_files(console.root, studio.sounds(console.root)["take"].id)).samples
    assert np.max(np.abs(total - take)) <= 4 * FLOAT32
    assert list((console.workspace / ".console").glob("parcel-*")) == []

    # a step on a stem, heard alone: only that stem's part of the mix moves
    made = console.client.post(
        f"{console.song}/previews",
        json={
            "processor": "gain",
            "part": "vocals",
            "knobs": {"gain_db": -6.0},
            "stretch": {"start_s": 1, "end_s": 5},
        },
    )
    assert made.status_code == 201, made.text
    heard = samples_of(studio.sound_files(console.root, made.json()["id"])).samples
    first = made.json()["start_frame"]
    vocals = samples_of(studio.sound_files(console.root, sounds["vocals"]["id"])).samples
    stretch = slice(first, first + heard.shape[1])
    expected = take[:, stretch] + (10 ** (-6 / 20) - 1) * vocals[:, stretch]
    assert np.max(np.abs(heard - expected)) <= 1e-4

    # what a person says of a part, and what follows
    said = {"part": "vocals", "status": "stays", "reason": "it is why the song is"}
    assert console.client.post(f"{console.song}/marks", json=said).status_code == 201
    (mark,) = console.client.get(f"{console.song}/marks").json()
    assert (mark["part"], mark["status"]) == ("vocals", "stays")
    step = {"processor": "gain", "part": "vocals", "knobs": {"gain_db": -1}}
    refused = console.client.post(f"{console.song}/steps", json=step)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "part.protected")
    back = console.client.post(f"{console.song}/marks", json={"part": "vocals", "status": None})
    assert back.status_code == 201
    assert console.client.get(f"{console.song}/marks").json() == []


def test_stems_of_unknown_names_are_asked_about_and_the_parcel_waits(console, stems):
    parcel = sent(console, stems)
    job = ended(console, console.client.post(f"{console.song}/stems", json={"parcel": parcel}).json()["id"])
    if job["state"] == "done":
        pytest.skip("the names told what they are")
    assert job["error"]["code"] == "stem.role-asked"
    assert "Bass and other" in job["error"]["message"]
    assert (console.workspace / ".console" / f"parcel-{parcel}").is_dir()


def test_a_zip_that_is_none_is_refused_and_leaves_nothing(console):
    answer = console.client.post(
        "/imports", params={"name": "stems.zip", "song": song_of(console), "role": "stems"}, content=b"PK no"
    )
    job = ended(console, answer.json()["id"])
    assert job["state"] == "failed"
    assert list((console.workspace / ".console").glob("import-*")) == []


def test_a_zip_that_climbs_out_writes_nothing_outside(console):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr("../../evil.wav", b"RIFF")
    answer = console.client.post(
        "/imports",
        params={"name": "stems.zip", "song": song_of(console), "role": "stems"},
        content=held.getvalue(),
    )
    assert ended(console, answer.json()["id"])["state"] == "failed"
    assert list(console.workspace.parent.rglob("evil*")) == []


@pytest.mark.parametrize(
    "method, path, body, status",
    [
        ("post", "stems", {"parcel": "0" * 16}, 400),
        ("post", "stems", {"parcel": "../../../etc"}, 422),
        ("post", "stems/separation", {"backend": "nobody"}, 202),
        ("post", "marks", {"part": "vocals", "status": "stays"}, 409),
        ("post", "marks", {"part": "nothing", "status": "stays"}, 400),
        ("post", "marks", {"part": "mix", "status": "loud"}, 422),
        ("post", "kinds/hiss/decision", {"answer": "accept"}, 409),
        ("get", "references/r-0/sound", None, 404),
        ("get", "history/differences?then=1&now=99999", None, 400),
        ("get", "history/differences?then=0&now=1", None, 422),
    ],
)
def test_what_can_not_be_is_told(console, method, path, body, status):
    asked = {"json": body} if body is not None else {}
    answer = getattr(console.client, method)(f"{console.song}/{path}", **asked)
    assert answer.status_code == status, answer.text
    if status != 202:
        assert set(answer.json()["error"]) == {"code", "message", "hint", "exit_code"}
    else:
        assert ended(console, answer.json()["id"])["state"] == "failed"


def test_two_files_of_one_name_stay_two_in_their_parcel(console):
    parcel, kept = "", []
    for name, body in (
        ("/Song/drums/loop.wav", b"1"),
        ("/Song/bass/loop.wav", b"2"),
        ("loop.wav", b"3"),
        ("loop.wav", b"4"),
        ("../../loop.wav", b"5"),
    ):
        answer = console.client.post(
            "/imports/parcels", params={"name": name, "parcel": parcel}, content=body
        )
        assert answer.status_code == 201, answer.text
        parcel = answer.json()["parcel"]
        kept.append(answer.json()["name"])
    folder = console.workspace / ".console" / f"parcel-{parcel}"
    assert kept == ["drums/loop.wav", "bass/loop.wav", "loop.wav", "loop (2).wav", "loop (3).wav"]
    assert [(folder / name).read_bytes() for name in kept] == [b"1", b"2", b"3", b"4", b"5"]
    empty = console.client.post("/imports/parcels", params={"name": "x.wav", "parcel": parcel}, content=b"")
    assert empty.status_code == 400
    assert not (folder / "x.wav").exists()


def test_a_parcel_has_an_end(console):
    parcel = ""
    for number in range(41):
        answer = console.client.post(
            "/imports/parcels", params={"name": f"{number}.wav", "parcel": parcel}, content=b"x"
        )
        parcel = answer.json().get("parcel", parcel)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "upload.too-many"
    unknown = console.client.post(
        "/imports/parcels", params={"name": "a.wav", "parcel": "f" * 16}, content=b"x"
    )
    assert unknown.status_code == 400


def grown_old(folder):
    then = time.time() - UNTOUCHED_S - 60
    for path in (*folder.iterdir(), folder):
        os.utime(path, (then, then))


def test_what_was_sent_and_never_imported_goes(console, take_file):
    """On the next import, and when the console is opened; what somebody may still import stays."""
    keep = console.workspace / ".console"

    def send():
        answer = console.client.post("/imports/parcels", params={"name": "a.wav"}, content=b"x")
        return keep / f"parcel-{answer.json()['parcel']}"

    old, older, fresh = send(), send(), send()
    grown_old(old)
    assert send().is_dir()
    assert not old.exists()
    assert older.is_dir()
    assert fresh.is_dir()

    grown_old(older)
    left = keep / "import-ab12cd_9"
    left.mkdir()
    grown_old(left)
    job = console.client.post("/imports", params={"name": "a.wav"}, content=take_file.read_bytes()).json()
    console.client.delete(f"/jobs/{job['id']}")
    assert not older.exists()
    assert not left.exists()
    assert fresh.is_dir()

    grown_old(fresh)
    with TestClient(create_app(console.workspace, console.session, Studio(name="tester"))):
        assert not fresh.exists()
