from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

HTML = {"accept": "text/html"}
ROOMS = ("", "/stems", "/music", "/references", "/takes", "/standards", "/history", "/masters", "/desk")


class Inline(HTMLParser):
    """Finds what a strict policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not str(given.get("src", "")).startswith("/static/")):
            self.found.append(tag)
        for name in ("src", "href"):
            if re.match(r"(https?:)?//", given.get(name) or ""):
                self.found.append(f"{tag} {given[name]}")


@pytest.mark.parametrize("room", ROOMS)
def test_no_page_needs_what_its_policy_forbids(console, room):
    answer = console.client.get(console.song + room, headers=HTML)
    assert answer.status_code == 200
    parser = Inline()
    parser.feed(answer.text)
    assert parser.found == []


def test_the_desk_asks_every_question_with_its_knobs(console):
    text = console.client.get(console.song, headers=HTML).text
    desk = console.studio().desk(console.root)
    assert len(desk.cards) >= 3
    for card in desk.cards:
        assert f'data-proposal="{card.proposal.id}"' in text
        for name in card.proposal.step.knobs:
            assert f'id="{card.proposal.id}-{name}"' in text


def test_what_a_person_writes_is_escaped(console):
    console.client.post(
        f"{console.song}/notes", json={"start_s": 1, "end_s": 2, "text": "<script>alert(1)</script>"}
    )
    text = console.client.get(console.song, headers=HTML).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_same_address_tells_data_to_who_asks_for_data(console):
    shown = console.client.get(console.song, headers={"accept": "application/json"}).json()
    assert shown["title"] == "Glass Harbour"
    assert shown == console.studio().show(console.root).as_dict()


def test_a_workspace_lists_its_songs_and_opens_on_the_list(console):
    listed = console.client.get("/songs").json()
    assert [one["title"] for one in listed] == ["Glass Harbour"]
    assert console.client.get("/", follow_redirects=False).headers["location"] == "/songs"


@pytest.mark.parametrize("song", ["nope", "..", "%2e%2e", "%2fetc", "glass-harbour", "a" * 300])
def test_no_song_is_found_by_a_path(console, song):
    answer = console.client.get(f"/songs/{song}/takes")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"code", "message", "hint", "exit_code"}


def test_the_report_runs_only_what_was_shipped(console):
    console.studio().render(console.root)
    answer = console.client.get(f"{console.song}/report/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    digest = re.search(r"script-src '(sha256-[^']+)'", policy)
    assert digest
    assert digest[1] in answer.text
    sound = next((console.root / "auditions").rglob("*.flac")).relative_to(console.root).as_posix()
    assert console.client.get(f"{console.song}/report/{sound}").status_code == 200
    for other in ("ledger.sqlite", "../ledger.sqlite", "auditions/../ledger.sqlite", "%2e%2e/ledger.sqlite"):
        assert console.client.get(f"{console.song}/report/{other}").status_code == 404
