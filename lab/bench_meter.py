"""The meter's speed against ffmpeg's ``ebur128=peak=true``: CPU seconds of the same track in the same run.

``python -m lab.bench_meter [file]``; without a file, the track is synthesised.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

RUNS = 5
RATE_HZ = 44100
DURATION_S = 210


def track(seed: int = 1) -> Samples:
    """Return 3.5 minutes of stereo that is as dense as music: drums, bass, chords, hiss, hot in the choruses."""
    rng = np.random.default_rng(seed)
    t = np.arange(DURATION_S * RATE_HZ, dtype=np.float32) / RATE_HZ
    beat = np.exp(-(t % 0.5) * 18)
    drums = beat * rng.standard_normal(t.size, dtype=np.float32) * 0.3
    bass = 0.3 * np.sin(2 * np.pi * 55 * t)
    hiss = 0.02 * rng.standard_normal((2, t.size), dtype=np.float32)
    chords = [sum(np.sin(2 * np.pi * f * t + c) for f in (220.0, 277.2, 329.6, 1318.5)) for c in (0.0, 0.7)]
    arc = 0.4 + 0.6 * (np.floor(t / 30) % 2)
    mix = (drums + bass + 0.08 * np.stack(chords) + hiss) * arc
    return np.ascontiguousarray(np.tanh(1.4 * mix), dtype=np.float32)


def ours_cpu_s(samples: Samples, rate_hz: int) -> float:
    """Return the CPU seconds of one full measurement in this process."""
    from controlroom.dsp.loudness import measure

    before = time.process_time()
    measure(samples, rate_hz)
    return time.process_time() - before


def ffmpeg_cpu_s(raw: Path, rate_hz: int, channels: int, filters: str) -> float:
    """Return the CPU seconds of one ffmpeg process over a raw float file."""
    source = ["-f", "f32le", "-ar", str(rate_hz), "-ac", str(channels), "-i", str(raw)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", *source, "-af", filters, "-f", "null", "-"],
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cold_compile_cpu_s() -> float:
    """Return the CPU seconds that importing the meter takes with an empty numba cache, less those with a full one."""
    with tempfile.TemporaryDirectory() as cache:
        runs = []
        for _ in range(2):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-c", "import controlroom.dsp.loudness"],
                check=True,
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            runs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return runs[0] - runs[1]


def bench(samples: Samples | None = None, rate_hz: int = RATE_HZ) -> dict[str, float]:
    """Return medians of five runs in CPU seconds, taken in turns; ffmpeg's are absent where it is not installed."""
    sound = track() if samples is None else samples
    ours_cpu_s(sound[:, :rate_hz], rate_hz)  # load what is compiled
    ours: list[float] = []
    theirs: list[float] = []
    reading: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "track.f32"
        sound.T.astype("<f4").tofile(raw)
        for _ in range(RUNS):
            ours.append(ours_cpu_s(sound, rate_hz))
            if shutil.which("ffmpeg"):
                theirs.append(ffmpeg_cpu_s(raw, rate_hz, sound.shape[0], "ebur128=peak=true"))
                reading.append(ffmpeg_cpu_s(raw, rate_hz, sound.shape[0], "anull"))
    figures = {
        "track_s": sound.shape[1] / rate_hz,
        "ours_cpu_s": statistics.median(ours),
        "cold_compile_cpu_s": cold_compile_cpu_s(),
    }
    if theirs:
        figures["ffmpeg_ebur128_peak_true_cpu_s"] = statistics.median(theirs)
        figures["ffmpeg_reading_alone_cpu_s"] = statistics.median(reading)
        figures["ours_to_ffmpeg"] = figures["ours_cpu_s"] / figures["ffmpeg_ebur128_peak_true_cpu_s"]
    return figures


def main() -> None:
    """Print the figures."""
    if len(sys.argv) > 1:
        import soundfile

        data, rate_hz = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
        figures = bench(np.ascontiguousarray(data.T), rate_hz)
    else:
        figures = bench()
    for name, value in figures.items():
        print(f"{name:34s} {value:9.3f}")


if __name__ == "__main__":
    main()
