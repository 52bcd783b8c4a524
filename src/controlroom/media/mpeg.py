"""MPEG audio and ADTS frames, counted without decoding.

Header fields: ISO 11172-3 §2.4.1.3 and 13818-3 §2.4.1 (MPEG audio), 14496-3
§1.A.2.2 (ADTS). The Xing, Info and VBRI headers are de-facto: a frame count
written by the encoder into the first frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from controlroom.media.chunks import Bytes, tag_bytes

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
_FREE_BYTES = (96, 4_096)  # 8 kbit/s at 8 kHz to 640 kbit/s at 32 kHz, and a little
_CHAIN = 3  # headers in a row that make a stream: chance alone gives one in 2⁴⁵


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
    free: bool = False

    def alike(self, other: MpegHeader) -> bool:
        """Whether both can be of one stream."""
        return (self.version, self.layer, self.rate_hz) == (other.version, other.layer, other.rate_hz)


@dataclass(frozen=True, slots=True)
class MpegStream:
    """One encoder's stream: its frames in runs of bytes, and what its Xing header counts.

    Attributes
    ----------
    header : MpegHeader
        Of the first frame.
    runs : tuple of (int, int)
        Start and stop of frames that follow each other, without a Xing or VBRI frame.
    coded : int
        Whole MPEG frames in the runs.
    promised : int or None
        MPEG frames that the Xing, Info or VBRI header promises.
    begin : int
        Where the stream's first frame is, a Xing or VBRI frame included.
    begin_end : int
        Where that frame ends.
    """

    header: MpegHeader
    runs: tuple[tuple[int, int], ...]
    coded: int
    promised: int | None
    begin: int
    begin_end: int

    @property
    def frame_s(self) -> float:
        """Seconds of one MPEG frame."""
        return self.header.frames / self.header.rate_hz

    @property
    def duration_s(self) -> float:
        """Seconds of the frames that were found."""
        return self.coded * self.frame_s

    @property
    def exact(self) -> bool:
        """Whether the promise is what is there; encoders differ on whether the header's own frame counts."""
        return self.promised is not None and abs(self.coded - self.promised) <= 1

    @property
    def audio_bytes(self) -> int:
        """Bytes of the frames."""
        return sum(stop - start for start, stop in self.runs)


@dataclass(frozen=True, slots=True)
class MpegWalk:
    """What walking over the frame headers found.

    Attributes
    ----------
    streams : tuple of MpegStream
        More than one where files were joined.
    skipped : int
        Bytes that are neither frames nor tags at the file's ends.
    gaps : int
        Places where they lie.
    cut : bool
        The last frame is longer than what is left of the file.
    """

    streams: tuple[MpegStream, ...]
    skipped: int
    gaps: int
    cut: bool

    @property
    def duration_s(self) -> float:
        """Seconds of all frames."""
        return sum(stream.duration_s for stream in self.streams)

    @property
    def plain(self) -> bool:
        """Whether it is one stream in one run, from its first byte on."""
        return len(self.streams) == 1 and len(self.streams[0].runs) == 1

    @property
    def truncated(self) -> bool:
        """Whether the file was cut: its last frame is, and frames are missing that its header promises.

        One that ends with a whole frame was made shorter by a program that
        kept the old count; that is told, and nothing is missing.
        """
        last = self.streams[-1]
        return self.cut and last.promised is not None and last.coded < last.promised


