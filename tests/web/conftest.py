from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from controlroom.studio.studio import Studio
from controlroom.web.app import create_app
from controlroom.web.gate import Session
from controlroom.web.shelf import song_id
from tests.kept import Kept
from tests.web.making import a_song, a_take

PORT = 8765


@dataclass(frozen=True)
class Console:
    app: FastAPI
    client: TestClient
    session: Session
    workspace: Path
    root: Path

    @property
    def song(self) -> str:
        return f"/songs/{song_id(self.root)}"

    def studio(self) -> Studio:
        return Studio(name="tester")


@pytest.fixture(scope="session")
def take_file(kept: Kept) -> Path:
    name = "Glass Harbour.wav"
    return kept.once("web-take", lambda folder: a_take(folder / name, 6.0)) / name


@pytest.fixture(scope="session")
def made_song(kept: Kept, take_file: Path) -> Path:
    name = "glass-harbour"
    return kept.once("web-song", lambda folder: a_song(folder / name, take_file)) / name


@pytest.fixture
def console(tmp_path: Path, made_song: Path) -> Iterator[Console]:
    root = tmp_path / "songs" / "glass-harbour"
    shutil.copytree(made_song, root)
    session = Session(PORT)
    app = create_app(root.parent, session, Studio(name="tester"))
    with TestClient(
        app, base_url=f"http://127.0.0.1:{PORT}", cookies={session.cookie_name: session.cookie}
    ) as client:
        yield Console(app, client, session, root.parent, root)
