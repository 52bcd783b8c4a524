from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.making import a_band, a_song, a_take

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
SHOTS = Path(__file__).parents[1] / "screenshots"


class Server:
    """The console as a person starts it, on a port that stays the same over restarts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = ""
        self.cookie: dict[str, object] | None = None
        self.process: subprocess.Popen[str] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "controlroom.cli",
            "studio",
            str(self.root),
            "--port",
            str(self.port),
            "--no-browser",
        ]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        for line in self.process.stdout:
            if found := re.search(r"http\S+", line):
                self.url = found[0]
                break
        self.cookie = None

    def let_in(self, context: object) -> None:
        """Give a browser the session: the address opens once, and every test has a browser of its own."""
        if self.cookie is None:
            page = context.new_page()
            page.goto(self.url)
            page.wait_for_url(f"{self.base}/songs**")
            self.cookie = next(one for one in context.cookies() if one["name"].endswith(str(self.port)))
            page.close()
        context.add_cookies([self.cookie])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip("Debian's Chromium is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def take_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_take(tmp_path_factory.mktemp("takes") / "Glass Harbour.wav", 12.0)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, take_file: Path) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("songs")
    a_song(root / "harbour", take_file)
    a_band(root / "band", tmp_path_factory.mktemp("stems"))
    server = Server(root)
    server.start()
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def page(browser, server) -> Iterator[object]:
    """A page that is let in, and that fails its test on any script error or blocked resource."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page = context.new_page()
    faults: list[str] = []
    refused: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None
    )
    page.on(
        "response",
        lambda one: one.status < 400 or refused.append(f"{one.status} {one.request.method} {one.url}"),
    )
    server.let_in(context)
    page.goto(server.base)
    page.set_default_timeout(60_000)
    yield page
    context.close()
    sys.stdout.write("\n".join(refused))  # shown with a test that fails
    assert faults == []
