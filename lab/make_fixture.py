"""A frozen song of the current schemas, small enough to be kept: ``python -m lab.make_fixture``.

Made once when a schema is released, and never again: later versions must open it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from controlroom.ledger.migrations import SCHEMA_NUMBER
from controlroom.studio.studio import Studio

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures"


def main() -> int:
    """Make ``tests/fixtures/song-schema-N`` of the ledger's schema, signed by a key that is thrown away."""
    song = FIXTURES / f"song-schema-{SCHEMA_NUMBER}"
    if song.exists():
        print(f"{song} is there and frozen")
        return 1
    studio = Studio(now=lambda: "2026-11-22T00:00:00+00:00", name="fixture")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CONTROLROOM_CONFIG"] = folder
        take = Path(folder) / "take.wav"
        t = np.arange(6400) / 8000
        soundfile.write(
            take, 0.2 * np.sin(2 * np.pi * 220 * t) * np.exp(-3 * (t % 0.25)), 8000, subtype="PCM_16"
        )
        studio.finish(take, out=song, policy="none")
        studio.note(song, 0.1, 0.4, "frozen")
    for made_again in ("auditions", ".cache"):
        shutil.rmtree(song / made_again, ignore_errors=True)
    for name in (".lock", "report.html"):
        (song / name).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
