"""What the console costs: a preview against its stage, and what the browser's tests read.

``python -m lab.bench_console FOLDER`` makes a song of 3.5 minutes with exact stems in a
folder, hears one step of each processor at work on a loop of 15 s, renders the stage with
that step alone over the whole song, and prints one JSON object: CPU seconds by processor.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from controlroom.engine.desk import render_stage
from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.parts import MIX
from controlroom.model.proposals import Knob, Step
from controlroom.processors.form import all_processors
from controlroom.studio.console_sounds import samples_of
from controlroom.studio.song import opened
from controlroom.studio.studio import Studio
from controlroom.studio.walk import take_listening
from lab.children import ROOT, weighed
from lab.songs import make_song

SONG_S, LOOP_S, LOOP_AT_S = 210.0, 15.0, 60.0
MOST_SHARE = 0.15
PREVIEWS, STAGES = 4, 2
READ = ROOT / ".work" / "console"
ROLES = {
    "vocals": ("vocals",),
    "kick": ("kick",),
    "snare": ("snare",),
    "hats": ("hats", "cymbals"),
    "percussion": ("toms",),
    "bass": ("bass",),
    "guitar": ("guitar", "lead"),
}
EQ: Mapping[str, Knob] = {"band1_gain_db": 3.0, "band2_gain_db": -2.0, "band3_gain_db": 2.0}
AT_WORK: tuple[tuple[str, str, Mapping[str, Knob]], ...] = (
    ("dc", MIX, {"amount": 1.0}),
    ("dc", MIX, {"amount": 1.0, "method": "high-pass"}),
    ("rumble", MIX, {"attenuation_db": 30.0}),
    ("fade", MIX, {"in_ms": 300.0, "out_ms": 700.0}),
    ("tone", MIX, EQ),
    ("low_end_mono", MIX, {"amount": 1.0}),
    ("gain", MIX, {"gain_db": -3.0}),
    ("limiter", MIX, {"ceiling_dbtp": -6.0}),
    ("rebuild", MIX, {"amount": 0.8, "low_hz": 200.0, "high_hz": 2000.0}),
    ("saturation", MIX, {"drive_db": 9.0, "wet": 0.8}),
    ("level", "vocals", {"gain_db": -3.0}),
    ("de_ess", "vocals", {"depth_db": 6.0, "threshold_db": -20.0}),
    ("presence", "vocals", {"gain_db": 3.0}),
    ("ride", "vocals", {"amount": 0.8, "range_db": 4.0, "boost_db": 2.0}),
    ("bleed_gate", "vocals", {"range_db": 30.0}),
    ("remove", "vocals", {"amount": 0.6}),
    ("bass_consistency", "bass", {"amount": 0.8, "range_db": 4.0, "boost_db": 2.0}),
    ("sidechain", "bass", {"depth_db": 6.0}),
    ("transient", "kick", {"attack_db": 4.0, "sustain_db": -3.0, "drum": "kick"}),
    ("layer", "snare", {"amount": 1.0, "front_db": 6.0}),
    ("drum_rebuild", "snare", {"amount": 1.0}),
    ("hats", "hats", {"depth_db": 4.0, "tail_db": 6.0}),
    ("stem_eq", "guitar", EQ),
    ("stem_width", "guitar", {"side_db": -6.0}),
    ("carve", "guitar", {"depth_db": 4.0}),
)


def write_song(folder: Path) -> Path:
    """Make the song with its stems, its sounds playable."""
    made = make_song(1, duration_s=SONG_S)
    (folder / "stems").mkdir(parents=True, exist_ok=True)
    take = np.zeros_like(made.mix.samples)
    for role, members in ROLES.items():
        parts = [made.stems[one].samples for one in members if one in made.stems]
        if parts:
            stem = np.sum(parts, axis=0, dtype=np.float32)
            take += stem
            write(folder / "stems" / f"{role}.wav", Audio(stem, made.mix.rate_hz), MediaFormat.WAV32F)
    write(folder / "take.wav", Audio(take, made.mix.rate_hz), MediaFormat.WAV32F)
    root, studio = folder / "song", Studio(name="bench")
    studio.new(root)
    studio.add(root, folder / "take.wav")
    studio.add_stems(root, folder / "stems")
    studio.sounds(root)
    studio.stem_sounds(root)
    return root


def least_s(work: Callable[[int], object], times: int) -> float:
    """Return the least CPU seconds of several runs: what else runs only adds."""
    spent = []
    for number in range(times):
        begin = time.process_time()
        work(number)
        spent.append(time.process_time() - begin)
    return min(spent)


def previews(folder: Path) -> dict[str, dict[str, float]]:
    """Return CPU seconds of preview and stage, by processor and part."""
    root = write_song(folder)
    return {
        f"{name} on {part}{_method(knobs)}": _costs(root, name, part, knobs)
        for name, part, knobs in AT_WORK
        if name in all_processors()
    }


def _method(knobs: Mapping[str, Knob]) -> str:
    return f", {knobs['method']}" if "method" in knobs else ""


def _costs(root: Path, name: str, part: str, knobs: Mapping[str, Knob]) -> dict[str, float]:
    studio = Studio(name="bench")
    step = Step(processor=name, stage=all_processors()[name].stage, part=part, knobs=dict(knobs))

    def whole(_number: int) -> None:
        """Render the stage as a render does: the stems from their files, nothing kept."""
        with opened(root, writing=False) as song:
            audio = samples_of(studio.sound_files(root, studio.sounds(root)["take"].id))
            heard = take_listening(song, audio)
            done = render_stage(heard, [step], Context()).sound
            assert done.audio is not heard.audio

    def preview(number: int) -> None:
        start_s = LOOP_AT_S + 0.05 * number  # another stretch each time: nothing is kept
        studio.preview(root, name, start_s, start_s + LOOP_S, knobs=knobs, part=part)

    preview(-1)
    return {"preview": least_s(preview, PREVIEWS), "stage": least_s(whole, STAGES)}


def bench() -> str:
    """A changed knob on a loop of 15 s against its whole stage, 3.5 minutes with seven stems: the least of several runs."""
    with tempfile.TemporaryDirectory() as folder:
        done = weighed([sys.executable, "-m", "lab.bench_console", folder])
    costs = json.loads(done.out.splitlines()[-1])
    lines = ["| step | preview, CPU s | its stage, CPU s | ratio | bar | held |", "|---|---|---|---|---|---|"]
    for name, cost in costs.items():
        ratio = cost["preview"] / cost["stage"]
        held = "yes" if ratio <= MOST_SHARE else "**no**"
        lines.append(
            f"| {name} | {cost['preview']:.3f} | {cost['stage']:.3f} | {ratio:.2f} | ≤ {MOST_SHARE:g} | {held} |"
        )
    return "\n".join([*lines, "", *_read()])


def _read() -> list[str]:
    """Return what the tests of `tests/browser` and `tests/web` wrote down when they last ran."""
    figures = [json.loads(path.read_text()) for path in sorted(READ.glob("*.json"))]
    if not figures:
        return ["The browser's figures are not there: run `make test-all` first."]
    rows = [f"| {one['what']} | {one['figure']} | {one['bar']} |" for one in figures]
    head = ["In Debian's Chromium, laid down by `tests/browser` and `tests/web` when they last ran:", ""]
    return [*head, "| what | figure | bar |", "|---|---|---|", *rows, ""]


def main() -> None:
    """Print what previews cost."""
    print(json.dumps(previews(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
