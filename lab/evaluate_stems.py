"""``make evaluate ONLY=stems``: the seed's example by its truth, and what a change of the drums does to the voice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from controlroom.engine.desk import render_stage
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio, Samples
from controlroom.model.context import Context
from controlroom.model.parts import DRUMS, KIT, leaves
from controlroom.model.proposals import Step
from controlroom.processors.hats import Hats
from controlroom.processors.transient import Transient
from controlroom.separation.form import BackendChoice
from controlroom.separation.parts import split_drums
from controlroom.separation.shelf import whole
from controlroom.separation.trust import judge
from controlroom.studio.separating import separated_parts
from lab.defects.sound import band_pass, envelope
from lab.seed_run import SeedRun, run_seed
from lab.seed_song import Changes, SeedSong, drums_in_one, recorded_song, seed_song
from lab.separation_eval import RATE_HZ, Set, load_sets

SEEDS = (7, 107, 214)
"""Seeds of the synthesised songs; the last two are the first after 100 and 210 with a voice, and were not looked at before."""
EXCERPT_S = 30.0
CONSONANTS_HZ = (2000.0, 10000.0)
VOICED_DB = -25.0
STEPS: Mapping[str, Step] = {
    "hats, 6 dB": Hats(depth_db=6.0, tail_db=3.0, low_hz=2000.0).step("hats"),
    "kick's front, 3 dB": Transient(attack_db=3.0, sustain_db=-1.5, drum="kick").step("kick"),
    "all drums' highs, 6 dB": Hats(depth_db=6.0, tail_db=3.0).step(DRUMS),
}


def section() -> str:
    """Return both tables."""
    return f"{seed_table()}\n\n{leak_table()}"


def seed_table() -> str:
    """Return what four accepted proposals did, on synthesised songs, separated ones, and a shared multitrack."""
    return seed_lines({name: Figures.of(run) for name, run in seed_runs()})


def seed_runs() -> Iterator[tuple[str, SeedRun]]:
    """Yield every run of the example by its name."""
    for seed in SEEDS:
        song = seed_song(seed)
        yield f"seed {seed}", _run(song)
        yield f"seed {seed}, drums in one", _run(drums_in_one(song))
    for one in load_sets():
        if {"vocals", "drums", "bass"} <= set(one.stems) and one.mix.shape[1] > EXCERPT_S * RATE_HZ:
            song = recorded_song(_excerpt(one))
            yield one.name, _run(song)
            yield f"{one.name}, separated", _run(song, "spleeter")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is printed of a run."""

    changes: Changes
    kick_in_master_db: float
    asked: str
    untouched: bool
    kept: str

    @classmethod
    def of(cls, run: SeedRun) -> Self:
        """Return the figures of a run, its sounds let go."""
        outcomes = run.accepted.walk.outcomes
        return cls(
            run.changes,
            run.kick_in_master_db,
            ", ".join(p.step.processor for p in run.proposals),
            run.untouched(),
            f"{sum(o.kept for o in outcomes)} of {len(outcomes)}",
        )


