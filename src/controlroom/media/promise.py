"""What a container's header promises, held against the bytes that are there.

Reads structure only, in a bounded number of small steps, so that an
incomplete or absurd file is refused before any decoder sees it. Only what is
*provable* counts as truncated: streaming headers without a length (WAV sizes
of 0 or close to 2³², FLAC totals of 0, MP3 without a Xing header, open-ended
Matroska, broadcast ASF) promise nothing and pass.

Sources: EBU Tech 3306 (RF64), AIFF 1.3, RFC 9639 §8.2 and §9.1 (FLAC),
RFC 3533 §6 (Ogg), ISO 14496-12 §4.2 (boxes), RFC 8794 §4–6 (EBML), ASF
specification 2.1 and 3.2.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controlroom.media.mpeg import MpegCount, count_frames
from controlroom.media.ogg import walk_pages
from controlroom.media.sniff import Sniffed

Bytes = bytes | mmap.mmap

_MAX_CHUNKS = 10_000
_STREAMING = 0x7FFF_F000  # SoX writes this, FFmpeg 2³² − 1, when the length is not known yet
_TAIL = 1 << 18


@dataclass(frozen=True, slots=True)
class Promise:
    """What the header says; None where it says nothing.

    Attributes
    ----------
    truncated : str
        Why the file is provably incomplete, in words; empty if it is not.
    frames, rate_hz, channels : int or None
        As declared. `frames` is exact where given.
    duration_s : float or None
        As declared or, for MPEG audio, as counted.
    bitrate_kbps : float or None
        Mean of the coded frames, for MPEG audio.
    streaming : bool
        The length field is empty although sound follows.
    damaged : str
        What is provably wrong inside the file, in words; empty if nothing is.
    """

    truncated: str = ""
    frames: int | None = None
    rate_hz: int | None = None
    channels: int | None = None
    duration_s: float | None = None
    bitrate_kbps: float | None = None
    streaming: bool = False
    damaged: str = ""


def read_promise(path: Path, sniffed: Sniffed, max_seconds: float) -> Promise:
    """Read what a file's header promises.

    Parameters
    ----------
    path : Path
        A file that is not empty.
    sniffed : Sniffed
        What `sniff` said of it.
    max_seconds : float
        MPEG frames are counted no further than this.

    Returns
    -------
    Promise
        Empty for containers whose headers promise nothing that can be held
        against the file.
    """
    name = sniffed.kind.name if sniffed.kind else ""
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if name == "mp3":
            return _mpeg(count_frames(data, sniffed.start, max_seconds))
        reader = _READERS.get(name)
        return reader(data, sniffed.start) if reader else Promise()


def _missing(declared: int, there: int, what: str) -> str:
    return f"its header promises {declared} {what}, the file has {max(0, there)}"


# --- RIFF and AIFF -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    start: int
    size: int


def _chunks(data: Bytes, start: int, order: str) -> list[_Chunk]:
    """List the chunks of a RIFF or IFF file, up to the one that passes the end."""
    found: list[_Chunk] = []
    place = start + 12
    while place + 8 <= len(data) and len(found) < _MAX_CHUNKS:
        name, size = struct.unpack_from(f"{order}4sI", data, place)
        found.append(_Chunk(name, place + 8, size))
        if name == b"data":  # what a streaming header hides behind it is sound, not chunks
            break
        place += 8 + size + size % 2
    return found


def _wav(data: Bytes, start: int) -> Promise:
    chunks = {chunk.name: chunk for chunk in reversed(_chunks(data, start, "<"))}
    form, sound = chunks.get(b"fmt "), chunks.get(b"data")
    if form is None or form.size < 16 or form.start + 16 > len(data):
        return Promise(truncated="it ends before its format is told" if sound is None else "")
    code, channels, rate_hz, _, align, _ = struct.unpack_from("<HHIIHH", data, form.start)
    facts = Promise(rate_hz=rate_hz, channels=channels)
    if sound is None:
        return Promise("it ends before its data chunk", rate_hz=rate_hz, channels=channels)
    there, size = len(data) - sound.start, sound.size
    wide = chunks.get(b"ds64")
    if wide is not None and wide.start + 16 <= len(data) and size == 0xFFFF_FFFF:
        size = struct.unpack_from("<Q", data, wide.start + 8)[0]
    elif size >= _STREAMING or (size == 0 and there > 0 and not _only_chunks(data, sound.start)):
        return Promise(rate_hz=rate_hz, channels=channels, streaming=True)
    if align == 0:
        return facts
    short = size - there >= align  # a missing pad byte or a ragged last frame is no loss
    frames = size // align if code in {1, 3, 0xFFFE} else None
    why = _missing(size, there, "bytes of sound") if short else ""
    return Promise(why, frames, rate_hz, channels, _seconds(frames, rate_hz))


def _only_chunks(data: Bytes, place: int) -> bool:
    """Whether chunks follow each other to the very end (so nothing there is sound)."""
    for _ in range(_MAX_CHUNKS):
        if place + 8 > len(data):
            return place >= len(data)
        name, size = struct.unpack_from("<4sI", data, place)
        if not name.isascii() or not name.decode("ascii").isprintable():
            return False
        place += 8 + size + size % 2
    return False


def _seconds(frames: int | None, rate_hz: int) -> float | None:
    return frames / rate_hz if frames is not None and rate_hz > 0 else None


def _aiff(data: Bytes, start: int) -> Promise:
    chunks = {chunk.name: chunk for chunk in reversed(_chunks(data, start, ">"))}
    form, sound = chunks.get(b"COMM"), chunks.get(b"SSND")
    if form is None or form.start + 18 > len(data):
        return Promise("it ends before its format is told")
    channels, frames, _, exponent, mantissa = struct.unpack_from(">hLhHQ", data, form.start)
    # 80-bit extended: (−1)^s · mantissa · 2^(exponent − 16383 − 63)
    power = (exponent & 0x7FFF) - 16383 - 63
    rate_hz = round(mantissa * 2.0**power) if -63 <= power <= -31 else 0
    why = ""
    if frames and (sound is None or sound.size > len(data) - sound.start):
        why = _missing(
            sound.size if sound else frames, len(data) - sound.start if sound else 0, "bytes of sound"
        )
    return Promise(why, frames, rate_hz, channels, _seconds(frames, rate_hz))


# --- FLAC and Ogg ------------------------------------------------------------


def _flac(data: Bytes, start: int) -> Promise:
    if start + 42 > len(data):
        return Promise("it ends inside its stream information")
    packed = int.from_bytes(data[start + 18 : start + 26], "big")
    rate_hz, channels, frames = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    if frames == 0:
        return Promise(rate_hz=rate_hz, channels=channels, streaming=True)
    end = _last_flac_frame(data, int.from_bytes(data[start + 10 : start + 12], "big"))
    why = _missing(frames, end, "frames") if end is not None and end < frames else ""
    return Promise(why, frames, rate_hz, channels, _seconds(frames, rate_hz))


def _last_flac_frame(data: Bytes, fixed_block: int) -> int | None:
    """Return where the last FLAC frame that has a header ends, in sample frames (RFC 9639 §9.1).

    None when no header is found near the end of the file.
    """
    tail = bytes(data[-_TAIL:])
    at = len(tail)
    while (at := tail.rfind(b"\xff", 0, at)) >= 0:
        end = _flac_frame_end(tail[at : at + 16], fixed_block)
        if end is not None:
            return end
    return None


def _flac_frame_end(head: bytes, fixed_block: int) -> int | None:
    if len(head) < 6 or head[1] & 0xFE != 0xF8:
        return None
    length = _utf8_length(head[4])
    block_bits, rate_bits = head[2] >> 4, head[2] & 15
    extra = {6: 1, 7: 2}.get(block_bits, 0)
    size = 4 + length + extra + {12: 1, 13: 2, 14: 2}.get(rate_bits, 0)
    if (
        not length
        or not block_bits
        or rate_bits == 15
        or len(head) <= size
        or _crc8(head[:size]) != head[size]
    ):
        return None
    number = head[4] & (0x7F >> length) if length > 1 else head[4]
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    if extra:
        block = int.from_bytes(head[4 + length : 4 + length + extra], "big") + 1
    else:
        block = 192 if block_bits == 1 else (144 << block_bits if block_bits < 6 else 1 << block_bits)
    return number + block if head[1] & 1 else number * fixed_block + block


def _utf8_length(first: int) -> int:
    """Bytes of FLAC's coded number by its first byte, 0 for none."""
    ones = 8 - (first ^ 0xFF).bit_length()
    return {0: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7}.get(ones, 0)


