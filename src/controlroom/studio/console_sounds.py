"""Sounds as the console plays and draws them: raw samples, overviews, spectrograms.

A sound is kept as planar little-endian float32, one channel after the other,
so a page may fetch any stretch of any channel by a byte range and hand it to
its audio graph as it is: nothing is decoded there, and two sounds lie on one
clock to the sample. All of it is in the song's ``.cache`` and deletable.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import fft

from controlroom.media.decode import decode
from controlroom.media.files import atomic_write, environment_fault, write_bytes
from controlroom.media.peaks import peaks
from controlroom.media.resample import resample
from controlroom.model.audio import Audio, Samples
from controlroom.model.context import Context
from controlroom.model.errors import SongError
from controlroom.model.render import Render
from controlroom.studio.folder import SongFolder
from controlroom.studio.importing import limits_of, take_audio
from controlroom.studio.song import Song
from controlroom.studio.verifying import last_render

BUCKETS = 8192
COLUMNS = 2048
BANDS = 144
LOW_HZ, HIGH_HZ = 30.0, 18000.0
FRAME = 4096
FLOOR_DB = -84.0
KEPT_PREVIEWS = 24
LOSSLESS = ("wav", "flac")
NAME = re.compile(r"^(take|render|preview|reference|stem)-[0-9a-f]{8,16}$")


@dataclass(frozen=True)
class Sound:
    """One sound of a song, ready to be played and drawn.

    ``start_frame`` is where its first frame stands on the take's clock.
    """

    id: str
    rate_hz: int
    channels: int
    frames: int
    start_frame: int = 0
    buckets: int = 0
    columns: int = 0
    bands: int = BANDS

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz


@dataclass(frozen=True)
class SoundFiles:
    """Where one sound's files stand."""

    root: Path
    id: str

    @property
    def samples(self) -> Path:
        """Planar little-endian float32."""
        return self.root / f"{self.id}.f32"

    @property
    def peaks(self) -> Path:
        """Three rows of int8 per bucket: lowest, highest, RMS, as shares of 127."""
        return self.root / f"{self.id}.peaks"

    @property
    def spectrogram(self) -> Path:
        """Rows of uint8 per band, lowest first: 0 is ``FLOOR_DB`` under the loudest."""
        return self.root / f"{self.id}.spectrum"

    @property
    def facts(self) -> Path:
        """What the sound is, as JSON; written last."""
        return self.root / f"{self.id}.json"


def console_folder(folder: SongFolder) -> Path:
    """Return the folder of the console's files inside a song's cache, made when it is missing."""
    path = folder.cache / "console"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise environment_fault(error, path) from error
    return path


def files_of(folder: SongFolder, sound_id: str) -> SoundFiles:
    """Return a kept sound's files; SongError when there is no such sound."""
    files = SoundFiles(folder.cache / "console", sound_id)
    if not NAME.match(sound_id) or not files.facts.is_file():
        raise SongError("sound.missing", f"there is no sound called {sound_id!r} here", "load the page again")
    return files


def sound_of(files: SoundFiles) -> Sound:
    """Return what is known of a kept sound."""
    return Sound(**json.loads(files.facts.read_text(encoding="utf-8")))


def samples_of(files: SoundFiles) -> Audio:
    """Return a kept sound, mapped from the disk and not read whole."""
    sound = sound_of(files)
    mapped = np.memmap(files.samples, dtype="<f4", mode="r", shape=(sound.channels, sound.frames))
    return Audio(np.asarray(mapped), sound.rate_hz)


def ensure_sounds(song: Song, context: Context) -> dict[str, Sound]:
    """Make the take, and the last render when there is one, playable; return them by role.

    A render without any level decided has no master: then its premaster is heard.
    """
    take = song.take
    root = console_folder(song.folder)
    wanted = {"take": f"take-{take.audio_digest[:12]}"}
    render = last_render(song)
    rendered = _rendered(render) if render and render.take_id == take.id else None
    if rendered:
        wanted["render"] = f"render-{rendered.digest[:12]}"
    context.tell("console.take", 0.1)
    if not SoundFiles(root, wanted["take"]).facts.is_file():
        keep_sound(root, wanted["take"], take_audio(song, take, context))
    context.tell("console.render", 0.6)
    if rendered and not SoundFiles(root, wanted["render"]).facts.is_file():
        decoded = decode(song.folder.inside(rendered.path), limits_of(song.standards), context).audio
        keep_sound(root, wanted["render"], _at_rate(decoded, take.facts.rate_hz))
    _forget(root, set(wanted.values()))
    return {role: sound_of(SoundFiles(root, sound_id)) for role, sound_id in wanted.items()}


@dataclass(frozen=True)
class _Rendered:
    path: str
    digest: str


def _rendered(render: Render) -> _Rendered:
    """Return which file of a render is heard: a lossless master, else the premaster."""
    master = next((m for m in render.masters if m.format.startswith(LOSSLESS)), None)
    if master is None:
        return _Rendered(render.premaster, render.premaster_digest)
    return _Rendered(master.path, master.sha256)


