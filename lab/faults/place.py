"""One run's folder: what is watched, and beside it what is said and seen."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAST = Path("/dev/shm")  # noqa: S108 -- a sync costs nothing in memory, and what is asked for is seen all the same
ROOM_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run works. Calls below ``watched`` count: songs, temporary files, the user's configuration."""

    root: Path

    @property
    def watched(self) -> Path:
        """Return the folder that the tripwire is laid around."""
        return self.root / "watched"

    @property
    def songs(self) -> Path:
        """Return the workspace."""
        return self.watched / "songs"

    @property
    def plan(self) -> Path:
        """Return the tripwire's plan."""
        return self.root / "plan"

    @property
    def said(self) -> Path:
        """Return the list of what was acknowledged, one JSON object a line."""
        return self.root / "said"

    @property
    def looked(self) -> Path:
        """Return what a look from outside found."""
        return self.root / "looked.json"

    @property
    def address(self) -> Path:
        """Return what the console says when it opens."""
        return self.root / "address"

    @property
    def known(self) -> dict[str, Any]:
        """Return what the tree's maker wrote down: open questions, a person's own files."""
        return dict(json.loads((self.root / "known.json").read_text()))

    def env(self) -> dict[str, str]:
        """Return the environment that keeps a process inside."""
        folders = {"TMPDIR": "tmp", "XDG_CONFIG_HOME": "config", "CONTROLROOM_CONFIG": "config"}
        return {name: str(self.watched / folder) for name, folder in folders.items()}

    def copied(self, root: Path) -> Place:
        """Return a copy for one run."""
        shutil.copytree(self.root, root)
        return Place(root)

    def said_so_far(self) -> list[dict[str, Any]]:
        """Return what was acknowledged."""
        lines = self.said.read_text().splitlines() if self.said.exists() else []
        return [json.loads(line) for line in lines]


def made(root: Path) -> Place:
    """Make an empty place."""
    place = Place(root)
    for name in ("songs", "tmp", "config"):
        (place.watched / name).mkdir(parents=True)
    (root / "known.json").write_text("{}")
    return place


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for many runs: in memory where there is room, or else on disk."""
    fast = os.access(FAST, os.W_OK) and shutil.disk_usage(FAST).free > ROOM_BYTES
    return tempfile.TemporaryDirectory(prefix="faults-", dir=FAST if fast else None)
