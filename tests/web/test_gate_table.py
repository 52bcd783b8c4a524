"""Every route against every kind of request that does not belong here, and five hundred pages that listen at once."""

from __future__ import annotations

import re
import resource
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.testclient import TestClient

from controlroom.studio.studio import Studio
from controlroom.web.app import create_app
from controlroom.web.gate import JSON_LIMIT_BYTES, UPLOAD_LIMIT_BYTES, UPLOAD_PATHS, Session
from controlroom.web.serve import bound
from tests.web.conftest import PORT
from tests.web.figures import note

STREAMS = 500
KINDS = {
    "no session": ({"cookie": ""}, 401, "request.session"),
    "a forged session": ({"cookie": f"controlroom-{PORT}={'0' * 64}"}, 401, "request.session"),
    "the session of an empty secret": ({"cookie": "EMPTY"}, 401, "request.session"),
    "a used token": ({"cookie": ""}, 401, "request.session"),
    "another host": ({"host": "evil.example"}, 421, "request.host"),
    "a name that leads here": ({"host": f"evil.example:{PORT}"}, 421, "request.host"),
    "another origin": ({"origin": "http://evil.example"}, 403, "request.origin"),
    "no origin to speak of": ({"origin": "null"}, 403, "request.origin"),
    "another site": ({"sec-fetch-site": "cross-site"}, 403, "request.origin"),
}


def routes(console) -> list[tuple[str, str]]:
    """Return every method and path, ids filled in."""
    asked = [
        (method.upper(), re.sub(r"\{song\}", console.song.rpartition("/")[2], path))
        for path, methods in console.app.openapi()["paths"].items()
        for method in methods
    ]
    return [
        *((method, re.sub(r"\{[^}]+\}", "x", path)) for method, path in asked),
        ("GET", "/"),
        ("GET", "/static/js/main.js"),
        ("GET", "/openapi.json"),
        ("GET", "/nowhere"),
        ("DELETE", "/songs"),
        ("OPTIONS", "/songs"),
    ]


def test_every_route_is_behind_the_gate(console):
    empty = Session(PORT, "").cookie
    outsider = TestClient(console.app, base_url=f"http://127.0.0.1:{PORT}", follow_redirects=False)
    outsider.get(console.session.url)
    outsider.cookies.clear()
    wrong, count = [], 0
    before = {path: path.stat().st_mtime_ns for path in console.workspace.rglob("*") if path.is_file()}
    for method, path in routes(console):
        for kind, (headers, status, code) in KINDS.items():
            sent = {"accept": "application/json", **headers}
            if "cookie" not in sent:
                sent["cookie"] = f"{console.session.cookie_name}={console.session.cookie}"
            sent["cookie"] = sent["cookie"].replace("EMPTY", f"{console.session.cookie_name}={empty}")
            params = {"token": console.session.token} if kind == "a used token" and path != "/" else {}
            answer = outsider.request(method, path, headers=sent, params=params)
            count += 1
            told = answer.json()["error"]["code"] if answer.content else code
            if (answer.status_code, told) != (status, code):
                wrong.append((method, path, kind, answer.status_code, told))
    assert wrong == []
    assert count > 400
    note(
        "Requests at the gate that do not belong here, routes × kinds",
        f"{count}, all refused",
        "no other answer",
    )
    assert before == {
        path: path.stat().st_mtime_ns for path in console.workspace.rglob("*") if path.is_file()
    }


def test_every_body_is_bounded_before_it_is_read(console):
    def never() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    for method, path in routes(console):
        if method in ("GET", "HEAD", "OPTIONS"):
            continue
        limit = UPLOAD_LIMIT_BYTES if path in UPLOAD_PATHS else JSON_LIMIT_BYTES
        answer = console.client.request(
            method, path, content=never(), headers={"content-length": str(limit + 1)}
        )
        assert (method, path, answer.status_code) == (method, path, 413)


@pytest.fixture
def enough_files() -> Iterator[None]:
    """Both ends of every stream are files of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def until(caller: socket.socket, wanted: bytes) -> None:
    read = b""
    while wanted not in read:
        more = caller.recv(4096)
        assert more, read
        read += more


@pytest.mark.slow
def test_five_hundred_streams_hear_everything_and_the_page_still_answers(tmp_path, enough_files):
    with bound(0) as listener:
        port = listener.getsockname()[1]
        session = Session(port)
        app = create_app(tmp_path, session, Studio(name="tester"))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        head = f"HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncookie: {session.cookie_name}={session.cookie}\r\n\r\n"
        callers = []
        try:
            for _ in range(STREAMS):
                caller = socket.create_connection(("127.0.0.1", port), 30)
                caller.sendall(f"GET /events {head}".encode())
                callers.append(caller)
            for caller in callers:
                until(caller, b": here")
            app.state.room.hub.tell("song", song="x")
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", port), 30) as page:
                page.sendall(f"GET /songs {head}".encode())
                until(page, b"200 OK")
            answered_s = time.monotonic() - began
            for caller in callers:
                until(caller, b'data: {"song": "x"}')
        finally:
            for caller in callers:
                caller.close()
            app.state.room.hub.close()
            server.should_exit = True
            thread.join(30)
    assert not thread.is_alive()
    note("Event streams at once", f"{STREAMS}, each hears all; the page answers in {answered_s:.1f} s", "500")


def test_one_song_that_can_not_be_opened_does_not_hide_the_others(console):
    (console.workspace / "broken").mkdir()
    (console.workspace / "broken" / "song.toml").write_text("schema = 3")
    listed = console.client.get("/songs").json()
    assert [one["state"] for one in listed if one["title"] == "broken"] == ["closed"]
    assert len(listed) == 2
    page = console.client.get("/songs", headers={"accept": "text/html"}).text
    assert "song.toml: expected a document of schema song/1, found 3" in page


def test_a_folder_that_nobody_may_look_into_is_no_song(console, monkeypatch):
    from controlroom.model.errors import EnvironmentFault
    from controlroom.studio.folder import SongFolder

    dark = console.workspace / "dark"
    dark.mkdir()
    looks = SongFolder.exists

    def look(folder: SongFolder) -> bool:
        if folder.root == dark:
            raise EnvironmentFault("env.not-readable", f"can't read '{dark}'")
        return looks(folder)

    monkeypatch.setattr(SongFolder, "exists", look)
    assert len(console.client.get("/songs").json()) == 1


def test_what_the_disk_refuses_is_no_fault_of_ours(console, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "ledger.sqlite")

    monkeypatch.setattr(type(console.app.state.room.studio), "note", full)
    answer = console.client.post(f"{console.song}/notes", json={"start_s": 0, "end_s": 1, "text": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "env.disk-full")
