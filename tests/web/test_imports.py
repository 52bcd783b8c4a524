from __future__ import annotations

import time

import pytest

from controlroom.web.shelf import file_name, slug, song_id


def ended(console, job_id, limit_s=120.0):
    until = time.monotonic() + limit_s
    while (job := console.client.get(f"/jobs/{job_id}").json())["state"] == "running":
        assert time.monotonic() < until
        time.sleep(0.1)
    return job


def test_a_dropped_take_becomes_a_song_with_questions(console, take_file):
    answer = console.client.post(
        "/imports", params={"name": "../../My  Täke.wav"}, content=take_file.read_bytes()
    )
    assert answer.status_code == 202
    job = ended(console, answer.json()["id"])
    assert job["state"] == "done", job
    desk = console.studio().desk(console.workspace / "my-take")
    assert desk.take.facts.file_name == "My  Täke.wav"
    assert desk.cards
    assert list((console.workspace / ".console").glob("import-*")) == []
    assert sorted(path.name for path in console.workspace.iterdir()) == [
        ".console",
        "glass-harbour",
        "my-take",
    ]


def test_what_is_no_sound_is_refused_and_leaves_nothing(console):
    answer = console.client.post("/imports", params={"name": "virus.wav"}, content=b"MZ" + b"\0" * 5000)
    job = ended(console, answer.json()["id"])
    assert job["state"] == "failed"
    assert job["error"]["code"].startswith(("audio.", "decode"))
    assert sorted(path.name for path in console.workspace.iterdir()) == [".console", "glass-harbour"]
    assert list((console.workspace / ".console").glob("import-*")) == []


def test_an_empty_upload_is_refused_at_once(console):
    answer = console.client.post("/imports", params={"name": "a.wav"}, content=b"")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "upload.empty"


@pytest.mark.parametrize(
    "given, kept",
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Songs\\take.wav", "take.wav"),
        ("..", "take"),
        ("a\0b\n.wav", "ab.wav"),
        ("x" * 400 + ".wav", "x" * 100 + ".wav"),
        ('a<b>"c|?*:.mp3', "abc.mp3"),
        ("", "take"),
    ],
)
def test_a_name_becomes_harmless(given, kept):
    assert file_name(given) == kept


def test_ids_keep_songs_apart(tmp_path):
    assert slug("Ünder the Bridge!") == "under-the-bridge"
    assert song_id(tmp_path / "日本") != song_id(tmp_path / "中国")
    assert song_id(tmp_path / "a b") != song_id(tmp_path / "a-b")


def test_an_incomplete_take_is_refused_with_an_offer_that_the_page_can_take_up(console, take_file):
    cut = take_file.read_bytes()
    cut = cut[: len(cut) * 2 // 3]
    sent = {"name": "cut.wav"}
    job = ended(console, console.client.post("/imports", params=sent, content=cut).json()["id"])
    assert job["error"]["code"] == "audio.truncated"
    assert "--as-is" in job["error"]["hint"]
    job = ended(
        console, console.client.post("/imports", params={**sent, "as_is": True}, content=cut).json()["id"]
    )
    assert job["state"] == "done", job
    facts = console.studio().desk(console.workspace / "cut").take.facts
    assert facts.as_is
    asked = console.client.post("/imports", params={**sent, "scale_db": 900}, content=cut)
    assert asked.status_code == 422
