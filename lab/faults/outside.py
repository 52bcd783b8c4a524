"""A look from outside, in a process that had no part in it: does every song open, verify, hold what was said."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import soundfile

from controlroom.media.files import sha256_of
from controlroom.model.decisions import Decision
from controlroom.studio.studio import Studio
from lab.faults.acts import command
from lab.faults.place import Place

HALF_NAMES = ("*.part", "*.creating", "*.making", "*-journal", ".console/import-*", ".console/parcel-*")
"""What a killed run leaves, and a later one sweeps."""
VOLATILE = re.compile(r"^(at|by|id|.*_at|hash|prev|auditioned_s|clock|manifest.*|carried_from)$")
EVENTS = ("rendered", "released", "song.created", "findings", "withheld", "proposal")
"""Kinds of entry that tell what was done and not what a person said; a rerun may add to them."""
LONG_AGO_S = 2 * 86400.0
PROMISES = ("opens", "verifies", "kept", "theirs")


def look(place: Place) -> int:
    """Write down what is found: problems by the promise they break, and what the songs have come to."""
    found: dict[str, list[str]] = {"opens": [], "verifies": [], "kept": [], "theirs": []}
    songs = [path for path in sorted(place.songs.iterdir()) if _is_song(path)]
    for song in songs:
        for name, words in (("opens", ["show", str(song), "--json"]), ("verifies", ["verify", str(song)])):
            code, error = command(words)
            if code != 0:
                found[name].append(f"{song.name}: {words[0]} ends with {code} [{error}]")
    if not found["opens"]:
        found["kept"] = list(_not_kept(place))
    found["theirs"] = list(_not_theirs(place))
    outcome = {} if found["opens"] else {song.name: outcome_of(song) for song in songs}
    place.looked.write_text(json.dumps({**found, "outcome": outcome, "files": _files(place.songs)}))
    return 0


def age(place: Place) -> None:
    """Let two days pass for what nobody's lock covers: it is swept when it is old."""
    then = time.time() - LONG_AGO_S
    old = [
        path for pattern in (".console/*", "*/.cache", ".*.creating") for path in place.songs.glob(pattern)
    ]
    empty = [path for path in place.songs.iterdir() if path.is_dir() and not any(path.iterdir())]
    for path in (*old, *empty):
        for one in (*path.rglob("*"), path):
            os.utime(one, (then, then))


def leftovers(place: Place) -> list[str]:
    """Return what no run needs any more."""
    found = (path for pattern in HALF_NAMES for path in place.songs.rglob(pattern))
    return sorted(path.relative_to(place.songs).as_posix() for path in found)


def outcome_of(song: Path) -> dict[str, Any]:
    """Return what a song has come to: what a person said, and what sounds of it."""
    said = {
        json.dumps([entry["kind"], _lasting(entry["body"])], sort_keys=True)
        for entry in Studio().history(song)
        if entry["kind"] not in EVENTS
    }
    rendered = [e["body"] for e in Studio().history(song) if e["kind"] == "rendered"][-1:]
    return {
        "said": sorted(said),
        "standing": standing(song),
        "standards": _digest((song / "standards.toml").read_bytes()),
        "masters": _masters(song, rendered[0]) if rendered else {},
        "release": _sounds(song, (song / "release").glob("*")),
    }


def standing(song: Path) -> dict[str, Any]:
    """Return the answer that stands for each question."""
    decisions = Studio().show(song).decisions
    return {id_: _lasting(one.model_dump(mode="json")) for id_, one in sorted(decisions.items())}


def _masters(song: Path, rendered: Mapping[str, Any]) -> dict[str, Any]:
    folder = (song / rendered["manifest"]).parent
    return {"premaster": rendered["premaster_digest"], **_sounds(song, folder.glob("*"))}


def _sounds(song: Path, files: Iterable[Path]) -> dict[str, str]:
    """Return a digest of the samples of each lossless file, and of the bytes of each other master."""
    found = {}
    for path in sorted(files):
        if path.suffix in (".wav", ".flac"):
            samples = soundfile.read(path, dtype="float32")[0]
            found[path.name] = _digest(samples.tobytes())
        elif path.suffix in (".mp3", ".m4a"):
            found[path.name] = sha256_of(path)
    return {f"{song.name}: {name}": digest for name, digest in found.items()}


def _is_song(path: Path) -> bool:
    return (
        path.is_dir()
        and not path.name.startswith(".")
        and any((path / n).exists() for n in ("song.toml", "ledger.sqlite"))
    )


def _not_kept(place: Place) -> Iterable[str]:
    """Yield what was acknowledged and is not in a ledger."""
    histories = {path.name: Studio().history(path) for path in place.songs.iterdir() if _is_song(path)}
    everywhere = {
        Decision.model_validate(entry["body"]).id
        for entries in histories.values()
        for entry in entries
        if entry["kind"] == "decision"
    }
    for said in place.said_so_far():
        for name, (seq, digest) in said.get("heads", {}).items():
            entries = histories.get(name, [])
            if len(entries) < seq or entries[seq - 1]["hash"] != digest:
                yield f"{name}: entry {seq} was acknowledged and is gone"
        if "decision" in said and said["decision"] not in everywhere:
            yield f"decision {said['decision']} was acknowledged and is gone"


def _not_theirs(place: Place) -> Iterable[str]:
    for name, digest in place.known.get("theirs", {}).items():
        path = place.songs / name
        if not path.is_file() or sha256_of(path) != digest:
            yield f"{name} was a person's own and is gone"


def _files(songs: Path) -> list[str]:
    """Return the names of all files that are no cache, without what differs from run to run."""
    names = (path.relative_to(songs).as_posix() for path in songs.rglob("*") if path.is_file())
    kept = (name for name in names if not re.search(r"(^|/)\.(cache|console|lock)|\.part$|-journal$", name))
    return sorted({re.sub(r"(\d{4}-)?[0-9a-f]{8,}", "#", name) for name in kept})


def _lasting(value: Any) -> Any:
    """Return a body without what differs from run to run."""
    if isinstance(value, dict):
        return {key: _lasting(item) for key, item in value.items() if not VOLATILE.match(key)}
    return [_lasting(item) for item in value] if isinstance(value, list) else value


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
