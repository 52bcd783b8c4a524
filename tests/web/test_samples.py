"""Samples over HTTP: they come in as uploads do, are listed, and go."""

from __future__ import annotations

import re

import numpy as np

from tests.studio.test_samples import thud, written
from tests.web.test_imports import ended


def sent(console, path, name):
    song = console.song.rpartition("/")[2]
    answer = console.client.post(
        "/imports", params={"name": name, "song": song, "role": "sample"}, content=path.read_bytes()
    )
    assert answer.status_code == 202
    return ended(console, answer.json()["id"])


def test_a_sent_one_shot_is_a_sample_and_no_take(console, tmp_path):
    before = console.studio().desk(console.root).take
    job = sent(console, written(tmp_path / "t.wav", thud()), "../Thud.wav")
    assert job["state"] == "done", job
    (kept,) = console.client.get(f"{console.song}/samples").json()
    assert (kept["id"], kept["file_name"]) == (job["result"]["sample"], "Thud.wav")
    assert console.studio().desk(console.root).take == before
    assert list((console.workspace / ".console").glob("import-*")) == []
    assert console.client.delete(f"{console.song}/samples/{kept['id']}").json() == {"id": kept["id"]}
    assert console.client.get(f"{console.song}/samples").json() == []
    again = console.client.delete(f"{console.song}/samples/{kept['id']}")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "sample.missing")


def test_what_is_no_one_shot_says_so(console, tmp_path):
    job = sent(console, written(tmp_path / "t.wav", np.tile(thud(), 9)), "Loop.wav")
    assert (job["state"], job["error"]["code"]) == ("failed", "sample.too-long")
    assert "Loop.wav" in job["error"]["message"]
    assert console.client.get(f"{console.song}/samples").json() == []


def test_the_page_lists_samples_and_offers_them_to_a_layer(console, tmp_path):
    empty = console.client.get(f"{console.song}/stems", headers={"accept": "text/html"}).text
    assert "Drop a sample" in empty
    kept = console.studio().add_sample(console.root, written(tmp_path / "<b>Thud.wav", thud()))
    room = console.client.get(f"{console.song}/stems", headers={"accept": "text/html"}).text
    assert f'data-sample="{kept.id}"' in room
    assert "&lt;b&gt;Thud</b>" in room
    assert "rings at 70" in room
    desk = console.client.get(console.song, headers={"accept": "text/html"}).text
    assert re.search(rf'<option\s+value="{kept.id}"\s*>\s*&lt;b&gt;Thud\s*</option>', desk)
    knobs = {one["name"]: one for one in console.client.get("/processors").json()["layer"]["knobs"]}
    assert (knobs["sample"]["type"], knobs["sample"]["default"]) == ("sample", "")
