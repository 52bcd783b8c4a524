"""Files out: masters and previews, whole or not at all.

WAV by the house's own writer, FLAC and Vorbis by libsndfile, MP3 by LAME, AAC and
Opus by FFmpeg's encoders. Everything goes through `atomic_write`; nothing is
clipped in silence; the same sound, format and seed give the same bytes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from controlroom.media import lame
from controlroom.media.decode import DecodeLimits, decode
from controlroom.media.dither import BLOCK_FRAMES, quantised_blocks
from controlroom.media.files import atomic_write, environment_fault, ffmpeg_name, sha256_of
from controlroom.media.ogg import set_serial
from controlroom.media.resample import resample
from controlroom.media.wav import Chunk, SampleDepth, WavForm, write_wav_stream
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault, UsageError

_SERIAL = 0x4352_0001
_ROOM_BYTES = 1 << 16


class MediaFormat(StrEnum):
    """Every form in which sound leaves the house."""

    WAV16 = "wav16"
    WAV24 = "wav24"
    WAV32F = "wav32f"
    FLAC16 = "flac16"
    FLAC24 = "flac24"
    MP3_320 = "mp3-320"
    MP3_V0 = "mp3-v0"
    AAC_256 = "aac-256"
    OPUS_160 = "opus-160"
    VORBIS = "vorbis"

    @property
    def extension(self) -> str:
        """The file extension, with its dot."""
        return _FORMS[self].extension

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back what was quantised."""
        return not _FORMS[self].rates_hz


@dataclass(frozen=True, slots=True)
class _Form:
    """Extension, the rates its encoder takes (empty: any), and what else its encoder needs."""

    extension: str
    rates_hz: tuple[int, ...] = ()
    codec: str = ""
    muxer: str = ""
    bitrate: int = 0


