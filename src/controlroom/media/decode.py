"""Files in: every decoder runs in a limited child process.

The bytes decide what a file is (`controlroom.media.sniff`: a few headers, and all
that this process reads of a stranger's file). A child (`controlroom.media.decode_worker`)
holds its header against its size (`controlroom.media.promise`), decodes it (plain
samples itself, libsndfile for FLAC, Ogg Vorbis and MP3, FFmpeg for the rest) and
reads its tags. A file that hangs, crashes or bloats its decoder costs an error message.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from controlroom.media.decoders import Spec
from controlroom.media.files import environment_fault, sha256_of
from controlroom.media.marks import judge
from controlroom.media.refusals import not_started, refusal, scratch_fault
from controlroom.media.sniff import Sniffed, sniff
from controlroom.model.audio import Audio
from controlroom.model.base import text_of
from controlroom.model.context import Context
from controlroom.model.errors import DecoderError
from controlroom.model.song import ImportRemark, Reading, Tags, TakeFacts

WORKER = (sys.executable, "-P", "-m", "controlroom.media.decode_worker")
"""The decoder's command; -P keeps the working folder out of its import path."""

SILENCE = 2.0**-24
"""Half a step of 24 bits (−144.5 dBFS): a sound that never reaches it is silent."""

OVER_SCALE = 32.0
"""Full scale times this (+30 dBFS) is no hot mix: whole numbers were stored as floats."""