def seed_lines(runs: Mapping[str, Figures]) -> str:
    """Return the table of the example."""
    names = list(asdict(next(iter(runs.values())).changes))
    lines = ["| | " + " | ".join(runs) + " |", "|---" * (len(runs) + 1) + "|"]
    for name in names:
        cells = [_figure(asdict(run.changes)[name]) for run in runs.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    rows = {
        "kick in the master": [f"{run.kick_in_master_db:.2f}" for run in runs.values()],
        "asked": [run.asked for run in runs.values()],
        "all rejected": ["bit for bit" if run.untouched else "**moved**" for run in runs.values()],
        "claims kept": [run.kept for run in runs.values()],
    }
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return ABOUT_SEED + "\n".join(lines)


ABOUT_SEED = """## The seed's example

Dense hats, a soft kick, a covered voice and a bass that falls apart, planted in true stems; in dB, by the truth
(`lab/seed_song.py` says how each is read). On the recorded multitrack, whose drums are one track, kick and hats
are what the house splits off them, and the figures are those of these parts. Where stems were separated the
figures are those of the separated parts, not of the true ones. *Drums in one*: the same song, its kit handed in as
one track and split by the house; hats, snare and kick are read of the true drums (the kick in the master: of the split
part). There the kick's front misses its bar of 2 dB: the step moves only what the split gives to the kick. On the
recorded multitrack the low end of every stroke is softened, the snare's too; the front is read at kicks alone.

"""
ABOUT_LEAK = """## What a change of the drums does to the voice

The change that one accepted step makes to the mix, projected on the true voice where it sings, over the voice's own
energy there; in brackets the same in the consonants' band, 2 to 10 kHz. dB; bars: −55 with true stems, −24 with
separated ones.

"""


def leak_table() -> str:
    """Return the projection on the true voice of steps on the drums, for every set with voice and drums."""
    lines = ["| set | stems | " + " | ".join(STEPS) + " |", "|---|---" + "|---" * len(STEPS) + "|"]
    for one in load_sets():
        if {"vocals", "drums"} <= set(one.stems):
            stems = {role: Audio(samples, RATE_HZ) for role, samples in _excerpt_of(one).items()}
            mix = Audio(np.sum([s.samples for s in stems.values()], axis=0, dtype=np.float32), RATE_HZ)
            for label, parts in (("true", stems), ("separated", separated(mix))):
                sound = _with_stems(mix, parts)
                cells = [_leak(sound, step, stems["vocals"]) for step in STEPS.values()]
                lines.append(f"| {one.name} | {label} | " + " | ".join(cells) + " |")
    return ABOUT_LEAK + "\n".join(lines)


def separated(mix: Audio) -> Mapping[str, Audio]:
    """Return what the default backend makes of a mix, its backing split."""
    parts = separated_parts(mix, BackendChoice("spleeter"), Context())
    return {role: whole(sound) for role, sound in parts.sounds.items()}


def _with_stems(mix: Audio, parts: Mapping[str, Audio]) -> Listening:
    sounds = {**parts, **split_drums(parts[DRUMS], Context())}
    inside = {role: sounds[role] for role in leaves(sounds)}
    trust = judge(inside, mix, Context()).stems
    drums = {role: a for role, a in inside.items() if role not in KIT} | {DRUMS: sounds[DRUMS]}
    trust = {**trust, DRUMS: judge(drums, mix, Context()).stems[DRUMS]}
    return Listening(
        mix, stems={role: Listening(audio, trust=trust.get(role)) for role, audio in sounds.items()}
    )


def _leak(sound: Listening, step: Step, voice: Audio) -> str:
    if step.part not in sound.stems:
        return "no such part"
    after = render_stage(sound, [step], Context()).sound.audio
    change = after.samples.astype(np.float64) - sound.audio.samples
    if not np.any(change):
        return "refused everywhere"
    sung = envelope(voice.samples, RATE_HZ, 0.25)
    where = sung > np.quantile(sung, 0.95) * 10 ** (VOICED_DB / 20)
    full = _projection_db(change[:, where], voice.samples[:, where])
    bands = [
        band_pass(s.astype(np.float32), RATE_HZ, *CONSONANTS_HZ)[:, where] for s in (change, voice.samples)
    ]
    return f"{full:.1f} ({_projection_db(*bands):.1f})"


def _projection_db(change: Samples, voice: Samples) -> float:
    own = float(np.vdot(voice.astype(np.float64), voice))
    return float(20 * np.log10(max(abs(float(np.vdot(change, voice.astype(np.float64)))) / own, 1e-10)))


def _run(song: SeedSong, separate: str = "") -> SeedRun:
    with tempfile.TemporaryDirectory() as folder:
        return run_seed(song, Path(folder), separate)


def _excerpt_of(one: Set) -> dict[str, Samples]:
    frames = round(EXCERPT_S * RATE_HZ)
    start = max(0, one.mix.shape[1] // 2 - frames // 2)
    return {role: samples[:, start : start + frames] for role, samples in one.stems.items()}


def _excerpt(one: Set) -> dict[str, Audio]:
    named = {"other": "guitar"}
    return {named.get(role, role): Audio(samples, RATE_HZ) for role, samples in _excerpt_of(one).items()}


def _figure(value: float) -> str:
    return f"{value:.2f}"
