"""Files in: every decoder runs in a limited child process.

The bytes decide what a file is (`controlroom.media.sniff`), its header is held
against its size (`controlroom.media.promise`), and only then a child
(`controlroom.media.decode_worker`) decodes it: libsndfile for WAV, AIFF, FLAC,
Ogg Vorbis and MP3, FFmpeg for the rest. A file that hangs, crashes or bloats
its decoder costs an error message.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from controlroom.media.decode_worker import Spec
from controlroom.media.files import environment_fault, sha256_of
from controlroom.media.promise import Promise, read_promise
from controlroom.media.refusals import refusal, scratch_fault
from controlroom.media.sniff import Kind, Sniffed, codec_in_ogg, sniff
from controlroom.media.tags import read_tags
from controlroom.model.audio import Audio
from controlroom.model.base import text_of
from controlroom.model.context import Context
from controlroom.model.errors import DecoderError
from controlroom.model.song import TakeFacts

WORKER = (sys.executable, "-P", "-m", "controlroom.media.decode_worker")
"""The decoder's command; -P keeps the working folder out of its import path."""

SILENCE = 2.0**-24
"""Half a step of 24 bits (−144.5 dBFS): a sound that never reaches it is silent."""

_SOUNDFILE = {"wav", "rf64", "w64", "aiff", "caf", "au", "flac", "mp3"}
_TAIL_FRAMES = (1 << 14) + 4_608  # one block of the worker, and the largest subset FLAC block
_GAPLESS_S = 0.5  # encoder delay and padding that a decoder may trim: up to 4,095 frames each at 16 kHz
_ANSWER_BYTES = 1 << 16
_POLL_S = 0.1


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
    """

    audio: Audio
    container: str
    codec: str
    bit_depth: int | None
    bitrate_kbps: float | None
    rounded_to_float32: bool


def decode(
    path: Path,
    limits: DecodeLimits = DecodeLimits(),
    context: Context = Context(),
    *,
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
        ``not-readable``, ``empty``, ``not-audio``, ``wrong-extension``,
        ``truncated``, ``no-stream``, ``no-frames``, ``too-short``, ``silent``,
        ``not-finite``, ``channels``, ``rate``, ``too-long``.
    DecoderError
        Codes ``decoder.failed``, ``timeout``, ``crashed``, ``memory``.
    EnvironmentFault
        If the scratch folder can't take the samples.
    Cancelled
        If the person asked to stop; the child is gone by then.
    """
    sniffed = _recognise(path)
    kind = sniffed.kind
    if kind is None:
        raise refusal("audio.not-audio", path, sniffed.looks_like)
    try:
        promise = read_promise(path, sniffed, limits.max_minutes * 60 + 1)
    except (OSError, ValueError) as error:  # it went, or was emptied, since it was looked at
        raise refusal("audio.missing", path) from error
    _check_promise(path, promise, limits)
    try:
        with tempfile.TemporaryDirectory(prefix="decode-", dir=context.scratch) as folder:
            spec = _spec(path, Path(folder), kind, sniffed, promise, limits)
            answer = _run(path, spec, worker, limits, context)
            _check_answer(path, answer, promise, kind, limits)
            samples = _collect(path, answer, Path(folder))
    except OSError as error:
        raise environment_fault(error, context.scratch or Path(tempfile.gettempdir())) from error
    bitrate = promise.bitrate_kbps or answer["bitrate_kbps"]
    if bitrate is None and answer["bit_depth"] is None:
        bitrate = path.stat().st_size * 8 / 1000 * answer["rate_hz"] / answer["frames"]
    return Decoded(
        audio=Audio(samples, answer["rate_hz"]),
        container=kind.name,
        codec=answer["codec"],
        bit_depth=answer["bit_depth"],
        bitrate_kbps=bitrate,
        rounded_to_float32=answer["rounded"],
    )