def mpeg_header(data: Bytes, at: int) -> MpegHeader | None:
    """Read one MPEG audio frame header; None if the bytes are none.

    The frame length of a free-format stream (bitrate index 0) is not in the
    header: it is where the next one alike begins.
    """
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version_bits, layer_bits = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
    bitrate_index, rate_index = data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version_bits == 1 or layer_bits == 0 or bitrate_index == 15 or rate_index == 3:
        return None
    layer = 4 - layer_bits
    version = {3: 1.0, 2: 2.0, 0: 2.5}[version_bits]
    rate_hz = _RATES_HZ[rate_index] // {1.0: 1, 2.0: 2, 2.5: 4}[version]
    padding = data[at + 2] >> 1 & 1
    channels = 1 if data[at + 3] >> 6 == 3 else 2
    if bitrate_index == 0:
        frames = 384 if layer == 1 else 576 if layer == 3 and version != 1.0 else 1152
        size = _free_size(data, at, padding)
        bitrate = size * 8 * rate_hz // (frames * 1000)
        return (
            MpegHeader(version, layer, rate_hz, channels, bitrate, size, frames, free=True) if size else None
        )
    bitrate = _BITRATES[version == 1.0, layer][bitrate_index - 1]
    if layer == 1:
        frames, size = 384, (12_000 * bitrate // rate_hz + padding) * 4
    else:
        frames = 576 if layer == 3 and version != 1.0 else 1152
        size = frames // 8 * 1000 * bitrate // rate_hz + padding
    return MpegHeader(version, layer, rate_hz, channels, bitrate, size, frames)


def _free_size(data: Bytes, at: int, padding: int) -> int:
    """Return the length of a free-format frame: where the next head alike begins, and the one behind it; 0 if none."""
    head = bytes(data[at : at + 2])
    kind = data[at + 2] & 0xFD
    place = data.find(head, at + _FREE_BYTES[0], at + _FREE_BYTES[1])
    while place >= 0:
        if place + 2 < len(data) and data[place + 2] & 0xFD == kind:
            size = place - at
            after = place + size - padding + (data[place + 2] >> 1 & 1)
            if after >= len(data) - 4 or (data[after : after + 2] == head and data[after + 2] & 0xFD == kind):
                return size
        place = data.find(head, place + 1, at + _FREE_BYTES[1])
    return 0


def _chained(data: Bytes, at: int, *, whole: bool, stop: int = 0) -> bool:
    """Whether `_CHAIN` alike headers follow each other.

    Fewer do where the data ends first, from its very start, or where two end with the sound exactly.
    """
    first = mpeg_header(data, at)
    place = at
    for number in range(_CHAIN):
        header = mpeg_header(data, place)
        if first is not None and header is None and number > 1 and place == stop:
            return True
        if first is None or header is None:
            return whole and first is not None and place >= len(data) - 4 and place > at
        if not header.alike(first):
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


def _adts_size(data: Bytes, at: int) -> int:
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


class _Walker:
    """Walks over a file's frames; takes up streams, runs and gaps as they come."""

    def __init__(self, data: Bytes, start: int, stop: int, max_seconds: float) -> None:
        self.data, self.stop, self.place = data, stop, start
        self.left_s = max_seconds
        self.streams: list[MpegStream] = []
        self.skipped = self.gaps = 0
        self.cut = False
        self._first: MpegHeader | None = None
        self._promised: int | None = None
        self._begin = (start, start)
        self._runs: list[tuple[int, int]] = []
        self._coded = 0

    def walk(self) -> None:
        """Take frames up to the end, or a little behind the most that is allowed."""
        while self.place < self.stop and self.left_s > 0:
            header = mpeg_header(self.data, self.place)
            if header is None and self._is_last_free():
                header = replace(self._first, size_bytes=self.stop - self.place) if self._first else None
            if header is None or (self._first is not None and not header.alike(self._first)):
                if not self._skip():
                    break
            elif self.place + header.size_bytes > self.stop:
                self.cut = True
                break
            else:
                self._take(header)
        self._close()

    def _is_last_free(self) -> bool:
        """Whether the last frame of a free-format stream stands here: no other tells its length."""
        first, begin = self._first, self._begin[0]
        if first is None or not first.free or not self._runs:
            return False
        alike = self.data[self.place : self.place + 2] == self.data[begin : begin + 2]
        return alike and abs(first.size_bytes - (self.stop - self.place)) <= 1

    def _take(self, header: MpegHeader) -> None:
        promised = _promised(bytes(self.data[self.place : self.place + 64]), header)
        end = self.place + header.size_bytes
        if promised is not None:
            self._close()
            self._first, self._begin = header, (self.place, end)
            self._promised = promised if promised > 0 else None
        else:
            if self._first is None:
                self._first, self._begin = header, (self.place, end)
            if self._runs and self._runs[-1][1] == self.place:
                self._runs[-1] = (self._runs[-1][0], end)
            else:
                self._runs.append((self.place, end))
            self._coded += 1
            self.left_s -= header.frames / header.rate_hz
        self.place = end

    def _close(self) -> None:
        if self._first is not None and self._coded:
            stream = MpegStream(self._first, tuple(self._runs), self._coded, self._promised, *self._begin)
            self.streams.append(stream)
        self._first, self._promised, self._runs, self._coded = None, None, [], 0

    def _skip(self) -> bool:
        """Go on where frames follow each other again; False where they never do."""
        found = _resync(self.data, self.place, self.stop)
        end = self.stop if found is None else found
        self.skipped += end - self.place
        self.gaps += 1
        self.place = end
        if found is None:
            return False
        header = mpeg_header(self.data, found)
        if header is not None and self._first is not None and not header.alike(self._first):
            self._close()
        return True


def walk_frames(data: Bytes, start: int, stop: int, max_seconds: float) -> MpegWalk | None:
    """Walk over a file's MPEG audio frames by their headers, over all that is none.

    Parameters
    ----------
    data : bytes or mmap
        The whole file; a memory map will do.
    start, stop : int
        Where the tags at the front end, and those at the end begin.
    max_seconds : float
        Counting stops a little behind this much sound: the caller refuses it.

    Returns
    -------
    MpegWalk or None
        None when no frame is found.
    """
    walker = _Walker(data, start, stop, max_seconds)
    walker.walk()
    if not walker.streams:
        return None
    return MpegWalk(tuple(walker.streams), walker.skipped, walker.gaps, walker.cut)


def _resync(data: Bytes, place: int, stop: int) -> int | None:
    """Return where frames follow each other behind damage, a tag or junk."""
    place = max(place, min(stop, place + tag_bytes(data, place)))
    at = data.find(b"\xff", place, stop)
    while at >= 0:
        if _chained(data, at, whole=False, stop=stop):
            return at
        at = data.find(b"\xff", at + 1, stop)
    return None


def walk_adts(data: Bytes, start: int, stop: int) -> tuple[list[tuple[int, int]], int, int, bool]:
    """Walk over ADTS frames: runs of them, bytes skipped, places where, and whether the last one is cut."""
    runs: list[tuple[int, int]] = []
    skipped, gaps, place = 0, 0, start
    while place < stop:
        size = _adts_size(data, place)
        if size and place + size > stop:
            return runs, skipped, gaps, True
        if size:
            if runs and runs[-1][1] == place:
                runs[-1] = (runs[-1][0], place + size)
            else:
                runs.append((place, place + size))
            place += size
            continue
        found = _resync_adts(data, place, stop)
        skipped, gaps, place = skipped + found - place, gaps + 1, found
    return runs, skipped, gaps, False


def _resync_adts(data: Bytes, place: int, stop: int) -> int:
    place = max(place, min(stop, place + tag_bytes(data, place)))
    at = data.find(b"\xff", place, stop)
    while at >= 0:
        if _adts_chain(data, at, stop) >= _CHAIN:
            return at
        at = data.find(b"\xff", at + 1, stop)
    return stop


def _adts_chain(data: Bytes, at: int, stop: int) -> int:
    """Return how many ADTS frames follow each other; one that ends with the file counts for all."""
    for chain in range(_CHAIN):
        size = _adts_size(data, at)
        if not size:
            return _CHAIN if chain > 1 and at == stop else chain
        at += size
    return _CHAIN