def keep_sound(root: Path, sound_id: str, audio: Audio, start_frame: int = 0, *, drawn: bool = True) -> Sound:
    """Write a sound's files, its facts last, and return what it is."""
    files = SoundFiles(root, sound_id)
    with atomic_write(files.samples) if drawn else _placed(files.samples) as part:
        np.ascontiguousarray(audio.samples, dtype="<f4").tofile(part)
    buckets = columns = 0
    if drawn:
        overview, picture = overview_of(audio), spectrogram_of(audio)
        buckets, columns = int(overview.shape[1]), int(picture.shape[1])
        write_bytes(files.peaks, overview.tobytes())
        write_bytes(files.spectrogram, picture.tobytes())
    sound = Sound(sound_id, audio.rate_hz, audio.channels, audio.frames, start_frame, buckets, columns)
    with atomic_write(files.facts) if drawn else _placed(files.facts) as part:
        part.write_text(json.dumps(asdict(sound), allow_nan=False), encoding="utf-8")
    return sound


@contextmanager
def _placed(path: Path) -> Iterator[Path]:
    """Write a file under its name in one step, without waiting for the disk.

    For previews: a knob is being moved, and one that a power cut breaks is made
    again (see ``has_sound``).
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise environment_fault(error, path) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def has_sound(files: SoundFiles) -> bool:
    """Return whether a sound is kept whole."""
    try:
        sound = sound_of(files)
        return files.samples.stat().st_size == 4 * sound.channels * sound.frames
    except (OSError, ValueError, TypeError):
        return False


def overview_of(audio: Audio) -> npt.NDArray[np.int8]:
    """Return lowest, highest and RMS of every bucket, shape (3, buckets), as shares of 127."""
    seen = peaks(audio, BUCKETS)
    edges = np.arange(seen.buckets + 1, dtype=np.int64) * audio.frames // max(1, seen.buckets)
    power = np.zeros(seen.buckets)
    for row in audio.samples:
        power += np.add.reduceat(np.square(row, dtype=np.float64), edges[:-1]) / np.diff(edges)
    rms = np.sqrt(power / audio.channels)
    rows = np.stack([seen.low.min(axis=0), seen.high.max(axis=0), rms])
    shares: npt.NDArray[np.int8] = np.round(np.clip(rows, -1.0, 1.0) * 127).astype(np.int8)
    return shares


def spectrogram_of(audio: Audio) -> npt.NDArray[np.uint8]:
    """Return a spectrogram on a logarithmic frequency axis, shape (bands, columns).

    Each column is the loudest of up to three Hann-windowed frames of 4096 in its
    stretch, the channels' power added; each band the strongest bin in it. 0 is
    ``FLOOR_DB`` under the loudest place of the sound, 255 that place.
    """
    columns = max(1, min(COLUMNS, audio.frames // 1024))
    hop = audio.frames / columns
    window = np.hanning(FRAME).astype(np.float32)
    low, high = _band_bins(audio.rate_hz)
    out = np.zeros((BANDS, columns), dtype=np.float32)
    each = min(3, max(1, round(hop / FRAME)))
    for first in range(0, columns, 128):
        last = min(columns, first + 128)
        for share in range(each):
            centres = ((np.arange(first, last) + (share + 0.5) / each) * hop).astype(np.int64)
            power = _power_at(audio.samples, centres, window)
            running = np.maximum.reduceat(power, np.stack([low, high], axis=1).ravel(), axis=1)[:, ::2]
            np.maximum(out[:, first:last], running.T, out=out[:, first:last])
    level = 10 * np.log10(np.maximum(out, 1e-20))
    shown = 1.0 + (level - level.max(initial=-200.0)) / -FLOOR_DB
    picture: npt.NDArray[np.uint8] = np.round(np.clip(shown, 0.0, 1.0) * 255).astype(np.uint8)
    return picture


def _band_bins(rate_hz: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    top = min(HIGH_HZ, rate_hz / 2 * 0.98)
    edges = np.geomspace(LOW_HZ, top, BANDS + 1) * FRAME / rate_hz
    low = np.floor(edges[:-1]).astype(np.int64)
    high = np.maximum(low + 1, np.ceil(edges[1:]).astype(np.int64))
    return low, np.minimum(high, FRAME // 2)


def _power_at(samples: Samples, centres: npt.NDArray[np.int64], window: Samples) -> Samples:
    places = centres[:, None] - FRAME // 2 + np.arange(FRAME)
    inside = (places >= 0) & (places < samples.shape[1])
    places = np.where(inside, places, 0)
    power = np.zeros((centres.size, FRAME // 2 + 1), dtype=np.float32)
    for row in samples:
        spectra = fft.rfft(np.where(inside, row[places], 0) * window, axis=1)
        power += np.square(spectra.real) + np.square(spectra.imag)
    return power


def _at_rate(audio: Audio, rate_hz: int) -> Audio:
    return audio if audio.rate_hz == rate_hz else resample(audio, rate_hz)


def _forget(root: Path, wanted: set[str]) -> None:
    """Delete sounds that no page asks for any more: the cache stays bounded.

    References and stems come and go with what the ledger says of them, not here.
    """
    kept = sorted(root.glob("preview-*.json"), key=lambda path: path.stat().st_mtime)
    gone = [path.stem for path in kept[:-KEPT_PREVIEWS]]
    gone += [path.stem for role in ("take", "render") for path in root.glob(f"{role}-*.json")]
    for sound_id in set(gone) - wanted:
        forget(root, sound_id)


def forget(root: Path, sound_id: str) -> None:
    """Delete one sound's files; what has not the name of a sound is left alone."""
    if NAME.match(sound_id):
        files = SoundFiles(root, sound_id)
        for path in (files.facts, files.samples, files.peaks, files.spectrogram):
            with suppress(OSError):
                path.unlink(missing_ok=True)
