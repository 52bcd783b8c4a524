"""``make bench``: speeds and memory, each as a ratio to a yardstick of the same run.

``python -m lab.bench [SECTION …]``. Prints a table per section and writes it to
``docs/bench/SECTION.md``. Each program runs in a process of its own; a figure is the median.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from lab import bench_console, bench_listen, bench_stems
from lab.bench_meter import bench as bench_meter
from lab.bench_meter import track
from lab.children import ROOT, Weighed, python, weighed

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
DOCS = ROOT / "docs" / "bench"
SHARED = ROOT.parent / "shared" / "audio"
LISTEN_MB = 900
SINGLE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}

MATCHERING = """
import matchering, sys
matchering.process(target={take!r}, reference={reference!r}, results=[matchering.pcm16({out!r} + '16.wav'), matchering.pcm24({out!r} + '24.wav')])
"""
FINISH = """
from controlroom.cli.__main__ import run
import os
import sys
sys.exit(run(['finish', {take!r}, '--out', {out!r}, '--policy', 'trusting', '--json']))
"""
FINISH_FIRST = """
import sys
from lab.profiles import finish_first
sys.exit(finish_first({take!r}, {out!r}))
"""
PROFILE = """
from lab.profiles import tone_and_loudness
tone_and_loudness({take!r}, {out!r})
"""


class Yard:
    """A 3.5-minute take and a reference, as files, and a folder to write into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.take = folder / "take.wav"
        self.reference = folder / "reference.wav"
        # in a process of their own: a child's memory is counted from the fork of a small parent
        made = python(f"from lab.bench import write_yard; write_yard({str(folder)!r})")
        assert made.code == 0, made.out
        self._count = 0

    def out(self) -> str:
        """Return a new name to write under."""
        self._count += 1
        return str(self.folder / f"out{self._count}")

    def run(self, code: str, env: Mapping[str, str] = SINGLE) -> Weighed:
        """Run one program of the bench and weigh it."""
        done = python(
            code.format(take=str(self.take), reference=str(self.reference), out=self.out()), env=env
        )
        if done.code:
            raise RuntimeError(done.out[-2000:])
        return done


def write_yard(folder: str) -> None:
    """Write the take and the reference."""
    import soundfile

    _write_take(Path(folder) / "take.wav")
    reference = 0.9 * np.tanh(1.5 * track(seed=2))
    soundfile.write(Path(folder) / "reference.wav", reference.T, 44100, subtype="PCM_16")


def _write_take(path: Path) -> None:
    """Write the yardstick take: a shared AI take cut to 3.5 minutes at 44.1 kHz, or a synthetic one."""
    import soundfile

    real = SHARED / "ai" / "ace-step-v1.5" / "en_haunting.mp3"
    if real.is_file():
        from controlroom.media.decode import decode
        from controlroom.media.resample import resample

        samples = resample(decode(real).audio, 44100).samples[:, : 210 * 44100]
    else:
        samples = 0.5 * track()
    soundfile.write(path, np.clip(samples, -1, 1).T, 44100, subtype="PCM_16")


