"""``make demo``: a flawed take, made here, through the main job."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from controlroom.media.encode import MediaFormat, write
from lab.defects.demo import demo_take

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "demo"


def main() -> int:
    """Make the take, finish it, and say how to go on."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    print("Synthesising a 45 s take with the flaws of a generator …", flush=True)
    made = demo_take()
    take, song = FOLDER / "demo-take.flac", FOLDER / "song"
    write(take, made.take, MediaFormat.FLAC24)
    for planted in made.planted:
        print(f"  planted: {planted.kind} ({planted.defect})", flush=True)
    print(f"\n./controlroom finish {take.relative_to(ROOT)} --out demo/song --policy trusting\n", flush=True)
    job = [str(ROOT / "controlroom"), "finish", str(take), "--out", str(song), "--policy", "trusting"]
    code = subprocess.run(job, check=False).returncode
    if code == 0:
        print(f"\nReport:   {song / 'report.html'}")
        print(f"Masters:  {max((song / 'renders').iterdir())}")
        print("Your own: ./controlroom finish my-take.mp3")
    return code


if __name__ == "__main__":
    sys.exit(main())
