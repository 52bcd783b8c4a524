"""A person at the console, from outside: upload, listen, decide, render, release; every answer is kept."""

from __future__ import annotations

import http.cookiejar
import json
import re
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from lab.faults.acts import acknowledge
from lab.faults.place import Place

ANSWERS_S = 20.0
DIES_S = 3.0
JOB_S = 90.0
OPENS_S = 60.0
ROUNDS = 6
PATIENCE_S = 40.0


class GoneError(Exception):
    """The server is no longer there."""


class StoppedError(Exception):
    """The server is there, and said that what was asked did not come about."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Visit:
    """One browser at one server.

    ``alive`` tells whether the server still runs: a socket alone does not.
    """

    place: Place
    alive: Callable[[], bool]
    address: str = ""
    _opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
    )

    def enter(self) -> None:
        """Wait for the address, and come in by its token."""
        written = self.place.address
        until = time.monotonic() + OPENS_S
        while not (found := re.search(r"(http://\S+?)/(\S*)\s", _text_of(written))):
            if not self.alive() or time.monotonic() > until:
                raise GoneError
            time.sleep(0.02)
        self.address = found[1]
        while not self._answers():
            if not self.alive() or time.monotonic() > until:
                raise GoneError
            time.sleep(0.02)
        self._ask("GET", f"/{found[2]}", html=True)

    def _answers(self) -> bool:
        host, _, port = self.address.rpartition("/")[2].partition(":")
        try:
            socket.create_connection((host, int(port)), ANSWERS_S).close()
        except OSError:
            return False
        return True

    def whole_job(self, take: Path) -> None:
        """Go from a file to a release; what is done already is not done again."""
        song = self._song_with(take)
        self._job("POST", f"{song}/listening")
        for _ in range(ROUNDS):
            self._job("POST", f"{song}/proposals", {})
            shown = self._ask("GET", song)
            answered = {one["proposal_id"] for one in shown["decisions"]}
            asked = [one["id"] for one in shown["proposals"] if one["id"] not in answered]
            if not asked:
                break
            for proposal in asked:
                self._decide(song, proposal)
        self._job("POST", f"{song}/renders")
        self._ask("POST", f"{song}/release")

    def _song_with(self, take: Path) -> str:
        """Return the song's address; the take is sent where no song has one."""
        known = [one["id"] for one in self._ask("GET", "/songs") if one["title"] == take.stem]
        for song in known:
            if self._ask("GET", f"/songs/{song}")["take"]:
                return f"/songs/{song}"
        query = {"name": take.name, **({"song": known[0]} if known else {})}
        job = self._job("POST", f"/imports?{urllib.parse.urlencode(query)}", take.read_bytes())
        return f"/songs/{job['song']}"

    def _decide(self, song: str, proposal: str) -> None:
        address = f"{song}/proposals/{proposal}/decision"
        try:
            made = self._ask("POST", address, {"answer": "accept", "reason": "I want it so"})
        except StoppedError as stopped:
            if not stopped.code.startswith("decision."):
                raise  # only a rival that was accepted before forbids it
            made = self._ask("POST", address, {"answer": "reject", "reason": "the other one"})
        acknowledge(self.place, {"decision": made["id"]})

    def _job(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Start a job, and wait for its end; a song that is still in use is waited for."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._one_job(method, path, body)
            except StoppedError as stopped:
                if stopped.code not in ("song.busy", "job.busy") or time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def _one_job(self, method: str, path: str, body: Any) -> dict[str, Any]:
        job = self._ask(method, path, body)
        until = time.monotonic() + JOB_S
        while job["state"] == "running":
            if time.monotonic() > until:
                raise StoppedError("job.never-ends")
            time.sleep(0.03)
            job = self._ask("GET", f"/jobs/{job['id']}")
        if job["state"] != "done":
            raise StoppedError(str((job["error"] or {}).get("code", job["state"])))
        return dict(job)

    def _ask(self, method: str, path: str, body: Any = None, *, html: bool = False) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        request = urllib.request.Request(self.address + path, data=data, method=method)  # noqa: S310 -- our own server
        request.add_header("content-type", kind)
        request.add_header("accept", "text/html" if html else "application/json")
        try:
            with self._opener.open(request, timeout=ANSWERS_S) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise StoppedError(_code_of(error.read())) from error
        except (OSError, HTTPException) as error:
            raise (StoppedError("no answer") if self._lives_on() else GoneError()) from error
        return None if html else json.loads(text)

    def _lives_on(self) -> bool:
        """Return whether the server still runs when a kill that is under way has had its time."""
        until = time.monotonic() + DIES_S
        while self.alive() and time.monotonic() < until:
            time.sleep(0.02)
        return self.alive()


def _text_of(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _code_of(text: bytes) -> str:
    try:
        return str(json.loads(text)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "no JSON"
