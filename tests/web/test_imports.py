from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from lab.songs import make_song

from controlroom.media.encode import MediaFormat, write
from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError, SongError
from controlroom.studio.studio import Studio
from controlroom.web.jobs import Job
from controlroom.web.shelf import UNTOUCHED_S, Shelf, file_name, slug, song_id
from controlroom.web.work import take_in


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


def test_two_of_one_name_dropped_together_both_come_in(console, tmp_path, monkeypatch):
    monkeypatch.setattr("controlroom.studio.walk.all_detectors", dict)
    jobs = []
    runner = console.app.state.room.runner

    def later(kind, song, work, *arguments, after):
        jobs.append((song, work, arguments, after))
        return Job(str(len(jobs)), kind, song)

    monkeypatch.setattr(runner, "start", later)
    sound = make_song(1, duration_s=1.0).mix
    for form in (MediaFormat.MP3_320, MediaFormat.WAV24):
        file = tmp_path / f"Pair{form.extension}"
        write(file, sound, form)
        answer = console.client.post("/imports", params={"name": file.name}, content=file.read_bytes())
        assert answer.status_code == 202
    for _, work, arguments, after in jobs:
        work(Context(), *arguments)
        after()
    roots = [console.workspace / name for name in ("pair", "pair-2")]
    assert [song for song, *_ in jobs] == [song_id(root) for root in roots]
    takes = [console.studio().show(root).take for root in roots]
    assert [take.facts.file_name for take in takes] == ["Pair.mp3", "Pair.wav"]


def test_a_failed_second_upload_leaves_the_finished_song(console, take_file):
    first = console.client.post("/imports", params={"name": "Glass Harbour.wav"}, content=b"no sound" * 999)
    assert ended(console, first.json()["id"])["state"] == "failed"
    empty = console.client.post("/imports", params={"name": "Glass Harbour.wav"}, content=b"")
    assert empty.status_code == 400
    assert console.studio().show(console.root).take is not None
    assert sorted(path.name for path in console.workspace.iterdir()) == [".console", "glass-harbour"]


def test_a_song_that_a_terminal_made_meanwhile_survives_the_import(tmp_path, take_file):
    shelf = Shelf(tmp_path)
    root = shelf.new_folder("Pair")
    song = Studio(name="tester").new(root, title="of the terminal")
    sent = tmp_path / ".console" / "import-abcdefgh"
    sent.mkdir(parents=True)
    file = sent / "Pair.wav"
    file.write_bytes(take_file.read_bytes())
    with pytest.raises(SongError) as caught:
        take_in(Context(), str(root), str(file), "Pair", new=True)
    shelf.give_back(root)
    assert caught.value.code == "song.exists"
    assert Studio(name="tester").show(song).title == "of the terminal"
    assert not sent.exists()


@pytest.mark.parametrize("bytes_", [b"no sound" * 999, None])
def test_an_import_that_comes_to_nothing_removes_only_what_was_made_for_it(tmp_path, take_file, bytes_):
    shelf = Shelf(tmp_path)
    root = shelf.new_folder("Pair")
    theirs = tmp_path / "sent by hand"
    theirs.mkdir()
    (theirs / "Pair.wav").write_bytes(take_file.read_bytes() if bytes_ is None else bytes_)

    context = Context(cancel=lambda: True) if bytes_ is None else Context()
    with pytest.raises(ControlRoomError):
        take_in(context, str(root), str(theirs / "Pair.wav"), "Pair", new=True)
    assert (theirs / "Pair.wav").is_file()  # no folder that was sent to the console
    shelf.give_back(root)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".console", "sent by hand"]
    assert list((tmp_path / ".console").iterdir()) == []


def test_names_are_claimed_one_each_in_a_race(tmp_path):
    shelf = Shelf(tmp_path)
    with ThreadPoolExecutor(8) as many:
        folders = list(many.map(lambda _: shelf.new_folder("Pair"), range(40)))
    assert len(set(folders)) == 40
    assert folders[0].parent == tmp_path


def test_a_killed_upload_leaves_no_folder_and_its_name_is_free_again(tmp_path):
    shelf = Shelf(tmp_path)
    assert shelf.new_folder("Pair").name == "pair"  # and killed: it is never given back
    assert [path.name for path in tmp_path.iterdir()] == [".console"]
    second = shelf.new_folder("Pair")
    assert second.name == "pair-2"
    shelf.give_back(second)
    long_ago = time.time() - UNTOUCHED_S - 1
    os.utime(tmp_path / ".console" / "claim-pair", (long_ago, long_ago))
    shelf.sweep()
    assert shelf.new_folder("Pair").name == "pair"


def test_a_folder_of_the_persons_own_is_no_place_for_a_song(tmp_path):
    (tmp_path / "pair").mkdir()
    shelf = Shelf(tmp_path)
    root = shelf.new_folder("Pair")
    shelf.give_back(root)
    assert root.name == "pair-2"
    assert (tmp_path / "pair").is_dir()


def test_only_what_was_sent_is_swept(tmp_path):
    keep = tmp_path / ".console"
    names = ("import-abcdefgh", "parcel-0123456789abcdef", "import-notes of mine", "parcel-x")
    for name in names:
        (keep / name).mkdir(parents=True)
        os.utime(keep / name, (0, 0))
    for name in (".0123456789ab.part", ".mine.part"):
        (keep / name).touch()
        os.utime(keep / name, (0, 0))
    Shelf(tmp_path).sweep()
    assert sorted(path.name for path in keep.iterdir()) == [".mine.part", "import-notes of mine", "parcel-x"]


def test_a_release_of_what_was_taken_back_is_refused(console, monkeypatch):
    monkeypatch.setattr("controlroom.studio.walk.all_detectors", dict)
    monkeypatch.setattr("controlroom.studio.routing.FORMATS", (MediaFormat.FLAC24,))
    studio = console.studio()
    studio.propose(console.root, target_lufs=-16.0)
    assert not studio.render(console.root).render.draft
    decisions = studio.show(console.root).decisions
    studio.undo(console.root, next(id_ for id_, one in decisions.items() if one.sounds))
    answer = console.client.post(f"{console.song}/release")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "release.decisions"
    assert "controlroom render" in answer.json()["error"]["hint"]


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
