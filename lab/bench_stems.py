"""Twelve stems of six minutes on the desk: memory, and what one changed decision costs.

``python -m lab.bench_stems FOLDER write`` lays twelve stems of 6 min at 48 kHz
into a folder; ``… FOLDER full`` renders a step on each of them and two on the
mix, with an empty cache; ``… FOLDER change DB`` renders again with one level at
DB instead of −1 dB. The last two print one JSON object: CPU seconds. ``… FOLDER
wav`` lays the same stems and their mix down as files, for ``handled``: what
each command that meets such a set costs.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from controlroom.engine.cache import FolderCache
from controlroom.engine.desk import Handling
from controlroom.engine.player import Player
from controlroom.engine.score import Take, chain
from controlroom.listening.listening import LazyListening, Listening
from controlroom.media.encode import MediaFormat
from controlroom.media.encode import write as media_write
from controlroom.model.audio import Audio
from controlroom.model.proposals import Step
from controlroom.processors.bass_consistency import BassConsistency
from controlroom.processors.carve import Carve
from controlroom.processors.de_ess import DeEss
from controlroom.processors.hats import Hats
from controlroom.processors.level import Level
from controlroom.processors.stem_eq import StemEq
from controlroom.processors.stem_width import StemWidth
from controlroom.processors.tone import Tone
from controlroom.processors.transient import Transient
from lab.children import Weighed, weighed

RATE_HZ, LENGTH_S = 48_000, 360
ROLES = (
    "vocals", "backing-vocals", "kick", "snare", "hats", "percussion", "bass", "guitar", "keyboard", "synth",
    "strings", "fx",
)  # fmt: skip
EQ = {"band1_hz": 300.0, "band1_gain_db": -2.0, "band3_gain_db": 1.5}


def steps(level_db: float = -1.0) -> list[Step]:
    """Return a step on each stem, and the carve, width and tone after them."""
    return [
        DeEss(depth_db=4.0).step("vocals"),
        Level(gain_db=level_db).step("backing-vocals"),
        Transient(attack_db=3.0, drum="kick").step("kick"),
        Transient(attack_db=2.0, drum="snare").step("snare"),
        Hats(depth_db=4.0, tail_db=2.0).step("hats"),
        StemEq(**EQ).step("percussion"),
        BassConsistency(amount=0.5).step("bass"),
        *(StemEq(**EQ).step(role) for role in ("guitar", "keyboard", "synth")),
        StemWidth(side_db=-2.0).step("strings"),
        Level(gain_db=-2.0).step("fx"),
        Carve(depth_db=2.0).step("guitar"),
        Tone(band1_gain_db=1.0, band3_gain_db=-1.0).step(),
    ]


def write(folder: Path) -> None:
    """Write the stems and their mix: synthesised parts, repeated to six minutes, and noise that never repeats."""
    from lab.songs import make_song

    song = make_song(5, style="pop", duration_s=30.0, rate_hz=RATE_HZ)
    parts = list(song.stems.values())
    frames = RATE_HZ * LENGTH_S
    cache = FolderCache(folder / "stems", limit_bytes=1 << 40)
    mix = np.zeros((2, frames), np.float32)
    for number, role in enumerate(ROLES):
        played = song.stems.get(role, parts[number % len(parts)]).samples
        stem = np.resize(played[0], frames), np.resize(played[-1], frames)
        noise = np.random.default_rng(number).standard_normal((2, frames), dtype=np.float32)
        samples = 0.5 * np.stack(stem) + np.float32(1e-4) * noise
        cache.put(role, Audio(samples, RATE_HZ))
        mix += samples
    cache.put("mix", Audio(mix, RATE_HZ))


def write_wav(folder: Path) -> None:
    """Write what ``write`` made as WAV files, a quarter of its level: ``stems/ROLE.wav`` and ``take.wav``."""
    kept = FolderCache(folder / "stems", limit_bytes=1 << 40)
    (folder / "wav" / "stems").mkdir(parents=True)
    for role in (*ROLES, "mix"):
        load = kept.find(role)
        assert load is not None
        sound = load()
        quiet = Audio(sound.samples * np.float32(0.25), sound.rate_hz)
        name = "take.wav" if role == "mix" else f"stems/{role}.wav"
        media_write(folder / "wav" / name, quiet, MediaFormat.WAV32F)


def handled(folder: Path, env: Mapping[str, str]) -> str:
    """Return the table of the commands that meet twelve stems of six minutes, each run once on what ``write_wav`` made."""
    take, stems = folder / "wav" / "take.wav", folder / "wav" / "stems"
    song, other = folder / "song", folder / "other"
    for root in (song, other):
        _run(["new", root], env)
        _run(["add", root, take], env)
    return table(
        {
            "`stems SONG --add`: twelve files": _run(["stems", song, "--add", stems], env),
            "`listen SONG` with these stems": _run(["listen", song], env),
            "`propose SONG` with these stems": _run(["propose", song], env),
            "`finish TAKE --stems`, policy trusting": _run(
                ["finish", take, "--out", folder / "out", "--stems", stems, "--policy", "trusting"], env
            ),
            "`stems SONG --separate`": _run(["stems", other, "--separate"], env),
            "`separate TAKE`": _run(["separate", take, "--out", folder / "apart"], env),
        }
    )


def table(runs: Mapping[str, Weighed]) -> str:
    """Return the rows of some commands: CPU seconds, peak memory of the program and its children, the bar."""
    lines = ["| command, 6 min at 48 kHz | CPU s | peak memory | bar | held |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {run.cpu_s:.1f} | {run.peak_mb:.0f} MB | 1500 MB | {'yes' if run.peak_mb <= 1500 else '**no**'} |"
        for name, run in runs.items()
    ]
    return "\n".join(lines) + "\n"


def _run(words: Sequence[str | Path], env: Mapping[str, str]) -> Weighed:
    done = weighed([sys.executable, "-m", "controlroom.cli.__main__", *map(str, words)], env)
    if done.code:
        raise RuntimeError(done.out[-2000:])
    return done


def desk(folder: Path, chosen: list[Step]) -> float:
    """Render the song of a folder with its cache, and return the CPU seconds that it took."""
    kept = FolderCache(folder / "stems", limit_bytes=1 << 40)
    loads = {role: kept.find(role) for role in (*ROLES, "mix")}
    stems = {role: LazyListening(load, role) for role, load in loads.items() if load and role != "mix"}
    whole = loads["mix"]
    assert whole is not None
    sound = Listening(whole(), stems=stems)
    began = time.process_time()
    rules = Handling(FolderCache(folder / "desk", limit_bytes=1 << 40))
    player = Player({Take.of(sound): sound}, lambda: rules)
    player.sound(chain(Take.of(sound), chosen, rules.min_coherence))
    return time.process_time() - began


def main() -> None:
    """Do what the words say."""
    folder, what = Path(sys.argv[1]), sys.argv[2]
    if what in ("write", "wav"):
        (write if what == "write" else write_wav)(folder)
        return
    if what == "full":
        shutil.rmtree(folder / "desk", ignore_errors=True)
    level_db = -1.0 if what == "full" else float(sys.argv[3])
    print(json.dumps({"cpu_s": desk(folder, steps(level_db))}))


if __name__ == "__main__":
    main()