def median(runs: list[Weighed]) -> Weighed:
    """Return the run with the median CPU time."""
    return sorted(runs, key=lambda run: run.cpu_s)[len(runs) // 2]


def row(name: str, run: Weighed, yard: Weighed, bar: float, memory_bar: float | None = None) -> str:
    """Return a table row: CPU seconds, ratio and bar, memory."""
    ratio = run.cpu_s / yard.cpu_s
    held = _held(ratio <= bar)
    memory = f"{run.peak_mb:.0f} MB ({run.peak_mb / yard.peak_mb:.2f} ×)"
    if memory_bar is not None:
        memory += ", bar " + ("held" if run.peak_mb <= memory_bar * yard.peak_mb else "**missed**")
    return f"| {name} | {run.cpu_s:.2f} | {ratio:.2f} × | ≤ {bar:g} × | {held} | {memory} |"


def main_job() -> str:
    """The profile and the whole of ``finish`` against ``matchering.process``."""
    with tempfile.TemporaryDirectory() as folder:
        yard = Yard(Path(folder))
        yard.run(PROFILE)  # the kernels' cache is warm; the cold start is its own section
        programs = {
            "matchering": MATCHERING,
            "tone-and-loudness": PROFILE,
            "finish-first": FINISH_FIRST,
            "finish": FINISH,
        }
        runs: dict[str, list[Weighed]] = {name: [] for name in programs}
        for _ in range(RUNS):
            for name, code in programs.items():
                runs[name].append(yard.run(code))
    peer = median(runs["matchering"])
    lines = [
        f"| `matchering.process` (16 + 24 bit) | {peer.cpu_s:.2f} | 1 | | | {peer.peak_mb:.0f} MB |",
        row(
            "profile `tone-and-loudness`: add → verified 24-bit WAV",
            median(runs["tone-and-loudness"]),
            peer,
            0.7,
            0.5,
        ),
        row(
            "`finish --policy trusting` with that profile's detectors: WAV, FLAC, MP3, AAC, checks, report",
            median(runs["finish-first"]),
            peer,
            2.0,
            0.5,
        ),
        row("the same with every detector of the program", median(runs["finish"]), peer, 2.0, 0.5),
    ]
    return _table("CPU s", lines)


def cold_start() -> str:
    """The first run on a machine: every kernel compiled, against ``matchering.process``."""
    with tempfile.TemporaryDirectory() as folder:
        yard = Yard(Path(folder))
        peer = yard.run(MATCHERING)
        caches = [str(Path(folder) / f"cache{n}") for n in range(3)]
        cold = median([yard.run(PROFILE, {**SINGLE, "NUMBA_CACHE_DIR": cache}) for cache in caches])
        warm = median([yard.run(PROFILE) for _ in range(3)])
    spent = Weighed(0, cold.cpu_s - warm.cpu_s, 0, cold.peak_mb, "")
    return _table(
        "CPU s",
        [
            f"| `matchering.process` | {peer.cpu_s:.2f} | 1 | | | {peer.peak_mb:.0f} MB |",
            row("compiling every kernel once (cold less warm)", spent, peer, 1.5),
        ],
    )


def help_text() -> str:
    """``controlroom --help`` against importing what it can't do without."""
    imports = median([python("import typer, pydantic") for _ in range(9)])
    shown = median([weighed([sys.executable, "-m", "controlroom.cli.__main__", "--help"]) for _ in range(9)])
    return _table(
        "CPU s",
        [
            f"| `import typer, pydantic` | {imports.cpu_s:.2f} | 1 | | | |",
            row("`controlroom --help`", shown, imports, 3.0),
        ],
    )


def meter() -> str:
    """The full meter against ffmpeg's ``ebur128=peak=true``."""
    figures = bench_meter()
    lines = [f"| {name} | {value:.3f} |" for name, value in figures.items()]
    return "\n".join(["| figure | value |", "|---|---|", *lines])


def listening() -> str:
    """Listening to a stereo track of 3.5 minutes, everything but separation, against ``matchering.process``."""
    with tempfile.TemporaryDirectory() as folder:
        yard = Yard(Path(folder))
        yard.run(bench_listen.LISTEN)  # the kernels' cache is warm
        programs = {"matchering": MATCHERING, "listen": bench_listen.LISTEN, "passes": bench_listen.PASSES}
        runs: dict[str, list[Weighed]] = {name: [] for name in programs}
        for _ in range(RUNS):
            for name, code in programs.items():
                runs[name].append(yard.run(code))
    peer, heard = median(runs["matchering"]), median(runs["listen"])
    table = [
        f"| `matchering.process` (16 + 24 bit) | {peer.cpu_s:.2f} | 1 | | | {peer.peak_mb:.0f} MB |",
        row("`controlroom listen --json`: decode, every detector, the music", heard, peer, 1.5),
    ]
    held = "held" if heard.peak_mb <= LISTEN_MB else "**missed**"
    where = [bench_listen.ABOUT, *bench_listen.rows([run.out for run in runs["passes"]])]
    return "\n".join([_table("CPU s", table), f"\nBar on memory: {LISTEN_MB} MB, {held}.\n", *where])


def stems() -> str:
    """Twelve stems of 6 minutes at 48 kHz on the desk, a step on each: all of them, and one decision changed."""
    program = [sys.executable, "-m", "lab.bench_stems"]
    with tempfile.TemporaryDirectory() as folder:
        weighed([*program, folder, "write"])
        runs: dict[str, list[Weighed]] = {"full": [], "change": []}
        for turn in range(RUNS):
            for what, done in runs.items():
                done.append(weighed([*program, folder, what, str(-1.5 - turn)]))
        weighed([*program, folder, "wav"])
        commands = bench_stems.handled(Path(folder), SINGLE)
    full, changed = ([json.loads(run.out)["cpu_s"] for run in runs[what]] for what in runs)
    peak_mb = max(run.peak_mb for done in runs.values() for run in done)
    ratio = float(np.median(changed) / np.median(full))
    lines = [
        f"| every step, cache empty | {np.median(full):.2f} | 1 | | |",
        f"| one knob of one stem changed | {np.median(changed):.2f} | {ratio:.2f} × | ≤ 0.3 × | {_held(ratio <= 0.3)} |",
    ]
    table = "\n".join(["| render | CPU s | ratio | bar | held |", "|---|---|---|---|---|", *lines])
    memory = f"Peak memory {peak_mb:.0f} MB, bar 1500 MB, {_held(peak_mb <= 1500)}."
    return f"{table}\n\n{memory}\n\nThe same set met by each command, one run:\n\n{commands}"


def _held(held: bool) -> str:
    return "yes" if held else "**no**"


SECTIONS: Mapping[str, Callable[[], str]] = {
    "stems": stems,
    "meter": meter,
    "help": help_text,
    "main-job": main_job,
    "listen": listening,
    "cold-start": cold_start,
    "console": bench_console.bench,
}


def _table(unit: str, lines: list[str]) -> str:
    head = [f"| program | {unit} | ratio | bar | held | peak memory |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *lines])


def main() -> None:
    """Run the sections that are named, or all."""
    chosen = sys.argv[1:] or list(SECTIONS)
    DOCS.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        section = SECTIONS[name]
        title = (section.__doc__ or name).strip()
        text = section()
        print(f"\n## {name}\n{title}\n\n{text}", flush=True)
        (DOCS / f"{name}.md").write_text(
            f"# Bench: {name}\n\n{title} Medians of {RUNS} runs or more unless told otherwise, one thread.\n\n{text}\n"
        )


if __name__ == "__main__":
    main()
