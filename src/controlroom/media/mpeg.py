"""MPEG audio and ADTS frames, counted without decoding.

Header fields: ISO 11172-3 §2.4.1.3 and 13818-3 §2.4.1 (MPEG audio), 14496-3
§1.A.2.2 (ADTS). The Xing, Info and VBRI headers are de-facto: a frame count
written by the encoder into the first frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap

_BITRATES = {
    # (MPEG-1?, layer): kbit/s by index 1..14
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = (44_100, 48_000, 32_000)
_CHAIN = 3  # headers in a row that make a stream: chance alone gives one in 2⁴⁵
_RESYNC_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class MpegHeader:
    """One MPEG audio frame header."""

    version: float
    layer: int
    rate_hz: int
    channels: int
    bitrate_kbps: int
    size_bytes: int
    frames: int


@dataclass(frozen=True, slots=True)
class MpegCount:
    """What walking over the frame headers found.

    Attributes
    ----------
    header : MpegHeader
        Of the first frame.
    coded : int
        Whole MPEG frames, without a Xing or VBRI frame.
    audio_bytes : int
        Bytes in those frames.
    promised : int or None
        MPEG frames that the Xing, Info or VBRI header promises.
    cut : bool
        The last frame is longer than what is left of the file.
    """

    header: MpegHeader
    coded: int
    audio_bytes: int
    promised: int | None
    cut: bool

    @property
    def duration_s(self) -> float:
        """Seconds of the frames that were found."""
        return self.coded * self.header.frames / self.header.rate_hz

    @property
    def truncated(self) -> bool:
        """Whether frames are missing that the header promises.

        Encoders differ on whether the header's own frame counts, so one
        frame less is only believed when the last one is visibly cut.
        """
        if self.promised is None:
            return False
        return self.coded < self.promised - 1 or (self.cut and self.coded < self.promised)

    @property
    def exact(self) -> bool:
        """Whether the promise is what is there: without it, or beyond it, a length is an estimate."""
        return self.promised is not None and self.coded <= self.promised + 1


def mpeg_header(data: bytes | mmap, at: int) -> MpegHeader | None:
    """Read one MPEG audio frame header; None if the bytes are none.

    Free-format streams (bitrate index 0) are not read: their frame length
    is not in the header.
    """
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version_bits, layer_bits = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
    bitrate_index, rate_index = data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version_bits == 1 or layer_bits == 0 or bitrate_index in {0, 15} or rate_index == 3:
        return None
    layer = 4 - layer_bits
    version = {3: 1.0, 2: 2.0, 0: 2.5}[version_bits]
    rate_hz = _RATES_HZ[rate_index] // {1.0: 1, 2.0: 2, 2.5: 4}[version]
    bitrate = _BITRATES[version == 1.0, layer][bitrate_index - 1]
    padding = data[at + 2] >> 1 & 1
    if layer == 1:
        frames, size = 384, (12_000 * bitrate // rate_hz + padding) * 4
    else:
        frames = 576 if layer == 3 and version != 1.0 else 1152
        size = frames // 8 * 1000 * bitrate // rate_hz + padding
    channels = 1 if data[at + 3] >> 6 == 3 else 2
    return MpegHeader(version, layer, rate_hz, channels, bitrate, size, frames)


def _chained(data: bytes | mmap, at: int, *, whole: bool) -> bool:
    """Whether `_CHAIN` alike headers follow each other (or the data ends first, from its very start)."""
    first = mpeg_header(data, at)
    place = at
    for _ in range(_CHAIN):
        header = mpeg_header(data, place)
        if first is None or header is None:
            return whole and first is not None and place >= len(data) - 4 and place > at
        if (header.version, header.layer, header.rate_hz) != (first.version, first.layer, first.rate_hz):
            return False
        place += header.size_bytes
    return True


def find_mpeg(data: bytes) -> int | None:
    """Return the offset of the first MPEG audio frame of a stream, or None.

    A header counts when two alike follow it; at offset 0 a file of one or
    two frames counts too.
    """
    place = data.find(b"\xff")
    while place >= 0:
        if _chained(data, place, whole=place == 0):
            return place
        place = data.find(b"\xff", place + 1)
    return None


def _adts_size(data: bytes | mmap, at: int) -> int:
    """Return the length of the ADTS frame at an offset, 0 if there is none."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or data[at + 2] >> 2 & 15 > 12:
        return 0
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return size if size >= 7 else 0


def find_adts(data: bytes) -> int | None:
    """Return the offset of the first ADTS frame of a stream, or None."""
    place = data.find(b"\xff")
    while place >= 0:
        at, chain = place, 0
        while chain < _CHAIN and (size := _adts_size(data, at)):
            at, chain = at + size, chain + 1
        if chain == _CHAIN or (place == 0 and chain and at >= len(data)):
            return place
        place = data.find(b"\xff", place + 1)
    return None


def _promised(frame: bytes, header: MpegHeader) -> int | None:
    """Read the frame count of a Xing, Info or VBRI header; -1 if it has none; None if it is no such frame."""
    if frame[36:40] == b"VBRI":
        return int.from_bytes(frame[50:54], "big")
    side = {(True, 2): 32, (True, 1): 17, (False, 2): 17, (False, 1): 9}[
        header.version == 1.0, header.channels
    ]
    mark = frame[4 + side : 8 + side]
    if mark not in {b"Xing", b"Info"}:
        return None
    flags = int.from_bytes(frame[8 + side : 12 + side], "big")
    return int.from_bytes(frame[12 + side : 16 + side], "big") if flags & 1 else -1


def count_frames(data: bytes | mmap, start: int, max_seconds: float) -> MpegCount | None:
    """Walk over a file's MPEG audio frames by their headers.

    Parameters
    ----------
    data : bytes or mmap
        The whole file; a memory map will do.
    start : int
        Where the tags at the front end.
    max_seconds : float
        Counting stops a little behind this much sound: the caller refuses it.

    Returns
    -------
    MpegCount or None
        None when no frame is found.
    """
    first_at = find_mpeg(bytes(data[start : start + _RESYNC_BYTES * 2]))
    if first_at is None:
        return None
    place = start + first_at
    first = mpeg_header(data, place)
    if first is None:
        return None
    promised = _promised(bytes(data[place : place + 64]), first)
    if promised is not None:
        place += first.size_bytes
    limit = int(max_seconds * first.rate_hz / first.frames) + 2
    coded, audio_bytes, cut = 0, 0, False
    while coded < limit:
        header = mpeg_header(data, place)
        if header is None or header.rate_hz != first.rate_hz or header.layer != first.layer:
            place = _resync(data, place, first)
            if place < 0:
                break
            continue
        if place + header.size_bytes > len(data):
            cut = True
            break
        coded, audio_bytes, place = coded + 1, audio_bytes + header.size_bytes, place + header.size_bytes
    # counting that stopped at the limit proves nothing about the end
    known = promised if promised is not None and promised > 0 and coded < limit else None
    return MpegCount(first, coded, audio_bytes, known, cut)


def _resync(data: bytes | mmap, place: int, first: MpegHeader) -> int:
    """Return where frames go on behind damage or a tag, -1 if nowhere near."""
    window = bytes(data[place : place + _RESYNC_BYTES])
    at = window.find(b"\xff", 1)
    while at >= 0:
        header = mpeg_header(window, at)
        if header is not None and header.rate_hz == first.rate_hz and _chained(window, at, whole=False):
            return place + at
        at = window.find(b"\xff", at + 1)
    return -1
