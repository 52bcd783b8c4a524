"""The child process that decodes: untrusted bytes in, raw samples out, under limits.

Run as ``python -m controlroom.media.decode_worker SPEC`` where SPEC is JSON
(see `Spec`). It writes one file of raw little-endian float32 per channel and
one line of JSON on stdout: facts, or the code of a refusal. It imports as
little as it can, because its start-up is paid for every file; the sentences
for a person are made by the parent (`controlroom.media.refusals`).
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    Block = npt.NDArray[np.float32]

_BLOCK_FRAMES = 1 << 14


@dataclass(frozen=True, slots=True)
class Spec:
    """What the parent asks for: one JSON object with these names.

    Attributes
    ----------
    path, out : str
        The file, absolute; and the stem of the sample files (``out.0``, ``out.1``).
    engine : str
        ``soundfile`` or ``av``.
    demuxer : str
        FFmpeg's name of the container, so that no other demuxer can be lured in.
    max_seconds : float
        Decoding stops as soon as there is more.
    min_rate_hz, max_rate_hz, max_channels : int
        Checked before the first sample.
    memory_mb, cpu_s : int
        Limits on this process, where the system knows them.
    """

    path: str
    out: str
    engine: str
    demuxer: str
    max_seconds: float
    min_rate_hz: int
    max_rate_hz: int
    max_channels: int
    memory_mb: int
    cpu_s: int


class RefusedError(Exception):
    """The file is refused: a code of `controlroom.media.refusals` and the value at fault."""

    def __init__(self, code: str, value: object, frames: int = 0) -> None:
        super().__init__(code)
        self.answer = {"code": code, "value": value, "frames": frames}


def limit(spec: Spec) -> None:
    """Put this process under its limits, where the system has them."""
    with suppress(ImportError):
        import resource

        samples_bytes = int(spec.max_seconds * spec.max_rate_hz * 4) + (1 << 24)
        wanted = (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, spec.cpu_s),
            (resource.RLIMIT_FSIZE, samples_bytes),
            (resource.RLIMIT_AS, spec.memory_mb << 20),
        )
        for name, value in wanted:
            with suppress(ValueError, OSError):
                resource.setrlimit(name, (value, value))


class Sink:
    """Takes blocks in order, checks them, and appends each channel to its file."""

    def __init__(self, spec: Spec, files: ExitStack) -> None:
        self._spec = spec
        self._stack = files
        self._files: list[io.FileIO] = []
        self.rate_hz = 0
        self.channels = 0
        self.frames = 0
        self.peak = 0.0

    def open(self, rate_hz: int, channels: int) -> None:
        """Check the form of the sound, once; a second, different form is damage."""
        if self._files:
            if (rate_hz, channels) != (self.rate_hz, self.channels):
                raise RefusedError("decoder.failed", "the sound changes its rate or channels", self.frames)
            return
        if not 1 <= channels <= self._spec.max_channels:
            raise RefusedError("audio.channels", channels)
        if not self._spec.min_rate_hz <= rate_hz <= self._spec.max_rate_hz:
            raise RefusedError("audio.rate", rate_hz)
        self.rate_hz, self.channels = rate_hz, channels
        for channel in range(channels):
            self._files.append(self._stack.enter_context(io.FileIO(f"{self._spec.out}.{channel}", "wb")))

    def put(self, block: Block) -> None:
        """Append a block shaped (channels, frames)."""
        import numpy as np

        if block.shape[1] == 0:
            return
        low, high = float(block.min()), float(block.max())  # NaN and Inf both survive min and max
        if not (np.isfinite(low) and np.isfinite(high)):
            bad = int(np.argmax(~np.isfinite(block).all(axis=0)))
            raise RefusedError("audio.not-finite", (self.frames + bad) / self.rate_hz, self.frames)
        self.peak = max(self.peak, -low, high)
        self.frames += block.shape[1]
        if self.frames > self._spec.max_seconds * self.rate_hz:
            raise RefusedError("audio.too-long", self.frames / self.rate_hz, self.frames)
        for file, channel in zip(self._files, block, strict=True):
            _write_all(file, np.ascontiguousarray(channel, dtype="<f4").data.cast("B"))


def _write_all(file: io.FileIO, data: memoryview) -> None:
    """Write every byte: an unbuffered write may take less, the one before a full disk does."""
    while data:
        data = data[file.write(data) or 0 :]


_DEPTHS = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    "FLOAT": 32,
    "DOUBLE": 64,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
}
_WIDER = {"PCM_32", "DOUBLE", "ALAC_32"}


def _codec_name(container: str, subtype: str) -> str:
    if container == "FLAC" or subtype == "FLAC":
        return "flac"
    names = {"FLOAT": "pcm_f32", "DOUBLE": "pcm_f64", "MPEG_LAYER_III": "mp3", "PCM_U8": "pcm_u8"}
    if subtype.startswith("PCM_") and subtype not in names:
        return f"pcm_s{_DEPTHS[subtype]}"
    return names.get(subtype, subtype.lower())


def by_soundfile(spec: Spec, sink: Sink) -> dict[str, Any]:
    """Decode with libsndfile: exact scaling of integers by powers of two, floats as they are."""
    import numpy as np
    import soundfile

    class Straight(soundfile.SoundFile):
        """soundfile seeks after every read of a seekable file, which compressed streams pay for."""

        def seekable(self) -> bool:
            return False

    try:
        # by descriptor: a name that is not UTF-8 must open too
        file = Straight(os.open(spec.path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))
    except soundfile.LibsndfileError:
        return by_av(spec, sink)  # a codec inside WAV or AIFF that libsndfile does not know
    with file:
        sink.open(file.samplerate, file.channels)
        if file.frames > spec.max_seconds * file.samplerate:
            raise RefusedError("audio.too-long", file.frames / file.samplerate)
        buffer = np.empty((_BLOCK_FRAMES, file.channels), np.float32)
        try:
            # no read past the end: a FLAC decoder would stumble over tags behind the last frame
            while len(block := file.read(min(_BLOCK_FRAMES, file.frames - sink.frames), out=buffer)):
                sink.put(block.T.astype(np.float32, copy=False))
        except soundfile.LibsndfileError as error:
            raise RefusedError("decoder.failed", str(error), sink.frames) from error
        subtype = file.subtype
        return {
            "codec": _codec_name(file.format, subtype),
            "bit_depth": _DEPTHS.get(subtype),
            "bitrate_kbps": None,
            "rounded": subtype in _WIDER,
        }


def _planes(frame: Any) -> npt.NDArray[Any]:
    """Return a decoded frame as it is stored, shaped (channels, frames)."""
    array: npt.NDArray[Any] = frame.to_ndarray()
    return array if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels).T


def _scaled(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return samples as float32: one rounding at most, no clipping, no dither."""
    import numpy as np

    if array.dtype == np.uint8:
        array = (array.astype(np.float32) - np.float32(128)) / np.float32(128)
    elif array.dtype.kind == "i":
        array = array.astype(np.float32) * np.float32(2.0 ** (1 - 8 * array.dtype.itemsize))
    with np.errstate(over="ignore"):  # a value too big for float32 becomes Inf, which the sink refuses
        return array.astype(np.float32, copy=False)


