"""WAV files as distributors want them.

Plain format codes (1 for PCM, 3 for float; never 0xFFFE, WAVE_FORMAT_EXTENSIBLE),
every metadata chunk *before* ``data``, nothing behind it (Spotify's provider
specification; standards.md §2.1). Libraries append their chunks at the end or
choose the extensible form on their own, so the house has its own writer.

Sources: Microsoft/IBM RIFF specification 1991, Microsoft "New Multimedia Data
Types" 1994 (float: ``cbSize`` and ``fact``), EBU Tech 3285 v2 (``bext``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from controlroom.model.errors import AudioInputError

_MAX_BYTES = 0xFFFF_FFFF
_UNSET = 0x7FFF


class SampleDepth(StrEnum):
    """How one sample is stored."""

    PCM16 = "16"
    PCM24 = "24"
    FLOAT32 = "32f"

    @property
    def bits(self) -> int:
        """Bits per sample."""
        return {"16": 16, "24": 24, "32f": 32}[self.value]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A RIFF chunk: four ASCII characters and its bytes (unpadded)."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class WavForm:
    """The form of a WAV file, known before its first sample.

    Attributes
    ----------
    rate_hz, channels, frames : int
        Of the sound.
    depth : SampleDepth
        How samples are stored.
    """

    rate_hz: int
    channels: int
    frames: int
    depth: SampleDepth

    @property
    def data_bytes(self) -> int:
        """Bytes of the data chunk, without its pad byte."""
        return self.frames * self.channels * self.depth.bits // 8


@dataclass(frozen=True, slots=True)
class Bext:
    """A Broadcast Wave extension (EBU Tech 3285 v2).

    Attributes
    ----------
    description, originator, reference : str
        ASCII; 256, 32 and 32 characters at most, longer ones are cut.
    date, time : str
        ``yyyy-mm-dd`` and ``hh:mm:ss``.
    time_reference : int
        Frames since midnight.
    integrated_lufs, range_lu, true_peak_dbtp, momentary_lufs, short_term_lufs : float or None
        Stored as hundredths; None is stored as unset (0x7FFF).
    history : str
        Coding history; lines end with CR LF.
    """

    description: str = ""
    originator: str = ""
    reference: str = ""
    date: str = ""
    time: str = ""
    time_reference: int = 0
    integrated_lufs: float | None = None
    range_lu: float | None = None
    true_peak_dbtp: float | None = None
    momentary_lufs: float | None = None
    short_term_lufs: float | None = None
    history: str = ""

    def chunk(self) -> Chunk:
        """Return the ``bext`` chunk."""
        levels = (
            self.integrated_lufs,
            self.range_lu,
            self.true_peak_dbtp,
            self.momentary_lufs,
            self.short_term_lufs,
        )
        body = struct.pack(
            "<256s32s32s10s8sQH64s5h180s",
            *(_ascii(text) for text in (self.description, self.originator, self.reference)),
            _ascii(self.date),
            _ascii(self.time),
            self.time_reference,
            2,
            b"",
            *(_UNSET if level is None else round(level * 100) for level in levels),
            b"",
        )
        return Chunk("bext", body + _ascii(self.history))


def _ascii(text: str) -> bytes:
    return text.encode("ascii", errors="replace")


def info_chunk(fields: Mapping[str, str]) -> Chunk:
    """Return a ``LIST`` chunk of type ``INFO``.

    Parameters
    ----------
    fields : mapping of str to str
        Four-character names (``INAM``, ``IART``, ``IPRD``, ``ICMT``, ``ICRD``,
        ``ISFT``, …) and texts, which are stored in UTF-8 with a NUL at the end.

    Returns
    -------
    Chunk

    Raises
    ------
    ValueError
        If a name has not four ASCII characters.
    """
    body = b"INFO"
    for name, text in fields.items():
        body += _framed(Chunk(name, text.encode("utf-8") + b"\0"))
    return Chunk("LIST", body)


def ixml_chunk(xml: str) -> Chunk:
    """Return an ``iXML`` chunk of a finished XML document."""
    return Chunk("iXML", xml.encode("utf-8"))


def _framed(chunk: Chunk) -> bytes:
    name = chunk.name.encode("ascii")
    if len(name) != 4:
        raise ValueError(f"a chunk's name has four characters, not {chunk.name!r}")
    return name + struct.pack("<I", len(chunk.body)) + chunk.body + b"\0" * (len(chunk.body) % 2)


def wav_header(form: WavForm, chunks: Sequence[Chunk] = ()) -> bytes:
    """Return everything in front of the first sample.

    Parameters
    ----------
    form : WavForm
        The form of the sound.
    chunks : sequence of Chunk
        Metadata; written in this order between ``fmt`` (and ``fact``) and ``data``.

    Returns
    -------
    bytes
        From ``RIFF`` to the size of ``data``.

    Raises
    ------
    AudioInputError
        ``encode.too-large``, when the file would pass the 4 GiB of RIFF.
    ValueError
        If a chunk would take the place of ``fmt``, ``fact`` or ``data``.
    """
    if any(chunk.name in {"fmt ", "fact", "data", "RIFF"} for chunk in chunks):
        raise ValueError("a metadata chunk can't be named 'fmt ', 'fact', 'data' or 'RIFF'")
    width = form.depth.bits // 8
    is_float = form.depth is SampleDepth.FLOAT32
    fmt = struct.pack(
        "<HHIIHH",
        3 if is_float else 1,
        form.channels,
        form.rate_hz,
        form.rate_hz * form.channels * width,
        form.channels * width,
        form.depth.bits,
    )
    before = [
        Chunk("fmt ", fmt + struct.pack("<H", 0)),
        Chunk("fact", struct.pack("<I", form.frames & _MAX_BYTES)),
    ]
    front = before if is_float else [Chunk("fmt ", fmt)]
    body = b"WAVE" + b"".join(_framed(chunk) for chunk in [*front, *chunks])
    total = len(body) + 8 + form.data_bytes + form.data_bytes % 2
    if total > _MAX_BYTES:
        raise AudioInputError(
            "encode.too-large",
            f"{form.frames} frames at {form.depth.bits} bits need {total / 2**30:.2f} GiB, a WAV file holds 4",
            "write FLAC, a lower rate or a shorter sound",
        )
    return b"RIFF" + struct.pack("<I", total) + body + b"data" + struct.pack("<I", form.data_bytes)


def write_wav_stream(
    handle: BinaryIO, form: WavForm, blocks: Iterable[bytes | memoryview], chunks: Sequence[Chunk] = ()
) -> None:
    """Write a WAV file block by block.

    Parameters
    ----------
    handle : binary file
        Written from where it stands; never sought.
    form : WavForm
        The form of the sound.
    blocks : iterable of bytes
        Interleaved little-endian samples, exactly ``form.data_bytes`` in all.
    chunks : sequence of Chunk
        Metadata, in front of ``data``.

    Raises
    ------
    AudioInputError
        ``encode.too-large``.
    ValueError
        If the blocks are not as long as the form says.
    """
    handle.write(wav_header(form, chunks))
    written = 0
    for block in blocks:
        handle.write(block)
        written += len(block)
    if written != form.data_bytes:
        raise ValueError(f"the form promises {form.data_bytes} bytes of samples, {written} were given")
    handle.write(b"\0" * (written % 2))
