"""Masters: each deliverable limited at its own rate, written, read back and measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controlroom.dsp.loudness import Loudness
from controlroom.engine.desk import render_stage
from controlroom.listening.heard import loudness_of
from controlroom.listening.listening import Listening
from controlroom.media.encode import MediaFormat, encoder_rate_hz, measure_round_trip, read_lossless, write
from controlroom.media.files import sha256_of
from controlroom.media.wav import Chunk, info_chunk
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError
from controlroom.model.proposals import Stage, Step
from controlroom.model.render import MasterFile, Render
from controlroom.studio.deliverable import as_delivered, at_rate, deliverable_rate_hz
from controlroom.studio.levelling import Levelled
from controlroom.studio.making import made_whole, sweep
from controlroom.studio.song import Song
from controlroom.studio.verifying import manifest_of
from controlroom.studio.walk import Walk

RENDERS, MANIFEST = "renders", "manifest.json"
FORMATS = (MediaFormat.WAV24, MediaFormat.FLAC24, MediaFormat.MP3_320, MediaFormat.AAC_256)
TRIM_MARGIN_DB = 0.05
TRIM_PASSES = 4
CEILING_SLACK_DB = 0.01


@dataclass(frozen=True)
class RenderFolder:
    """Where one render's files stand: ``root`` while it is made, ``renders/<id>`` when it is whole."""

    root: Path
    id: str

    @property
    def premaster(self) -> Path:
        """The 32-bit float mix before LOUDNESS."""
        return self.root / "premaster.wav"

    @property
    def manifest(self) -> Path:
        """What the render is; written last."""
        return self.root / MANIFEST

    def stored(self, path: Path) -> str:
        """Return the name, relative to the song, that a file has when the render is whole."""
        return f"{RENDERS}/{self.id}/{path.name}"


@dataclass(frozen=True, eq=False)
class Mastered:
    """The delivered files, and the master that the lossless ones hold."""

    files: tuple[MasterFile, ...]
    listening: Listening


@contextmanager
def new_render(song: Song, digest: str) -> Iterator[RenderFolder]:
    """Give the next render its folder, which is seen when it is whole; what an interrupted one left goes first."""
    renders = song.folder.inside(RENDERS)
    sweep(renders)
    final = renders / _free_name(renders, len(song.memory.renders) + 1, digest[:8])
    with made_whole(final) as half:
        yield RenderFolder(half, final.name)


def _free_name(renders: Path, number: int, digest: str) -> str:
    """Return a name whose number nothing in the folder begins with: not even a person's own folder."""
    there = [path.name for path in renders.iterdir()] if renders.is_dir() else []
    while any(name.startswith(f"{number:04d}-") for name in there):
        number += 1
    return f"{number:04d}-{digest}"


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
        delivered = _deliver(chain, path, form, at_rate_hz)
        files.append(delivered.model_copy(update={"path": folder.stored(path)}))
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
            return loudness_of(self.walk.now.derived(measure_round_trip(path)))
        audio = read_lossless(path)
        digest = audio.digest()
        if digest not in self.read:
            self.read[digest] = loudness_of(self.walk.now.derived(audio))
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
    return sound.derived(_turned_down(sound.audio, over_db))


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
        path=path.name,
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
    """Remove the sound of earlier renders of each take: their manifests stay, and the ledger can make it anew.

    Only what a render's own manifest lists, lies beside it and still has its digest
    goes: what a person put or changed there is theirs.
    """
    newest: set[str] = set()
    for rendered in reversed(song.memory.renders):
        with suppress(ControlRoomError, OSError, ValueError):  # one that can't be read is left alone
            render = manifest_of(song, rendered)
            folder = song.folder.inside(RENDERS, render.id)
            if song.folder.inside(str(rendered["manifest"])) != folder / MANIFEST:
                continue
            if render.take_id in newest:
                _drop(song, folder, render)
            newest.add(render.take_id)


def _drop(song: Song, folder: Path, render: Render) -> None:
    listed = [(master.path, master.sha256, sha256_of) for master in render.masters]
    listed.append((render.premaster, render.premaster_digest, lambda path: read_lossless(path).digest()))
    for name, digest, digest_of in listed:
        with suppress(ControlRoomError, OSError):
            path = song.folder.inside(name)
            if path.parent == folder and path.is_file() and digest_of(path) == digest:
                path.unlink()