def _packets(container: Any, stream: Any, spec: Spec, sink: Sink) -> Iterator[Any]:
    """Yield decoded frames; damage is a refusal, except a raw stream that was cut into mid-frame."""
    import av

    damage: Exception | None = None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError) or spec.demuxer != "aac":
                raise
            damage = error if sink.frames else None
            continue
        if frames and damage is not None:
            raise damage
        yield from frames


def by_av(spec: Spec, sink: Sink) -> dict[str, Any]:
    """Decode the first audio stream with FFmpeg."""
    import av
    import numpy as np

    av.logging.set_level(None)
    try:
        # old tags are often not UTF-8; PyAV would raise over them
        with av.open(spec.path, format=spec.demuxer, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise RefusedError("audio.no-stream", spec.demuxer)
            stream = container.streams.audio[0]
            context = stream.codec_context
            if context.channels and not _may_change(context):
                sink.open(context.sample_rate, context.channels)
            if stream.duration and stream.time_base:
                seconds = float(stream.duration * stream.time_base)
                if seconds > spec.max_seconds + 1:
                    raise RefusedError("audio.too-long", seconds)
            used = 0
            for frame in _packets(container, stream, spec, sink):
                sink.open(frame.sample_rate, frame.layout.nb_channels)
                planes = _planes(frame)
                if planes.dtype == np.int32:
                    used |= int(np.bitwise_or.reduce(planes, axis=None))
                sink.put(_scaled(planes))
            return _av_facts(stream, container, used & 0xFF != 0)
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise RefusedError("decoder.failed", error.strerror or str(error), sink.frames) from error


def _may_change(context: Any) -> bool:
    """Whether decoding tells the form better than the header: AAC's SBR doubles the rate, PS the channels."""
    return bool(context.name.startswith("aac") and context.channels <= 2)


def _av_facts(stream: Any, container: Any, below_24: bool) -> dict[str, Any]:
    """Name codec and depth; 24-bit sound comes in 32-bit words, told by its empty lowest byte."""
    context = stream.codec_context
    codec = getattr(context.codec, "canonical_name", None) or context.name
    lossless = codec.startswith("pcm_") or codec in {"alac", "flac", "wavpack", "tta", "ape"}
    form = context.format.name.rstrip("p") if context.format else ""
    depths = {"u8": 8, "s16": 16, "s32": 32 if below_24 else 24, "flt": 32, "dbl": 64}
    rate = context.bit_rate or container.bit_rate
    return {
        "codec": codec,
        "bit_depth": depths.get(form) if lossless else None,
        "bitrate_kbps": rate / 1000 if rate and not lossless else None,
        "rounded": lossless and (form == "dbl" or (form == "s32" and below_24)),
    }


def work(spec: Spec) -> dict[str, Any]:
    """Decode one file; return the answer that goes out as JSON."""
    engines = {"soundfile": by_soundfile, "av": by_av}
    try:
        with ExitStack() as files:
            sink = Sink(spec, files)
            facts = engines[spec.engine](spec, sink)
    except RefusedError as refused:
        return refused.answer
    except MemoryError:
        return {"code": "decoder.memory", "value": spec.memory_mb, "frames": 0}
    except OSError as error:
        return {"code": "env.scratch", "value": error.errno, "frames": 0}
    sound = {"rate_hz": sink.rate_hz, "channels": sink.channels, "frames": sink.frames, "peak": sink.peak}
    return {**facts, **sound}


def main(arguments: list[str]) -> int:
    """Run once; 0 if there is an answer, a refusal included."""
    spec = Spec(**json.loads(arguments[-1]))
    limit(spec)
    sys.stdout.write(json.dumps(work(spec)) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
