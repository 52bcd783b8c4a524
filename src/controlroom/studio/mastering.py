"""Masters: each deliverable limited at its own rate, written, read back and measured."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controlroom.dsp.loudness import Loudness
from controlroom.engine.desk import render_stage
from controlroom.listening.heard import loudness_of
from controlroom.listening.listening import Listening
from controlroom.media.encode import MediaFormat, encoder_rate_hz, measure_round_trip, read_lossless, write
from controlroom.media.files import environment_fault
from controlroom.media.wav import Chunk, info_chunk
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.proposals import Stage, Step
from controlroom.model.render import MasterFile
from controlroom.studio.deliverable import as_delivered, at_rate, deliverable_rate_hz
from controlroom.studio.levelling import Levelled
from controlroom.studio.song import Song
from controlroom.studio.walk import Walk

FORMATS = (MediaFormat.WAV24, MediaFormat.FLAC24, MediaFormat.MP3_320, MediaFormat.AAC_256)
TRIM_MARGIN_DB = 0.05
TRIM_PASSES = 4
CEILING_SLACK_DB = 0.01


@dataclass(frozen=True)
class RenderFolder:
    """Where one render's files stand."""

    root: Path

    @property
    def premaster(self) -> Path:
        """The 32-bit float mix before LOUDNESS."""
        return self.root / "premaster.wav"


@dataclass(frozen=True, eq=False)
class Mastered:
    """The delivered files, and the master that the lossless ones hold."""

    files: tuple[MasterFile, ...]
    listening: Listening


def new_render_folder(song: Song, render_id: str) -> RenderFolder:
    """Make an empty folder for the next render; what an interrupted one left goes first."""
    number = len(song.memory.renders) + 1
    root = song.folder.renders / f"{number:04d}-{render_id[:8]}"
    try:
        for leftover in song.folder.renders.glob(f"{number:04d}-*"):
            shutil.rmtree(leftover)
        root.mkdir(parents=True)
    except OSError as error:
        raise environment_fault(error, root) from error
    return RenderFolder(root)


def write_premaster(walk: Walk, folder: RenderFolder) -> None:
    """Write the mix before LOUDNESS as 32-bit float: with nothing decided, the take itself."""
    write(folder.premaster, walk.now.audio, MediaFormat.WAV32F)


def make_masters(
    walk: Walk, levelled: Levelled, folder: RenderFolder, name: str, context: Context
) -> Mastered:
    """Write every format of the decided master, and measure what was written.

    With no level decided there is no master, only the premaster.
    """
    steps = [step for step in walk.steps if step.stage is Stage.LOUDNESS]
    chain = _Chain(walk, steps, {})
    if levelled.plan.as_planned:
        walk.told = walk.told.joined(levelled.tried.told)
        chain.made[levelled.tried.listening.audio.rate_hz] = levelled.tried.listening
    master = chain.at(deliverable_rate_hz(walk.now.audio.rate_hz))
    if not steps:
        return Mastered((), master)
    files = []
    for index, form in enumerate(FORMATS):
        context.tell(f"encode.{form}", index / len(FORMATS))
        at_rate_hz = chain.at(encoder_rate_hz(form, master.audio.rate_hz))
        path = folder.root / f"{name}{form.extension}"
        files.append(_deliver(chain, path, form, at_rate_hz))
    return Mastered(tuple(files), master)


@dataclass(frozen=True, eq=False)
class _Chain:
    """The LOUDNESS steps at any rate: resampled before the limiter, never after it."""

    walk: Walk
    steps: Sequence[Step]
    made: dict[int, Listening]
    read: dict[str, Loudness] = field(default_factory=dict)

    def heard(self, path: Path, form: MediaFormat) -> Loudness:
        """Return the meter's reading of a written file; equal samples are measured once."""
        if not form.lossless:
            return loudness_of(Listening(measure_round_trip(path)))
        audio = read_lossless(path)
        digest = audio.digest()
        if digest not in self.read:
            self.read[digest] = loudness_of(Listening(audio))
        return self.read[digest]

    def at(self, rate_hz: int) -> Listening:
        """Return the master at a rate, made once."""
        if rate_hz not in self.made:
            source = (as_delivered if self.steps else at_rate)(self.walk.now, rate_hz)
            rendered = render_stage(source, self.steps, Context())
            if not self.made:
                self.walk.told = self.walk.told.joined(rendered.told)
            ceiling_dbtp = self.walk.song.standards.number("loudness.ceiling_dbtp")
            self.made[rate_hz] = _under_ceiling(rendered.sound, ceiling_dbtp) if self.steps else source
        return self.made[rate_hz]


def _under_ceiling(sound: Listening, ceiling_dbtp: float) -> Listening:
    """Turn a master down where no limiter was accepted: true peak is the one hard guard."""
    over_db = loudness_of(sound).true_peak_dbtp - ceiling_dbtp
    if over_db <= CEILING_SLACK_DB:
        return sound
    return Listening(_turned_down(sound.audio, over_db), sound.clock)


def _turned_down(audio: Audio, by_db: float) -> Audio:
    return Audio(audio.samples * np.float32(10 ** (-by_db / 20)), audio.rate_hz)


def _deliver(chain: _Chain, path: Path, form: MediaFormat, master: Listening) -> MasterFile:
    """Write one file, decode it, and trim a lossy one until its decoded peak is legal."""
    song = chain.walk.song
    limit_dbtp = song.standards.number("loudness.ceiling_dbtp" if form.lossless else "codec.ceiling_dbtp")
    chunks = _wav_chunks(song, path.stem) if form.extension == ".wav" else ()
    trim_db = 0.0
    for _ in range(TRIM_PASSES):
        audio = master.audio if trim_db == 0 else _turned_down(master.audio, trim_db)
        written = write(path, audio, form, chunks=chunks)
        heard = chain.heard(path, form)
        over_db = heard.true_peak_dbtp - limit_dbtp
        if form.lossless or over_db <= 0:
            break
        trim_db += over_db + TRIM_MARGIN_DB
    return MasterFile(
        path=song.folder.relative(path),
        format=form.value,
        rate_hz=written.rate_hz,
        lufs=round(heard.integrated_lufs, 3) if math.isfinite(heard.integrated_lufs) else None,
        true_peak_dbtp=round(heard.true_peak_dbtp, 3) if math.isfinite(heard.true_peak_dbtp) else None,
        ceiling_dbtp=limit_dbtp,
        trim_db=round(trim_db, 3),
        sha256=written.sha256,
    )


def _wav_chunks(song: Song, title: str) -> tuple[Chunk, ...]:
    """Return the names that a WAV master carries; the generator's own mark is kept, never stripped."""
    tags = song.take.facts.tags
    fields = {"INAM": tags.title or title, "IART": tags.artist, "ICMT": tags.comment}
    return (info_chunk({name: text for name, text in fields.items() if text}),)


def drop_older_audio(song: Song) -> None:
    """Remove the sound of earlier renders: their manifests stay, and the ledger can make it anew."""
    for rendered in song.memory.renders[:-1]:
        folder = (song.folder.root / str(rendered["manifest"])).parent
        for path in folder.glob("*"):
            if path.name != "manifest.json":
                path.unlink(missing_ok=True)
