from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from controlroom.web.gate import UPLOAD_LIMIT_BYTES, Session
from tests.web.conftest import PORT, Console

HERE = f"http://127.0.0.1:{PORT}"


def bare(console: Console, **options: str) -> TestClient:
    return TestClient(console.app, base_url=HERE, follow_redirects=False, **options)


def test_the_token_is_changed_for_a_cookie_that_scripts_and_other_sites_never_get(console):
    client = bare(console)
    answer = client.get(console.session.url)
    assert answer.status_code == 200
    assert (
        'content="0;url=/"' in answer.text
    )  # a page of our own asks for the next: a strict cookie goes along
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert console.session.token not in cookie
    assert client.get("/songs").status_code == 200


def test_the_token_opens_once(console):
    first = bare(console)
    first.get(console.session.url)
    late = bare(console).get(console.session.url)
    assert late.status_code == 401
    assert "set-cookie" not in late.headers
    again = first.get(console.session.url)  # a reload in the browser that is in
    assert (again.status_code, again.headers["location"]) == (303, "/")


def test_a_look_at_the_address_does_not_use_the_token_up(console):
    assert bare(console).head(console.session.url).status_code == 401
    assert bare(console).get("/", params={"token": "wrong"}).status_code == 401
    assert bare(console).get(console.session.url).status_code == 200


def test_a_page_on_this_machine_may_bring_the_token(console):
    """The browser calls what the private page leads to cross-site: it came from a file."""
    assert bare(console).get(console.session.url, headers={"sec-fetch-site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_a_wrong_token_opens_nothing(console, token):
    answer = bare(console).get("/", params={"token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/songs", "/jobs", "/events", "/static/js/main.js", "/openapi.json", "/processors"]
)
def test_nothing_is_shown_without_a_session(console, path):
    answer = bare(console).get(path)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "request.session"


def test_a_forged_cookie_opens_nothing(console):
    for value in ("", "0" * 64, console.session.cookie[:-1]):
        client = bare(console)
        client.cookies.set(console.session.cookie_name, value)
        assert client.get("/songs").status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", f"127.0.0.1:{PORT + 1}", "127.0.0.1", f"evil.example:{PORT}"]
)
def test_another_host_is_refused(console, host):
    answer = console.client.get("/songs", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "request.host"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", "http://localhost"]
)
def test_another_origin_is_refused(console, origin):
    answer = console.client.post("/songs", json={"title": "x"}, headers={"origin": origin})
    assert answer.status_code == 403
    assert list(console.workspace.iterdir()) == [console.root]


def test_what_a_browser_marks_as_cross_site_is_refused(console):
    assert console.client.get("/songs", headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_its_own_origin_is_taken(console):
    assert console.client.get("/songs", headers={"origin": HERE}).status_code == 200


@pytest.mark.parametrize("path", ["/songs", "/nowhere", "/static/js/main.js"])
def test_every_answer_forbids_inline_script_and_strangers(console, path):
    headers = console.client.get(path, headers={"accept": "text/html"}).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_two_gigabytes_are_refused_before_a_byte_is_read(console):
    def never():
        raise AssertionError("the body was read")
        yield b""

    answer = console.client.post(
        "/imports", params={"name": "huge.wav"}, content=never(), headers={"content-length": str(2 << 30)}
    )
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "upload.too-large"
    assert UPLOAD_LIMIT_BYTES < 2 << 30


def test_json_is_bounded_too(console):
    answer = console.client.post(
        "/songs", content=b"x" * (2 << 20), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


def test_token_and_cookie_die_with_the_server():
    one, two = Session(1), Session(1)
    assert one.cookie != two.cookie
    assert one.token != two.token
    assert len(one.cookie) == 64
