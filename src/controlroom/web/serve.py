"""Opens the door: a free port on this machine, the address to open, and the server."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from controlroom.model.errors import EnvironmentFault, UsageError
from controlroom.studio.folder import SongFolder
from controlroom.web.gate import Session, kept_secret
from controlroom.web.shelf import Shelf

HOST = "127.0.0.1"


def serve(root: Path, port: int, say: Callable[[str], None], *, browser: bool) -> None:
    """Serve the console until it is interrupted.

    Raises
    ------
    UsageError
        When there is no such folder.
    EnvironmentFault
        When the port can't be had.
    """
    import uvicorn

    from controlroom.web.app import create_app

    if not root.is_dir():
        raise UsageError(
            "studio.no-folder", f"there is no folder {root}", "name a song's folder, or one of songs"
        )
    with bound(port) as listener:
        session = Session(int(listener.getsockname()[1]), kept_secret(Shelf(root.absolute()).keep))
        app = create_app(root.absolute(), session)
        what = "song" if SongFolder(root).exists() else "songs in"
        say(f"The console of the {what} {root} is open at\n\n  {session.url}\n\nStop it with Ctrl-C.")
        if browser:
            threading.Timer(0.8, webbrowser.open, [session.url]).start()
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)

        class Door(uvicorn.Server):
            """Ends the event streams first: they would keep a leaving server waiting."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                app.state.room.hub.close()
                super().handle_exit(sig, frame)

        Door(config).run(sockets=[listener])


def bound(port: int) -> socket.socket:
    """Return a socket that listens on this machine only; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise EnvironmentFault(
            "env.port", f"port {port} can't be had: {error}", "name another with --port"
        ) from error
    return listener