def _crc8(data: bytes) -> int:
    """CRC-8 with x⁸+x²+x+1, as FLAC frame headers end with (RFC 9639 §9.1.8)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _ogg(data: Bytes, start: int) -> Promise:
    walk = walk_pages(data, start)
    if walk.missing_bytes:
        return Promise(_missing(len(data) + walk.missing_bytes, len(data), "bytes"))
    damaged = f"its page at byte {walk.damaged_at} is damaged" if walk.damaged_at is not None else ""
    return Promise(damaged=damaged)


# --- boxes, EBML, ASF --------------------------------------------------------


def _mp4(data: Bytes, start: int) -> Promise:
    place, names = start, set()
    for _ in range(_MAX_CHUNKS):
        if place + 8 > len(data):
            break
        size, name = struct.unpack_from(">I4s", data, place)
        if size == 1 and place + 16 <= len(data):
            size = struct.unpack_from(">Q", data, place + 8)[0]
        end = len(data) if size == 0 else place + size
        if end > len(data) and name in {b"mdat", b"moov", b"moof"}:
            kind = name.decode("ascii")
            return Promise(_missing(end - place, len(data) - place, f"bytes in its '{kind}' box"))
        if size and size < 8:
            break
        names.add(name)
        place = end
    return Promise("" if b"moov" in names else "it ends before its index (no 'moov' box)")


def _vint(data: Bytes, at: int) -> tuple[int, int]:
    """Return an EBML element size and the bytes it takes (RFC 8794 §4); −1 if it is unknown."""
    length = 9 - data[at].bit_length() if at < len(data) and data[at] else 0
    if not length or at + length > len(data):
        return 0, 0
    value = int.from_bytes(data[at : at + length], "big") & (1 << 7 * length) - 1
    return (-1 if value == (1 << 7 * length) - 1 else value), length


def _matroska(data: Bytes, start: int) -> Promise:
    size, length = _vint(data, start + 4)
    segment = start + 4 + length + size
    if not length or size < 0 or segment + 4 >= len(data):
        return Promise("it ends inside its header")
    size, length = _vint(data, segment + 4)
    if data[segment : segment + 4] != b"\x18\x53\x80\x67" or not length or size < 0:
        return Promise()
    end = segment + 4 + length + size
    return Promise(_missing(end, len(data), "bytes") if end > len(data) else "")


_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def _asf(data: Bytes, start: int) -> Promise:
    at = data.find(_ASF_FILE_PROPERTIES, start, start + _TAIL)
    if at < 0 or at + 92 > len(data):
        return Promise("it ends inside its header")
    declared = struct.unpack_from("<Q", data, at + 40)[0]
    broadcast = data[at + 88] & 1
    there = len(data) - start
    return Promise(_missing(declared, there, "bytes") if not broadcast and declared > there else "")


def _mpeg(count: MpegCount | None) -> Promise:
    if count is None:
        return Promise()
    why = _missing(count.promised or 0, count.coded, "MPEG frames") if count.truncated else ""
    kbps = count.audio_bytes * 8 / count.duration_s / 1000 if count.coded else None
    header = count.header
    seconds = count.duration_s if count.coded else None
    # without an exact count libsndfile ends a VBR stream at an estimate: FFmpeg reads to the end
    return Promise(why, None, header.rate_hz, header.channels, seconds, kbps, streaming=not count.exact)


_READERS: dict[str, Callable[[Bytes, int], Promise]] = {
    "wav": _wav,
    "rf64": _wav,
    "aiff": _aiff,
    "flac": _flac,
    "ogg": _ogg,
    "mp4": _mp4,
    "matroska": _matroska,
    "asf": _asf,
}
