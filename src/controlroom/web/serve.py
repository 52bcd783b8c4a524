"""Opens the door: a free port on this machine, the address to open, and the server."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from controlroom.model.errors import EnvironmentFault, UsageError
from controlroom.report.plain import HarmlessFormatter
from controlroom.studio.faults import told
from controlroom.web.gate import Session
from controlroom.web.shelf import UNTOUCHED_S, Shelf

HOST = "127.0.0.1"
WAITING = 128
"""How many may knock before the first is answered."""
DOOR = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Control Room</title>"
    '<meta http-equiv=refresh content="0;url={url}"><p><a href="{url}">Open the console</a></p>\n'
)
LOG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": HarmlessFormatter, "fmt": "%(levelname)s: %(message)s"}},
    "handlers": {"plain": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        name: {"handlers": ["plain"], "level": "WARNING", "propagate": False}
        for name in ("uvicorn", "asyncio")
    },
}


def serve(root: Path, port: int, say: Callable[[str], None], *, browser: bool) -> None:
    """Serve the console until it is interrupted.

    Raises
    ------
    UsageError
        When there is no such folder.
    EnvironmentFault
        When the port can't be had, or the folder can't be read or written.
    """
    import uvicorn

    from controlroom.web.app import create_app

    root = Path(os.path.abspath(root))  # noqa: PTH100 -- text in, text out: links stay as they are named
    shelf = _usable(root)
    with bound(port) as listener:
        session = Session(int(listener.getsockname()[1]))
        app = create_app(root, session)
        config = uvicorn.Config(
            app, log_config=LOG, log_level="warning", access_log=False, timeout_graceful_shutdown=2
        )

        class Door(uvicorn.Server):
            """Ends the event streams first: they would keep a leaving server waiting."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                app.state.room.hub.close()
                super().handle_exit(sig, frame)

        with _doorway(shelf.keep, session.url) as page:
            what = "song" if shelf.single else "songs in"
            say(f"The console of the {what} {root} is open at")
            say("")
            say(f"  {session.url}")
            say("")
            say("The address lets one browser in, once. Stop the console with Ctrl-C.")
            if browser:
                threading.Thread(target=webbrowser.open, args=[page.as_uri()], daemon=True).start()
            door = Door(config)
            door.run(sockets=[listener])
        if not door.started:
            raise EnvironmentFault("env.console", "the console did not start", "the lines above say why")


def bound(port: int) -> socket.socket:
    """Return a socket that listens on this machine only, and already takes callers; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(WAITING)
    except OSError as error:
        listener.close()
        raise EnvironmentFault(
            "env.port", f"port {port} can't be had: {error.strerror}", "name another with --port"
        ) from error
    return listener


def _usable(root: Path) -> Shelf:
    """Return the shelf over a folder that can be read and written: answers are kept in it."""
    if not root.is_dir():
        raise UsageError(
            "studio.no-folder", f"there is no folder {root}", "name a song's folder, or one of songs"
        )
    try:
        shelf = Shelf(root)
        shelf.songs()
        shelf.keep.mkdir(parents=True, exist_ok=True)
        probe = shelf.keep / f".{secrets.token_hex(6)}.part"
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
        (shelf.keep / "console.secret").unlink(missing_ok=True)  # an older version kept its key there
    except OSError as error:
        raise told(error) from error
    return shelf


@contextmanager
def _doorway(keep: Path, url: str) -> Iterator[Path]:
    """Lay the address down in a page that its owner alone can read.

    A browser is told where to go on its command line, which every user of the
    machine can list: so it is told of this page, and the token stands in none.
    """
    for old in keep.glob("open-*.html"):
        with suppress(OSError):
            if old.stat().st_mtime < time.time() - UNTOUCHED_S:
                old.unlink()
    page = keep / f"open-{secrets.token_hex(8)}.html"
    with os.fdopen(os.open(page, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as door:
        door.write(DOOR.format(url=url))
    try:
        yield page
    finally:
        page.unlink(missing_ok=True)
