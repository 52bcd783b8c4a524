"""The decoders that the child runs: each takes a file and puts blocks of samples into a `Sink`.

Plain samples are read here, libsndfile decodes FLAC, Ogg Vorbis and MP3, FFmpeg the
rest. Which of them reads a file is decided in `controlroom.media.decode_worker`.
"""

from __future__ import annotations

import io
import mmap
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controlroom.media import pcm
from controlroom.media.files import ffmpeg_name
from controlroom.media.promised import Part, Promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    Block = npt.NDArray[np.float32]

BLOCK_FRAMES = 1 << 14
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Spec:
    """What the parent asks for: one JSON object with these names.

    Attributes
    ----------
    path, out : str
        The file, absolute; and the stem of the sample files (``out.0``, ``out.1``).
    kind : str
        The container, as `controlroom.media.sniff` names it.
    start : int
        Where it begins.
    demuxer : str
        FFmpeg's name of the container, so that no other demuxer can be lured in.
    max_seconds : float
        Decoding stops as soon as there is more.
    min_rate_hz, max_rate_hz, max_channels : int
        Checked before the first sample.
    memory_mb, cpu_s : int
        Limits on this process, where the system knows them.
    as_is : bool
        What is there of an incomplete file is read.
    scale : float
        Every sample is multiplied by this.
    tags : bool
        Tags are read too.
    """

    path: str
    out: str
    kind: str
    start: int
    demuxer: str
    max_seconds: float
    min_rate_hz: int
    max_rate_hz: int
    max_channels: int
    memory_mb: int
    cpu_s: int
    as_is: bool = False
    scale: float = 1.0
    tags: bool = False


class RefusedError(Exception):
    """The file is refused: a code of `controlroom.media.refusals` and the value at fault."""

    def __init__(self, code: str, value: object, frames: int = 0, *, readable: bool = False) -> None:
        super().__init__(code)
        self.answer = {"code": code, "value": value, "frames": frames, "readable": readable}


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
        self.lost = 0
        self.promised_s: float | None = None

    def open(self, rate_hz: int, channels: int) -> None:
        """Check the form of the sound, once; a second, different form is damage."""
        if self._files:
            if (rate_hz, channels) != (self.rate_hz, self.channels):
                now, was = f"{rate_hz} Hz, {channels}", f"{self.rate_hz} Hz, {self.channels}"
                words = f"the sound changes its rate or channels ({was}, then {now}): files were joined"
                raise RefusedError("decoder.failed", words, self.frames)
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
        if self._spec.scale != 1.0:
            block = block * np.float32(self._spec.scale)
        self.peak = max(self.peak, -low * self._spec.scale, high * self._spec.scale)
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
        buffer = np.empty((BLOCK_FRAMES, file.channels), np.float32)
        try:
            # no read past the end: a FLAC decoder would stumble over tags behind the last frame
            before = sink.frames
            while len(block := file.read(min(BLOCK_FRAMES, before + file.frames - sink.frames), out=buffer)):
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


def _packets(container: Any, stream: Any, sink: Sink, *, cut: bool, lenient: bool) -> Iterator[Any]:
    """Yield decoded frames; damage is a refusal.

    Except at the end of a stream that may be ``cut`` into mid-frame, and anywhere in
    one that is read ``lenient``: what can't be decoded there is counted.
    """
    import av

    damage: Exception | None = None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            frames = packet.decode()
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError) or not (cut or lenient):
                raise
            sink.lost += 1
            damage = error if sink.frames else None
            continue
        if frames and damage is not None and not lenient:
            raise damage
        yield from frames


def by_av(spec: Spec, sink: Sink, *, cut: bool = False, lenient: bool = False) -> dict[str, Any]:
    """Decode the first audio stream with FFmpeg."""
    import av
    import numpy as np

    av.logging.set_level(None)
    try:
        # old tags are often not UTF-8; PyAV would raise over them
        with av.open(ffmpeg_name(spec.path), format=spec.demuxer, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise RefusedError("audio.no-stream", spec.demuxer)
            stream = container.streams.audio[0]
            context = stream.codec_context
            if context.channels and not _may_change(context):
                sink.open(context.sample_rate, context.channels)
            sink.promised_s = _told_s(container, stream)
            if sink.promised_s is not None and sink.promised_s > spec.max_seconds + 1 and stream.duration:
                raise RefusedError("audio.too-long", sink.promised_s)
            used = 0
            for frame in _packets(container, stream, sink, cut=cut or spec.demuxer == "aac", lenient=lenient):
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


def _told_s(container: Any, stream: Any) -> float | None:
    """Return the length that a container tells of its sound; that of a video is another."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and not container.streams.video:
        return float(container.duration / 1_000_000)
    return None


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


def by_pcm(spec: Spec, promise: Promise, sink: Sink) -> dict[str, Any]:
    """Read plain samples where the header's reader found them."""
    form = promise.pcm
    if form is None:
        raise ValueError("there are no plain samples to read")
    sink.open(form.rate_hz, form.channels)
    with (
        Path(spec.path).open("rb") as handle,
        mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        for block in pcm.blocks(data, form, promise.regions):
            sink.put(block)
    return {
        "codec": form.codec,
        "bit_depth": 8 * form.width,
        "bitrate_kbps": None,
        "rounded": form.wider_than_float32,
    }


def by_parts(spec: Spec, parts: tuple[Part, ...], sink: Sink) -> dict[str, Any]:
    """Decode streams one after the other, each copied out of the file without what is not its own."""
    facts: dict[str, Any] = {}
    for part in parts:
        own = replace(spec, path=f"{spec.out}.part", demuxer=part.demuxer)
        _copy(spec.path, own.path, part.runs)
        if part.engine == "soundfile":
            made = by_soundfile(own, sink)
        else:
            made = by_av(own, sink, lenient=spec.as_is or part.demuxer in {"mp3", "aac"})
        facts = facts or made
    return facts


def _copy(source: str, target: str, runs: tuple[tuple[int, int], ...]) -> None:
    with Path(source).open("rb") as file, io.FileIO(target, "wb") as out:
        for start, stop in runs:
            file.seek(start)
            left = stop - start
            while left > 0 and (block := file.read(min(left, _COPY_BYTES))):
                _write_all(out, memoryview(block))
                left -= len(block)