_ANSWER_BYTES = 1 << 20
_POLL_S = 0.1
_ROOM_BYTES = 1 << 16
_FROM_OUTSIDE = {"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"}
_NO_MEMORY = (b"MemoryError", b"emory allocation", b"allocate memory", b"failed to map segment")


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a file may be, and what its decoder may use.

    Attributes
    ----------
    max_minutes : float
        Longest sound, checked from the header and again while decoding.
    min_seconds : float
        Shortest sound; 0.4 s is one gating block of BS.1770-5, below it
        loudness is not defined.
    min_rate_hz, max_rate_hz : int
        Sampling rates that are read.
    max_channels : int
        1 or 2.
    wall_s : float
        The child is killed after this much wall-clock time.
    memory_mb : int
        Address space of the child, where the system can limit it.
    """

    max_minutes: float = 30.0
    min_seconds: float = 0.4
    min_rate_hz: int = 8_000
    max_rate_hz: int = 192_000
    max_channels: int = 2
    wall_s: float = 120.0
    memory_mb: int = 1_024


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """A decoded file.

    Attributes
    ----------
    audio : Audio
        The samples as the decoder gives them: unclipped, nothing trimmed
        beyond the container's own gapless information.
    container, codec : str
        Such as ``mp4`` and ``aac``.
    bit_depth : int or None
        Of lossless sources.
    bitrate_kbps : float or None
        Of lossy sources, mean over the sound.
    rounded_to_float32 : bool
        The source held more than float32 can: 64-bit float, 32-bit integer.
    remarks : tuple of ImportRemark
        What a person should know of how it was read.
    tags : Tags
        Empty when they were not asked for.
    reading : Reading
        How it was read.
    """

    audio: Audio
    container: str
    codec: str
    bit_depth: int | None
    bitrate_kbps: float | None
    rounded_to_float32: bool
    remarks: tuple[ImportRemark, ...] = ()
    tags: Tags = field(default_factory=Tags)
    reading: Reading = field(default_factory=Reading)


def decode(
    path: Path,
    limits: DecodeLimits = DecodeLimits(),
    context: Context = Context(),
    reading: Reading = Reading(),
    *,
    tags: bool = False,
    worker: Sequence[str] = WORKER,
) -> Decoded:
    """Decode an audio file, or say precisely why not.

    Parameters
    ----------
    path : Path
        WAV, RF64, W64, AIFF, CAF, AU, FLAC, Ogg (Vorbis, Opus, FLAC), MP3,
        MP4/M4A (AAC, ALAC; the first audio stream, which in a STEMS file is
        the mix), AAC, WebM, Matroska, WMA, WavPack, APE or TTA; mono or stereo.
    limits : DecodeLimits
        See there.
    context : Context
        `cancel` is asked ten times a second; `scratch` holds the samples on
        their way (the system's temporary folder if None).
    reading : Reading
        What a person said of how it is to be read.
    tags : bool
        Whether its tags are wanted too.
    worker : sequence of str
        The child's command; tests put a hanging one here.

    Returns
    -------
    Decoded
        Samples in float32, shaped (channels, frames), and the file's facts.
        The same file gives the same bits.

    Raises
    ------
    AudioInputError
        Codes ``audio.missing``, ``is-folder``, ``not-a-file``,
        ``not-readable``, ``empty``, ``not-audio``, ``truncated``,
        ``header-short``, ``no-stream``, ``no-frames``, ``too-short``, ``silent``,
        ``over-scale``, ``not-finite``, ``channels``, ``rate``, ``too-long``.
    DecoderError
        Codes ``decoder.failed``, ``timeout``, ``crashed``, ``killed``, ``memory``.
    EnvironmentFault
        If the scratch folder can't take the samples, or no child can be started.
    Cancelled
        If the person asked to stop; the child is gone by then.
    """
    sniffed = _recognise(path)
    kind = sniffed.kind
    if kind is None:
        raise refusal("audio.not-audio", path, sniffed.looks_like)
    scratch = context.scratch or Path(_temporary())
    try:
        with tempfile.TemporaryDirectory(prefix="decode-", dir=scratch) as folder:
            spec = _spec(path, Path(folder), sniffed, limits, reading, tags=tags)
            answer, found = _run(path, spec, worker, limits, context)
            _check_answer(path, answer, limits, scratch)
            samples = _collect(path, answer, Path(folder))
    except OSError as error:
        raise environment_fault(error, scratch) from error
    bitrate = answer["bitrate_kbps"]
    if bitrate is None and answer["bit_depth"] is None:
        bitrate = path.stat().st_size * 8 / 1000 * answer["rate_hz"] / answer["frames"]
    return Decoded(
        audio=Audio(samples, answer["rate_hz"]),
        container=kind.name,
        codec=answer["codec"],
        bit_depth=answer["bit_depth"],
        bitrate_kbps=bitrate,
        rounded_to_float32=answer["rounded"],
        remarks=_remarks(path, sniffed, answer, reading),
        tags=judge(found),
        reading=reading,
    )


def _temporary() -> str:
    """Return the system's temporary folder; EnvironmentFault where there is none that can be written."""
    try:
        return tempfile.gettempdir()
    except OSError as error:
        wanted = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - only to be named
        raise scratch_fault(error.errno, wanted) from error


def _remarks(
    path: Path, sniffed: Sniffed, answer: dict[str, Any], reading: Reading
) -> tuple[ImportRemark, ...]:
    """Return what is to be told of a file: by its name, by its bytes, by how it was read."""
    told = []
    extension = path.suffix.lower()
    if sniffed.kind is not None and extension and extension not in sniffed.kind.extensions:
        told.append(ImportRemark(code="named-otherwise", words=f"{extension}|{sniffed.kind.label}"))
    told += [ImportRemark(code=one["code"], values=one["values"]) for one in answer.get("remarks", ())]
    if reading.scale_db:
        told.append(ImportRemark(code="scaled", values={"scale_db": reading.scale_db}))
    return tuple(told)


def take_facts(path: Path, decoded: Decoded) -> TakeFacts:
    """Put together what is known of an imported file: bytes, sound and tags.

    Parameters
    ----------
    path : Path
        The file that `decoded` came from, unchanged since.
    decoded : Decoded
        What `decode` gave, with the tags.

    Returns
    -------
    TakeFacts
        With the SHA-256 of the bytes and the tags.
    """
    return TakeFacts(
        file_name=text_of(path.name),
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        container=decoded.container,
        codec=decoded.codec,
        rate_hz=decoded.audio.rate_hz,
        channels=decoded.audio.channels,
        frames=decoded.audio.frames,
        bit_depth=decoded.bit_depth,
        bitrate_kbps=decoded.bitrate_kbps,
        rounded_to_float32=decoded.rounded_to_float32,
        tags=decoded.tags,
        remarks=decoded.remarks,
        scale_db=decoded.reading.scale_db,
    )


def _recognise(path: Path) -> Sniffed:
    """Refuse what is no readable file, or no audio; its name claims nothing."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise refusal("audio.is-folder", path)
        if not stat.S_ISREG(status.st_mode):
            raise refusal("audio.not-a-file", path)
        if status.st_size == 0:
            raise refusal("audio.empty", path)
        sniffed = sniff(path)
    except PermissionError as error:
        raise refusal("audio.not-readable", path) from error
    except OSError as error:  # no such file, a name too long, a part of it no folder
        raise refusal("audio.missing", path) from error
    return sniffed


def _rates(limits: DecodeLimits) -> str:
    return f"{limits.min_rate_hz}–{limits.max_rate_hz} Hz"


def _spec(
    path: Path, folder: Path, sniffed: Sniffed, limits: DecodeLimits, reading: Reading, *, tags: bool
) -> Spec:
    kind = sniffed.kind
    return Spec(
        path=os.path.abspath(path),  # noqa: PTH100 - resolve() would follow links
        out=str(folder / "samples"),
        kind=kind.name if kind else "",
        start=sniffed.start,
        demuxer=kind.demuxer if kind else "",
        max_seconds=limits.max_minutes * 60,
        min_rate_hz=limits.min_rate_hz,
        max_rate_hz=limits.max_rate_hz,
        max_channels=limits.max_channels,
        memory_mb=limits.memory_mb,
        cpu_s=int(limits.wall_s) + 1,
        as_is=reading.as_is,
        scale=reading.scale,
        tags=tags,
    )


def _run(
    path: Path, spec: Spec, worker: Sequence[str], limits: DecodeLimits, context: Context
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the child to its end, its limit or the person's stop; return its answer, and the tags it found."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module; the file name is data
            [*worker, json.dumps(asdict(spec), allow_nan=False)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
    except OSError as error:
        raise not_started(error) from error
    # by pipes: on a full disk an answer in a file would be lost too
    out, err = _Drain(child.stdout), _Drain(child.stderr)
    try:
        _wait(child, path, limits, context)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        text, complaint = out.text(), err.text()
    lines = [_object(line) for line in text.split(b"\n")]
    answer, tags = (*lines, None, None)[:2]
    if answer is not None and (child.returncode == 0 or "code" not in answer):
        return answer, tags or {}
    raise _silent_child(path, child.returncode, complaint, limits, Path(spec.out).parent)


def _object(line: bytes) -> dict[str, Any] | None:
    """Return a line of JSON as an object; None where it is none."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class _Drain:
    """Empties a child's pipe, so that it never waits for us, and keeps the beginning."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        self._pipe = pipe
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while self._pipe is not None and (block := self._pipe.read(1 << 16)):
            self._kept += block[: _ANSWER_BYTES - len(self._kept)]

    def text(self) -> bytes:
        """Return what was kept, once the child is gone."""
        self._thread.join(timeout=5.0)
        if self._pipe is not None and not self._thread.is_alive():
            self._pipe.close()
        return bytes(self._kept)


def _silent_child(path: Path, code: int, complaint: bytes, limits: DecodeLimits, folder: Path) -> Exception:
    """Say why a child ended without an answer: its limits, the machine, or the file."""
    ending = _ending(code)
    if ending == "SIGXCPU":
        return refusal("decoder.timeout", path, None, limits.wall_s)
    if any(words in complaint for words in _NO_MEMORY):
        return refusal("decoder.memory", path, None, limits.memory_mb)
    if shutil.disk_usage(folder).free < _ROOM_BYTES:
        return scratch_fault(errno.ENOSPC, folder.parent)
    if ending in _FROM_OUTSIDE:
        return refusal("decoder.killed", path, ending)
    return refusal("decoder.crashed", path, "it gave no answer" if code == 0 else ending)


def _wait(child: subprocess.Popen[bytes], path: Path, limits: DecodeLimits, context: Context) -> None:
    deadline = time.monotonic() + limits.wall_s
    while True:
        left = deadline - time.monotonic()
        try:
            child.wait(timeout=max(0.0, min(_POLL_S, left)))
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise refusal("decoder.timeout", path, None, limits.wall_s) from None
            context.check()
        else:
            return


def _ending(code: int) -> str:
    """Name how a process ended."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _check_answer(path: Path, answer: dict[str, Any], limits: DecodeLimits, scratch: Path) -> None:
    """Turn the child's refusal into an error, and refuse what is no take."""
    code = answer.get("code")
    if code == "env.scratch":
        raise scratch_fault(answer.get("value"), scratch)
    if code is not None:
        bound: object = {
            "audio.truncated": answer.get("readable"),
            "audio.channels": limits.max_channels,
            "audio.rate": _rates(limits),
            "audio.too-long": limits.max_minutes,
            "decoder.memory": limits.memory_mb,
        }.get(str(code))
        raise refusal(str(code), path, answer.get("value"), bound)
    frames, rate_hz = answer["frames"], answer["rate_hz"]
    if frames == 0 or rate_hz == 0:
        raise refusal("audio.no-frames", path)
    if frames < limits.min_seconds * rate_hz:
        raise refusal("audio.too-short", path, frames / rate_hz, limits.min_seconds)
    if answer["peak"] < SILENCE:
        raise refusal("audio.silent", path, answer["peak"])
    if answer["peak"] > OVER_SCALE:
        raise refusal("audio.over-scale", path, answer["peak"])


def _collect(path: Path, answer: dict[str, Any], folder: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Read the channels' files into one array, (channels, frames)."""
    channels, frames = answer["channels"], answer["frames"]
    samples = np.empty((channels, frames), "<f4")
    for channel in range(channels):
        with (folder / f"samples.{channel}").open("rb") as handle:
            got = handle.readinto(samples[channel].data)
            if got != frames * 4 or handle.read(1):
                raise DecoderError("decoder.crashed", f"'{path.name}' crashed its decoder (short output)", "")
    return samples.astype(np.float32, copy=False)
