"""The door as it is opened: it takes callers before it is told of, and its key stands on no command line."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
import uvicorn

from controlroom.model.errors import EnvironmentFault, UsageError
from controlroom.web import serve as serving
from controlroom.web.serve import bound, serve


@pytest.fixture
def opened(monkeypatch):
    """What the browser is told, and what lies there while the console is open; no request is served."""
    told: list[str] = []
    monkeypatch.setattr(serving.webbrowser, "open", told.append)

    def run(self, sockets):
        while not told:
            pass
        page = Path(told[0].removeprefix("file://"))
        told.extend([page.read_text(), stat.filemode(page.stat().st_mode)])
        self.started = True

    monkeypatch.setattr(uvicorn.Server, "run", run)
    return told


def test_the_token_is_in_a_private_page_and_in_no_argument(tmp_path, opened):
    said: list[str] = []
    serve(tmp_path, 0, said.append, browser=True)
    address = next(line.strip() for line in said if "token=" in line)
    token = address.partition("token=")[2]
    told, page, mode = opened
    assert token not in told
    assert f'url={address}"' in page
    assert mode == "-rw-------"
    assert not list((tmp_path / ".console").iterdir())  # it goes when the console does


def test_it_takes_callers_when_it_is_told_of(tmp_path, opened):
    def knock(line: str) -> None:
        if "http://" in line:
            port = int(line.partition("127.0.0.1:")[2].partition("/")[0])
            socket.create_connection(("127.0.0.1", port), 1).close()
            opened.append("knocked")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.Server, "run", lambda self, sockets: setattr(self, "started", True))
        serve(tmp_path, 0, knock, browser=False)
    assert opened == ["knocked"]


def test_a_port_that_is_taken_is_refused_before_anything_is_told():
    with bound(0) as first:
        port = first.getsockname()[1]
        with pytest.raises(EnvironmentFault, match=f"port {port} can't be had") as refused:
            bound(port)
    assert refused.value.code == "env.port"


def test_an_empty_or_old_secret_is_no_key(tmp_path, opened):
    (tmp_path / ".console").mkdir()
    (tmp_path / ".console" / "console.secret").touch()
    serve(tmp_path, 0, lambda _: None, browser=True)
    assert not (tmp_path / ".console" / "console.secret").exists()


@pytest.mark.parametrize("folder, code", [("nowhere", "studio.no-folder"), ("file", "studio.no-folder")])
def test_what_is_no_folder_is_refused(tmp_path, folder, code):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=folder) as refused:
        serve(tmp_path / folder, 0, lambda _: None, browser=False)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "asked, code",
    [("mkdir", "env.not-writable"), ("iterdir", "env.not-readable"), ("touch", "env.not-writable")],
)
def test_a_folder_that_can_not_be_used_is_refused_at_the_door(tmp_path, monkeypatch, asked, code):
    refusal = PermissionError(13, "Permission denied", str(tmp_path))

    def refuse(*_args: object, **_more: object) -> None:
        raise refusal

    monkeypatch.setattr(os, "access", lambda *_: asked != "iterdir")
    target, name = (os, "open") if asked == "touch" else (Path, asked)
    monkeypatch.setattr(target, name, refuse)
    with pytest.raises(EnvironmentFault, match="Permission denied") as refused:
        serve(tmp_path, 0, lambda _: None, browser=False)
    assert refused.value.code == code
