"""A person's word on the music over HTTP: kept, told with who and when, taken back, refused with its reason."""

from __future__ import annotations

import pytest

SECTIONS = [{"start_s": 0.0, "label": "verse"}, {"start_s": 3.0, "label": "chorus"}]


def say(console, **what):
    return console.client.post(f"{console.song}/music", json=what)


def music(console):
    return console.client.get(f"{console.song}/music").json()


def test_a_word_is_kept_and_told_apart_from_what_was_heard(console):
    before = music(console)
    assert before["said"] == {}
    assert before["heard"]["tempo_bpm"] == before["tempo_bpm"]
    answer = say(console, tempo_bpm=90.0, key="A:min", reason="I wrote it")
    assert answer.status_code == 201
    assert (answer.json()["tempo_bpm"], answer.json()["by"]) == (90.0, "tester")
    after = music(console)
    assert (after["tempo_bpm"], after["key"]) == (90.0, "A:min")
    assert after["heard"] == before["heard"]
    word = after["said"]["tempo_bpm"]
    assert (word["value"], word["by"], word["reason"]) == (90.0, "tester", "I wrote it")
    assert word["at"] == answer.json()["at"]
    assert set(after["said"]) == {"tempo_bpm", "key"}


def test_what_is_taken_back_is_as_it_was_heard_and_the_rest_stays(console):
    before = music(console)
    say(console, tempo_bpm=90.0)
    say(console, sections=SECTIONS)
    say(console, tempo_bpm=100.0)
    assert [one["label"] for one in music(console)["sections"]] == ["verse", "chorus"]
    assert say(console, withdrawn=["tempo_bpm"], reason="no").status_code == 201
    after = music(console)
    assert after["tempo_bpm"] == before["tempo_bpm"]
    assert after["beats_s"] == before["beats_s"]
    assert set(after["said"]) == {"sections"}
    says = console.client.get(f"{console.song}/history", headers={"accept": "text/html"}).text
    assert "tester took back the word on tempo bpm" in says
    say(console, withdrawn=["sections"])
    assert {**music(console), "said": {}} == before


def test_pages_are_told_that_the_music_changed(console):
    hub = console.app.state.room.hub
    number = hub.now
    say(console, beats_per_bar=3)
    told = [(event.kind, event.data) for event in hub.since(number)]
    assert told == [("song", {"song": console.song.removeprefix("/songs/"), "music": True})]


@pytest.mark.parametrize(
    "what, status, code, message",
    [
        ({}, 400, "music.nothing", "nothing was corrected"),
        ({"tempo_bpm": 1000}, 422, "request.invalid", "tempo_bpm: Input should be less than or equal to 400"),
        ({"beats_per_bar": 0}, 422, "request.invalid", "beats_per_bar"),
        ({"key": "H:dur"}, 400, "music.label", "'H:dur' is no key"),
        ({"key": "N"}, 400, "music.label", "'N' is no key"),
        ({"chords": [{"start_s": 0, "label": "Cm7b5"}]}, 400, "music.label", "'Cm7b5' is no key or triad"),
        ({"sections": [{"start_s": 0, "label": "  "}]}, 422, "request.invalid", "sections.0.label"),
        ({"sections": [{"start_s": -1, "label": "a"}]}, 422, "request.invalid", "sections.0.start_s"),
        ({"sections": [SECTIONS[0]] * 2}, 400, "music.twice", "two begin at 0 s"),
        ({"first_downbeat_s": 99}, 400, "music.place", "99 s is after the take's end, 6.0 s"),
        ({"withdrawn": ["key"]}, 400, "music.not-said", "nothing was said of key"),
        ({"withdrawn": ["loudness"]}, 400, "music.value", "withdrawn.0"),
        ({"tempo": 90}, 422, "request.invalid", "tempo"),
    ],
)
def test_what_cannot_be_is_refused_in_the_one_shape_and_nothing_is_kept(console, what, status, code, message):
    before = len(console.studio().history(console.root))
    answer = say(console, **what)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert message in error["message"]
    assert len(console.studio().history(console.root)) == before


def test_the_gate_stands_before_it(console):
    answer = console.client.post(
        f"{console.song}/music", json={"tempo_bpm": 90}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    console.client.cookies.clear()
    assert say(console, tempo_bpm=90).status_code in (401, 403)
    assert [e for e in console.studio().history(console.root) if e["kind"] == "music.corrected"] == []


def test_the_room_has_a_labelled_field_for_each(console):
    page = console.client.get(f"{console.song}/music", headers={"accept": "text/html"}).text
    for name in ("tempo_bpm", "first_downbeat_s", "beats_per_bar", "key"):
        assert f'data-say="{name}"' in page
    assert 'data-controller="section-list"' in page
    assert 'data-controller="chord-name"' in page