def take_facts(path: Path, decoded: Decoded) -> TakeFacts:
    """Put together what is known of an imported file: bytes, sound and tags.

    Parameters
    ----------
    path : Path
        The file that `decoded` came from, unchanged since.
    decoded : Decoded
        What `decode` gave.

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
        tags=read_tags(path),
    )


def _recognise(path: Path) -> Sniffed:
    """Refuse what is no readable file, or no audio, or named as something else."""
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
    extension = path.suffix.lower()
    if sniffed.kind is not None and extension and extension not in sniffed.kind.extensions:
        allowed = f"{sniffed.kind.label} ({' or '.join(sniffed.kind.extensions[:2])})"
        raise refusal("audio.wrong-extension", path, extension, allowed)
    return sniffed


def _check_promise(path: Path, promise: Promise, limits: DecodeLimits) -> None:
    """Refuse by the header alone what need not be decoded."""
    if promise.truncated:
        raise refusal("audio.truncated", path, promise.truncated)
    if promise.damaged:
        raise refusal("decoder.failed", path, promise.damaged)
    if promise.channels is not None and not 1 <= promise.channels <= limits.max_channels:
        raise refusal("audio.channels", path, promise.channels, limits.max_channels)
    if promise.rate_hz is not None and not limits.min_rate_hz <= promise.rate_hz <= limits.max_rate_hz:
        raise refusal("audio.rate", path, promise.rate_hz, _rates(limits))
    if promise.duration_s is not None and promise.duration_s > limits.max_minutes * 60:
        raise refusal("audio.too-long", path, promise.duration_s, limits.max_minutes)


def _rates(limits: DecodeLimits) -> str:
    return f"{limits.min_rate_hz}–{limits.max_rate_hz} Hz"


def _spec(
    path: Path, folder: Path, kind: Kind, sniffed: Sniffed, promise: Promise, limits: DecodeLimits
) -> Spec:
    engine = "soundfile" if kind.name in _SOUNDFILE and not promise.streaming else "av"
    if kind.name == "ogg" and codec_in_ogg(path, sniffed.start) == "vorbis":
        engine = "soundfile"
    return Spec(
        path=os.path.abspath(path),  # noqa: PTH100 - resolve() would follow links; FFmpeg needs a leading slash
        out=str(folder / "samples"),
        engine=engine,
        demuxer=kind.demuxer,
        max_seconds=limits.max_minutes * 60,
        min_rate_hz=limits.min_rate_hz,
        max_rate_hz=limits.max_rate_hz,
        max_channels=limits.max_channels,
        memory_mb=limits.memory_mb,
        cpu_s=int(limits.wall_s) + 1,
    )


def _run(
    path: Path, spec: Spec, worker: Sequence[str], limits: DecodeLimits, context: Context
) -> dict[str, Any]:
    """Run the child to its end, its limit or the person's stop; return its answer."""
    folder = Path(spec.out).parent
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module; the file name is data
            [*worker, json.dumps(asdict(spec))],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=environment,
        )
        try:
            _wait(child, path, limits, context)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
    with (folder / "out").open("rb") as out:
        text = out.read(_ANSWER_BYTES)
    with (folder / "err").open("rb") as err:
        complaint = err.read(_ANSWER_BYTES)
    if child.returncode == 0:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            return answer
        raise refusal("decoder.crashed", path, "it gave no answer")
    if child.returncode == -getattr(signal, "SIGXCPU", 0):
        raise refusal("decoder.timeout", path, None, limits.wall_s)
    if b"MemoryError" in complaint or b"emory allocation" in complaint:
        raise refusal("decoder.memory", path, None, limits.memory_mb)
    raise refusal("decoder.crashed", path, _ending(child.returncode))


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


def _check_answer(
    path: Path, answer: dict[str, Any], promise: Promise, kind: Kind, limits: DecodeLimits
) -> None:
    """Turn the child's refusal into an error, and hold its facts against the promise."""
    code = answer.get("code")
    if code == "env.scratch":
        raise scratch_fault(answer.get("value"), Path(tempfile.gettempdir()))
    if code is not None:
        raise _refused(path, answer, promise, kind, limits)
    frames, rate_hz = answer["frames"], answer["rate_hz"]
    if frames == 0 or rate_hz == 0:
        raise refusal("audio.no-frames", path)
    if promise.frames is not None and frames < promise.frames:
        words = f"its header promises {promise.frames} frames, the file has {frames}"
        raise refusal("audio.truncated", path, words)
    if promise.duration_s is not None and frames / rate_hz < promise.duration_s - _GAPLESS_S:
        words = f"{frames / rate_hz:.2f} s came out of {promise.duration_s:.2f} s of frames"
        raise refusal("decoder.failed", path, words)
    if frames < limits.min_seconds * rate_hz:
        raise refusal("audio.too-short", path, frames / rate_hz, limits.min_seconds)
    if answer["peak"] < SILENCE:
        raise refusal("audio.silent", path, answer["peak"])


def _refused(
    path: Path, answer: dict[str, Any], promise: Promise, kind: Kind, limits: DecodeLimits
) -> Exception:
    code, value = str(answer["code"]), answer.get("value")
    if code == "decoder.failed" and kind.name == "flac" and promise.frames is not None:
        # the last frame's header is there (`read_promise` saw it) but its body is cut
        decoded = int(answer.get("frames", 0))
        if decoded + _TAIL_FRAMES >= promise.frames:
            return refusal("audio.truncated", path, f"the last of its {promise.frames} frames are cut")
    bound: object = {
        "audio.channels": limits.max_channels,
        "audio.rate": _rates(limits),
        "audio.too-long": limits.max_minutes,
        "decoder.memory": limits.memory_mb,
    }.get(code)
    return refusal(code, path, value, bound)


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