_MP3_RATES = (32_000, 44_100, 48_000)  # MPEG-1 only: MPEG-2 rates can't carry 320 kbit/s
_AAC_RATES = (32_000, 44_100, 48_000, 88_200, 96_000)
_VORBIS_RATES = (
    8_000,
    11_025,
    16_000,
    22_050,
    24_000,
    32_000,
    44_100,
    48_000,
    88_200,
    96_000,
    176_400,
    192_000,
)
_FORMS = {
    MediaFormat.WAV16: _Form(".wav"),
    MediaFormat.WAV24: _Form(".wav"),
    MediaFormat.WAV32F: _Form(".wav"),
    MediaFormat.FLAC16: _Form(".flac"),
    MediaFormat.FLAC24: _Form(".flac"),
    MediaFormat.MP3_320: _Form(".mp3", _MP3_RATES, "libmp3lame", "mp3", 320_000),
    MediaFormat.MP3_V0: _Form(".mp3", _MP3_RATES, "libmp3lame", "mp3"),
    MediaFormat.AAC_256: _Form(".m4a", _AAC_RATES, "aac", "ipod", 256_000),
    MediaFormat.OPUS_160: _Form(".opus", (48_000,), "libopus", "ogg", 160_000),
    MediaFormat.VORBIS: _Form(".ogg", _VORBIS_RATES),
}


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written.

    Attributes
    ----------
    path : Path
        Its name.
    rate_hz, frames : int
        Of the sound that went into the encoder: at another rate than the
        sound that was given, if the encoder does not take that one.
    size_bytes : int
        Of the file.
    sha256 : str
        Of its bytes.
    """

    path: Path
    rate_hz: int
    frames: int
    size_bytes: int
    sha256: str


def encoder_rate_hz(form: MediaFormat, rate_hz: int) -> int:
    """Return the rate at which a format's encoder takes a sound.

    Parameters
    ----------
    form : MediaFormat
        The wanted format.
    rate_hz : int
        The sound's rate.

    Returns
    -------
    int
        The same where the encoder takes it; else, of the rates it takes, the
        highest not above it that divides evenly into or out of it, or 48 kHz
        (44.1 kHz for multiples of 11,025 Hz) where there is none.
    """
    rates = _FORMS[form].rates_hz
    if not rates or rate_hz in rates:
        return rate_hz
    family = [rate for rate in rates if rate <= rate_hz and rate_hz % rate == 0]
    if family:
        return max(family)
    return 44_100 if rate_hz % 11_025 == 0 and 44_100 in rates else 48_000


def write(
    path: Path,
    audio: Audio,
    form: MediaFormat,
    *,
    dither_seed: int | None = 0,
    chunks: Sequence[Chunk] = (),
    context: Context = Context(),
) -> Written:
    """Write a sound in any of the house's formats.

    Parameters
    ----------
    path : Path
        The wanted name; replaced whole, or left as it was.
    audio : Audio
        Mono or stereo. For a deliverable: already at the wanted rate, limited.
        At a rate the encoder can't take it is resampled here (see
        `encoder_rate_hz`), and its peaks may rise.
    form : MediaFormat
        The wanted format.
    dither_seed : int or None
        For 16 and 24 bits: seed of the TPDF dither; None rounds only, which is
        exact when the samples lie on the grid. Float and lossy formats are
        never dithered.
    chunks : sequence of Chunk
        WAV only: metadata in front of ``data``.
    context : Context
        Asked to stop between blocks.

    Returns
    -------
    Written
        With the SHA-256 of the file.

    Raises
    ------
    AudioInputError
        ``encode.over-full-scale`` (16 and 24 bits), ``encode.too-large`` (WAV).
    UsageError
        ``encode.channels`` for more than two channels, ``encode.no-frames``
        for an empty sound.
    EnvironmentFault
        ``env.disk-full``, ``env.not-writable``, ``env.no-folder``,
        ``env.encoder`` where this machine's libraries lack the encoder.
    Cancelled
        If the person asked to stop; nothing is left behind.

    Notes
    -----
    LAME and libopus limit their *input* to full scale, so a sound above
    0 dBFS does not survive MP3 and Opus; AAC, Vorbis and float keep it.
    """
    if audio.channels > 2:
        raise UsageError(
            "encode.channels", f"{audio.channels} channels can't be written", "give mono or stereo"
        )
    if audio.frames == 0:
        raise UsageError("encode.no-frames", f"there is no sound to write into '{path.name}': 0 frames")
    at_rate = resample(audio, encoder_rate_hz(form, audio.rate_hz))
    with atomic_write(path) as part:
        _WRITERS[form](part, at_rate, _Job(form, dither_seed, tuple(chunks), context))
        digest, size = sha256_of(part), part.stat().st_size
    return Written(path, at_rate.rate_hz, at_rate.frames, size, digest)


def write_wav(
    path: Path,
    audio: Audio,
    depth: SampleDepth = SampleDepth.PCM24,
    *,
    dither_seed: int | None = 0,
    chunks: Sequence[Chunk] = (),
    context: Context = Context(),
) -> Written:
    """Write a WAV file at a sample depth; see `write`."""
    forms = {
        SampleDepth.PCM16: MediaFormat.WAV16,
        SampleDepth.PCM24: MediaFormat.WAV24,
        SampleDepth.FLOAT32: MediaFormat.WAV32F,
    }
    return write(path, audio, forms[depth], dither_seed=dither_seed, chunks=chunks, context=context)


def measure_round_trip(
    path: Path, limits: DecodeLimits = DecodeLimits(), context: Context = Context()
) -> Audio:
    """Return what a listener's decoder gives for a written file, unclipped.

    Delays differ by codec and build: compare through
    `controlroom.media.align.delay_frames`.
    """
    return decode(path, limits, context).audio


def read_lossless(path: Path) -> Audio:
    """Return the samples of a WAV or FLAC file that this program has just written.

    Read in this process: what we wrote ourselves needs no guard, unlike a file from outside.

    Raises
    ------
    EnvironmentFault
        ``env.io-failed`` when it can't be read back.
    """
    import soundfile

    try:
        samples, rate_hz = soundfile.read(_opened(path, os.O_RDONLY), dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise EnvironmentFault(
            "env.io-failed", f"'{path}' can't be read back: {error}", "check the disk"
        ) from error
    return Audio(np.ascontiguousarray(samples.T), int(rate_hz))


# --- one writer per library ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Job:
    form: MediaFormat
    dither_seed: int | None
    chunks: tuple[Chunk, ...]
    context: Context


def _wav_blocks(audio: Audio, depth: SampleDepth, job: _Job) -> Iterator[memoryview]:
    if depth is SampleDepth.FLOAT32:
        for start in range(0, audio.frames, BLOCK_FRAMES):
            job.context.check()
            block = audio.samples[:, start : start + BLOCK_FRAMES].T
            yield np.ascontiguousarray(block, dtype="<f4").data.cast("B")
        return
    for whole in quantised_blocks(audio, depth.bits, job.dither_seed):
        job.context.check()
        if depth is SampleDepth.PCM16:
            yield whole.astype("<i2").data.cast("B")
        else:  # the lower three bytes of each little-endian 32-bit word
            three = whole.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]
            yield np.ascontiguousarray(three).data.cast("B")


def _write_wav(part: Path, audio: Audio, job: _Job) -> None:
    depth = {MediaFormat.WAV16: SampleDepth.PCM16, MediaFormat.WAV24: SampleDepth.PCM24}.get(
        job.form, SampleDepth.FLOAT32
    )
    form = WavForm(audio.rate_hz, audio.channels, audio.frames, depth)
    with part.open("wb") as handle:
        write_wav_stream(handle, form, _wav_blocks(audio, depth, job), job.chunks)


@contextmanager
def _library_faults(part: Path) -> Iterator[None]:
    """Turn a library's words for a full disk into the house's: they do not raise OSError."""
    import soundfile

    try:
        yield
    except (soundfile.LibsndfileError, AssertionError) as error:
        full = shutil.disk_usage(part.parent).free < _ROOM_BYTES
        if full:
            raise environment_fault(OSError(28, "No space left on device"), part) from error
        raise EnvironmentFault(
            "env.encoder", f"the encoder failed: {error}", "check the sound and the disk"
        ) from error


def _opened(path: Path, flags: int) -> int:
    """Return a descriptor for libsndfile, which closes it: a name that is not UTF-8 must open too."""
    return os.open(path, flags | getattr(os, "O_BINARY", 0))


def _write_flac(part: Path, audio: Audio, job: _Job) -> None:
    import soundfile

    bits = 16 if job.form is MediaFormat.FLAC16 else 24
    with (
        _library_faults(part),
        soundfile.SoundFile(
            _opened(part, os.O_RDWR),
            "w",
            audio.rate_hz,
            audio.channels,
            f"PCM_{bits}",
            format="FLAC",
            compression_level=0.625,
        ) as file,
    ):
        for whole in quantised_blocks(audio, bits, job.dither_seed):
            job.context.check()
            file.write(whole << (32 - bits))  # libsndfile takes the upper bits


def _write_vorbis(part: Path, audio: Audio, job: _Job) -> None:
    import soundfile

    with (
        _library_faults(part),
        soundfile.SoundFile(
            _opened(part, os.O_RDWR),
            "w",
            audio.rate_hz,
            audio.channels,
            "VORBIS",
            format="OGG",
            compression_level=0.2,
        ) as file,
    ):
        # in blocks: libvorbis takes its analysis buffer from the stack of one call
        for start in range(0, audio.frames, 4096):
            job.context.check()
            file.write(audio.samples[:, start : start + 4096].T)
    set_serial(part, _SERIAL)


def _write_mp3(part: Path, audio: Audio, job: _Job) -> None:
    if lame.load() is None:
        _write_ffmpeg(part, audio, job)
        return
    with part.open("wb") as file:
        lame.write_mp3(file, audio, _FORMS[job.form].bitrate // 1000 or None, job.context)


def _write_ffmpeg(part: Path, audio: Audio, job: _Job) -> None:
    import av

    form = _FORMS[job.form]
    layout = "mono" if audio.channels == 1 else "stereo"
    # bitexact leaves out the time of day, the build's name and a random Ogg serial number
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if form.muxer == "ipod" else {})
    try:
        with av.open(ffmpeg_name(part), "w", format=form.muxer, container_options=options) as container:
            stream: Any = container.add_stream(form.codec, rate=audio.rate_hz, layout=layout)
            stream.codec_context.thread_count = 1
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
            if form.bitrate:
                stream.bit_rate = form.bitrate
                # LAME's slower searches buy nothing at 320 kbit/s: the noise in every third
                # octave up to 16 kHz is within 1 dB of the default's, in 57 % of its time
                stream.codec_context.options = {"compression_level": "7"} if form.muxer == "mp3" else {}
            else:
                stream.codec_context.flags |= av.codec.context.Flags.qscale
                stream.codec_context.options = {"global_quality": "0"}
            for start in range(0, audio.frames, BLOCK_FRAMES):
                job.context.check()
                block = np.ascontiguousarray(audio.samples[:, start : start + BLOCK_FRAMES])
                frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = audio.rate_hz, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (av.error.EncoderNotFoundError, av.codec.codec.UnknownCodecError) as error:
        raise EnvironmentFault(
            "env.encoder",
            f"this machine's FFmpeg has no encoder '{form.codec}'",
            "install the 'av' wheel from PyPI",
        ) from error
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise  # `atomic_write` says it in the house's words
        raise EnvironmentFault(
            "env.encoder", f"the encoder failed: {error}", "check the sound and the disk"
        ) from error


_WRITERS: dict[MediaFormat, Callable[[Path, Audio, _Job], None]] = {
    MediaFormat.WAV16: _write_wav,
    MediaFormat.WAV24: _write_wav,
    MediaFormat.WAV32F: _write_wav,
    MediaFormat.FLAC16: _write_flac,
    MediaFormat.FLAC24: _write_flac,
    MediaFormat.MP3_320: _write_mp3,
    MediaFormat.MP3_V0: _write_mp3,
    MediaFormat.AAC_256: _write_ffmpeg,
    MediaFormat.OPUS_160: _write_ffmpeg,
    MediaFormat.VORBIS: _write_vorbis,
}
