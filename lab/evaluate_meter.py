"""The meter against ffmpeg's ``ebur128``, fed the same decoded samples at their own rate."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from controlroom.dsp.loudness import measure
from controlroom.media.decode import decode
from controlroom.model.audio import Audio
from lab.evaluate_finish import SHARED, takes

_FIELD = re.compile(r"lavfi\.r128\.(I|LRA)=(-?[\d.]+)")
LONG_S = 60.0


def ffmpeg_reading(audio: Audio) -> dict[str, float]:
    """Return ffmpeg's integrated loudness and range, from its frame metadata (the summary has one decimal)."""
    source = ["-f", "f32le", "-ar", str(audio.rate_hz), "-ac", str(audio.channels), "-i", "-"]
    graph = "ebur128=metadata=1:framelog=verbose,ametadata=print:file=-"
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", *source, "-af", graph, "-f", "null", "-"],
        input=audio.samples.T.tobytes(),
        capture_output=True,
        check=True,
    )
    return {name: float(value) for name, value in _FIELD.findall(done.stdout.decode())}


def section() -> str:
    """Return the table of every take."""
    if not SHARED.is_dir() or not shutil.which("ffmpeg"):
        return "The shared audio or ffmpeg is not on this machine: nothing was measured."
    lines = ["| take | ours LUFS | ffmpeg | ΔI | ΔLRA |", "|---|---|---|---|---|"]
    worst = {"I": 0.0, "LRA": 0.0}
    for path in [*takes(), *takes(SHARED / "human")]:
        audio = decode(Path(path)).audio
        ours, theirs = measure(audio.samples, audio.rate_hz), ffmpeg_reading(audio)
        moved = {"I": ours.integrated_lufs - theirs["I"], "LRA": ours.loudness_range_lu - theirs["LRA"]}
        if audio.duration_s >= LONG_S:
            worst = {name: max(worst[name], abs(moved[name])) for name in worst}
        lines.append(
            f"| {path.stem[:28]} | {ours.integrated_lufs:.3f} | {theirs['I']:.3f} | {moved['I']:+.3f} | {moved['LRA']:+.2f} |"
        )
        print(lines[-1], flush=True)
    told = f"Worst over files of 60 s or more: |ΔI| {worst['I']:.3f} LU (bar 0.05), |ΔLRA| {worst['LRA']:.2f} LU (bar 0.2)."
    return "\n".join([told, "", *lines])
