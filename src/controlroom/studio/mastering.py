"""Masters: each deliverable limited at its own rate, written, read back and measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from controlroom.dsp.loudness import Loudness
from controlroom.engine.player import turned_down
from controlroom.engine.score import Routed
from controlroom.listening.heard import loudness_of
from controlroom.media.encode import MediaFormat, encoder_rate_hz, measure_round_trip, read_lossless, write
from controlroom.media.files import sha256_of
from controlroom.media.wav import Chunk, info_chunk
from controlroom.model.context import Context
from controlroom.model.errors import ControlRoomError
from controlroom.model.render import MasterFile, Render
from controlroom.studio.keeping import Premaster
from controlroom.studio.making import made_whole, sweep
from controlroom.studio.song import Song
from controlroom.studio.verifying import manifest_of
from controlroom.studio.walk import Walk

RENDERS, MANIFEST = "renders", "manifest.json"
TRIM_MARGIN_DB = 0.05
TRIM_PASSES = 4


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


@dataclass(frozen=True)
class Mastered:
    """The delivered files, and the node of the master that the lossless ones hold."""

    files: tuple[MasterFile, ...]
    node: Routed


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


def write_premaster(walk: Walk, folder: RenderFolder) -> Premaster:
    """Write the mix before LOUDNESS as 32-bit float: with nothing decided, the take itself."""

    def make() -> Premaster:
        written = write(folder.premaster, walk.now.audio, MediaFormat.WAV32F)
        return Premaster(digest=walk.premaster_digest, sha256=written.sha256)

    return walk.keeping.written("premaster", [walk.node.key], folder.premaster, Premaster, make)


def make_masters(walk: Walk, node: Routed, folder: RenderFolder, name: str, context: Context) -> Mastered:
    """Write every format of a route's master, and measure what was written.

    With no level decided there is no master, only the premaster.
    """
    if not node.steps:
        return Mastered((), node)
    forms = [MediaFormat(form) for form in node.route.formats]
    delivery = _Delivery(walk, node)
    files = []
    for index, form in enumerate(forms):
        context.tell(f"encode.{form}", index / len(forms))
        path = folder.root / f"{name}{form.extension}"
        delivered = _delivered(delivery, path, form)
        files.append(delivered.model_copy(update={"path": folder.stored(path)}))
    return Mastered(tuple(files), node)


@dataclass(frozen=True, eq=False)
class _Delivery:
    """One route's master at any rate, and what was measured of its files."""

    walk: Walk
    node: Routed
    read: dict[str, Loudness] = field(default_factory=dict)

    def master_node(self, form: MediaFormat) -> Routed:
        """Return the master at the rate that a format's encoder takes."""
        return replace(self.node, rate_hz=encoder_rate_hz(form, self.node.rate_hz))

    def chunks(self, path: Path, form: MediaFormat) -> tuple[Chunk, ...]:
        """Return what a file says of itself in front of its sound."""
        return _wav_chunks(self.walk.song, path.stem) if form.extension == ".wav" else ()

    def heard(self, path: Path, form: MediaFormat) -> Loudness:
        """Return the meter's reading of a written file; equal samples are measured once."""
        if not form.lossless:
            return loudness_of(self.walk.now.derived(measure_round_trip(path)))
        audio = read_lossless(path)
        digest = audio.digest()
        if digest not in self.read:
            self.read[digest] = loudness_of(self.walk.now.derived(audio))
        return self.read[digest]


def _delivered(delivery: _Delivery, path: Path, form: MediaFormat) -> MasterFile:
    """Bring one file that was made of this master before, or make it."""
    node = delivery.master_node(form)
    chunks = [chunk.body.hex() for chunk in delivery.chunks(path, form)]
    of = [node.key, node.route.name, node.route.lossy_ceiling_dbtp, form, chunks]
    made = delivery.walk.keeping.written(
        "master", of, path, MasterFile, lambda: _deliver(delivery, path, form)
    )
    return made.model_copy(update={"path": path.name})


def _deliver(delivery: _Delivery, path: Path, form: MediaFormat) -> MasterFile:
    """Write one file, decode it, and trim a lossy one until its decoded peak is legal."""
    route, master = delivery.node.route, delivery.walk.player.listening(delivery.master_node(form))
    limit_dbtp = route.ceiling_dbtp if form.lossless else route.lossy_ceiling_dbtp
    chunks = delivery.chunks(path, form)
    trim_db = 0.0
    for _ in range(TRIM_PASSES):
        audio = master.audio if trim_db == 0 else turned_down(master.audio, trim_db)
        written = write(path, audio, form, chunks=chunks)
        heard = delivery.heard(path, form)
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
        route=route.name,
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
    if render.premaster_sha256:
        listed.append((render.premaster, render.premaster_sha256, sha256_of))
    else:
        listed.append((render.premaster, render.premaster_digest, lambda path: read_lossless(path).digest()))
    for name, digest, digest_of in listed:
        with suppress(ControlRoomError, OSError):
            path = song.folder.inside(name)
            if path.parent == folder and path.is_file() and digest_of(path) == digest:
                path.unlink()
