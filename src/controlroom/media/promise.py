"""What a container's header promises, held against the bytes that are there.

Reads structure only, in small steps, so that an incomplete or absurd file is
refused before any decoder sees it, and tells where the sound lies when the
header says less than there is. Only what is *provable* counts as truncated:
streaming headers without a length (WAV sizes of 0 or close to 2³², FLAC totals
of 0, MP3 without a Xing header, open-ended Matroska, broadcast ASF) promise
nothing and pass. It runs in the decoder's child: the file is a stranger's.

Sources: RFC 9639 §8.2 and §9.1 (FLAC), RFC 3533 §6 (Ogg), ISO 14496-12 §4.2
and §8 (boxes), RFC 8794 §4–6 (EBML), ASF specification 2.1 and 3.2; those of
plain samples are in `controlroom.media.containers`.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from controlroom.media import containers
from controlroom.media.chunks import Bytes, tags_end
from controlroom.media.mpeg import MpegStream, MpegWalk, walk_adts, walk_frames
from controlroom.media.ogg import links, walk_pages
from controlroom.media.promised import Part, Promise, Remark, missing, seconds_of

_MAX_CHUNKS = 10_000
_TAIL = 1 << 18
_ID3V1 = 128
_MAX_ENTRIES = 1 << 20
_LOOSE_S = 0.5  # priming and padding of an encoder
_MIN_SHARE = 0.5  # of the bytes that must be frames: below it the file is something else, or ruined


def read_promise(path: Path, kind: str, start: int, max_seconds: float) -> Promise:
    """Read what a file's header promises.

    Parameters
    ----------
    path : Path
        A file that is not empty.
    kind : str
        The container, as `sniff` named it; empty for none.
    start : int
        Where it begins.
    max_seconds : float
        MPEG frames are counted no further than this.

    Returns
    -------
    Promise
        Empty for containers whose headers promise nothing that can be held
        against the file.
    """
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if kind == "mp3":
            return _mpeg(data, start, tags_end(data, start, len(data)), max_seconds)
        if kind in {"wav", "rf64"}:
            found = containers.wav(data, start)
            if found.pcm is None and found.regions:  # MPEG frames in a WAV
                return _mpeg_in_wav(data, found, max_seconds)
            return found
        reader = _READERS.get(kind)
        return reader(data, start) if reader else Promise()


# --- FLAC and Ogg ------------------------------------------------------------

_FLAC_HEAD = b"fLaC\x00\x00\x00\x22"


def _flac(data: Bytes, start: int) -> Promise:
    begins = list(_flac_begins(data, start))
    if len(begins) < 2:
        return _flac_stream(data, start, len(data))
    ends = [*begins[1:], len(data)]
    streams = [_flac_stream(data, *pair) for pair in zip(begins, ends, strict=True)]
    parts = tuple(
        Part((pair,), "av" if one.streaming or one.truncated else "soundfile", "flac")
        for pair, one in zip(zip(begins, ends, strict=True), streams, strict=True)
    )
    first, last = streams[0], streams[-1]
    known = [one.frames for one in streams if one.frames is not None]
    frames = sum(known) if len(known) == len(streams) else None
    joined = Remark("joined", {"count": len(parts)})
    remarks = (joined, *(remark for one in streams for remark in one.remarks))
    return Promise(
        last.truncated,
        first.rate_hz,
        first.channels,
        frames,
        seconds_of(frames, first.rate_hz or 0),
        missing_s=last.missing_s,
        parts=parts,
        remarks=remarks,
    )


def _flac_begins(data: Bytes, start: int) -> Iterator[int]:
    """Yield where FLAC streams begin; more than one where files were joined."""
    place = start
    while place >= 0 and place + 42 <= len(data):
        yield place
        place = data.find(_FLAC_HEAD, place + 42)


def _flac_stream(data: Bytes, start: int, stop: int) -> Promise:
    if start + 42 > stop:
        return Promise("it ends inside its stream information", readable=False)
    packed = int.from_bytes(data[start + 18 : start + 26], "big")
    rate_hz, channels, frames = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    if frames == 0:
        return Promise(rate_hz=rate_hz, channels=channels, streaming=True)
    end = _last_flac_frame(data, start, stop, int.from_bytes(data[start + 10 : start + 12], "big"))
    if end is not None and end > frames:  # told for certain by decoding: a header may be there by chance
        promised = Remark("behind-promise", {"promised_s": frames / max(1, rate_hz)})
        return Promise(rate_hz=rate_hz, channels=channels, streaming=True, remarks=(promised,))
    why, missing_s = "", None
    if end is not None and end < frames:
        why, missing_s = missing(frames, end, "frames"), seconds_of(frames - end, rate_hz)
    seconds = seconds_of(frames, rate_hz)
    return Promise(why, rate_hz, channels, frames, seconds, missing_s=missing_s)


def _last_flac_frame(data: Bytes, start: int, stop: int, fixed_block: int) -> int | None:
    """Return where the last FLAC frame that has a header ends, in sample frames (RFC 9639 §9.1).

    None when no header is found near the end of the file.
    """
    tail = bytes(data[max(start, stop - _TAIL) : stop])
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
    found = links(data, start)
    parts: tuple[Part, ...] = ()
    if len(found) > 1 or walk.missing_bytes:
        parts = tuple(Part((run,), _ogg_engine(data, run[0]), "ogg") for run in found)
    joined = (Remark("joined", {"count": len(found)}),) if len(found) > 1 else ()
    if walk.missing_bytes:
        why = missing(len(data) + walk.missing_bytes, len(data), "bytes")
        return Promise(why, parts=parts, remarks=joined)
    if walk.damaged_at is not None:
        return Promise(damaged=f"its page at byte {walk.damaged_at} is damaged")
    if walk.pages_missing:
        return Promise(damaged=f"{walk.pages_missing} of its pages are missing")
    open_end = () if walk.ended else (Remark("no-end-mark"),)
    return Promise(parts=parts, remarks=(*joined, *open_end))


def _ogg_engine(data: Bytes, start: int) -> str:
    packet = start + 27 + data[start + 26] if start + 27 <= len(data) else start
    return "soundfile" if data[packet : packet + 7] == b"\x01vorbis" else "av"


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
            why = missing(end - place, len(data) - place, f"bytes in its '{kind}' box")
            return Promise(why, readable=name != b"moov" and (b"moov" in names or b"moof" in names))
        if size and size < 8:
            break
        names.add(name)
        place = end
    if b"moov" not in names:
        return Promise("it ends before its index (no 'moov' box)", readable=False)
    return _mp4_lengths(data, start)


def _mp4_lengths(data: Bytes, start: int) -> Promise:
    """Hold what the first sound track's header promises against its table of samples (ISO 14496-12 §8.4.2, §8.6.1)."""
    for track in _boxes(data, _boxes(data, ((start, len(data)),), b"moov"), b"trak"):
        media = _boxes(data, (track,), b"mdia")
        kinds = [bytes(data[place + 8 : place + 12]) for place, _ in _boxes(data, media, b"hdlr")]
        heads, tables = _boxes(data, media, b"mdhd"), _boxes(data, media, b"minf")
        times = _boxes(data, _boxes(data, tables, b"stbl"), b"stts")
        if kinds != [b"soun"] or not heads or not times:
            continue
        wide = data[heads[0][0]] == 1
        if heads[0][0] + 36 > len(data) or times[0][0] + 8 > len(data):
            break
        scale, told = struct.unpack_from(">IQ" if wide else ">II", data, heads[0][0] + (20 if wide else 12))
        first, stop = times[0]
        count = min(struct.unpack_from(">I", data, first + 4)[0], (stop - first - 8) // 8, _MAX_ENTRIES)
        pairs = struct.unpack_from(f">{2 * count}I", data, first + 8) if count > 0 else ()
        held = sum(number * each for number, each in zip(pairs[::2], pairs[1::2], strict=True))
        if not scale or not held or told in {0xFFFF_FFFF, (1 << 64) - 1}:  # fragments have no table
            break
        told_s, held_s = told / scale, held / scale
        if told_s > held_s + _LOOSE_S:
            why = f"its header promises {told_s:.2f} s, its table holds {held_s:.2f} s"
            return Promise(why, missing_s=told_s - held_s, stored_s=held_s)
        more = Remark("behind-promise", {"promised_s": told_s, "more_s": held_s - told_s})
        return Promise(stored_s=held_s, remarks=(more,) if held_s > told_s + _LOOSE_S else ())
    return Promise()


def _boxes(data: Bytes, within: Iterable[tuple[int, int]], name: bytes) -> list[tuple[int, int]]:
    """Return where the contents of the boxes of a name lie, inside the contents of others."""
    found = []
    for begin, stop in within:
        place = begin
        for _ in range(_MAX_CHUNKS):
            if place + 8 > stop:
                break
            size, kind = struct.unpack_from(">I4s", data, place)
            head = 8
            if size == 1 and place + 16 <= stop:
                size, head = struct.unpack_from(">Q", data, place + 8)[0], 16
            end = stop if size == 0 else min(stop, place + size)
            if size and size < head:
                break
            if kind == name:
                found.append((place + head, end))
            place = end
    return found


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
        return Promise("it ends inside its header", readable=False)
    size, length = _vint(data, segment + 4)
    if data[segment : segment + 4] != b"\x18\x53\x80\x67" or not length or size < 0:
        return Promise()
    end = segment + 4 + length + size
    return Promise(missing(end, len(data), "bytes") if end > len(data) else "")


_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def _asf(data: Bytes, start: int) -> Promise:
    at = data.find(_ASF_FILE_PROPERTIES, start, start + _TAIL)
    if at < 0 or at + 92 > len(data):
        return Promise("it ends inside its header", readable=False)
    declared = struct.unpack_from("<Q", data, at + 40)[0]
    played, preroll_ms = struct.unpack_from("<Q8xQ", data, at + 64)
    broadcast = data[at + 88] & 1
    there = len(data) - start
    why = missing(declared, there, "bytes") if not broadcast and declared > there else ""
    return Promise(why, stored_s=None if broadcast else max(0.0, played / 1e7 - preroll_ms / 1e3))


# --- frames of MPEG audio and AAC ----------------------------------------------


def _mpeg(data: Bytes, start: int, stop: int, max_seconds: float, *, in_wav: bool = False) -> Promise:
    walk = walk_frames(data, start, stop, max_seconds)
    if walk is None:
        return Promise(streaming=True)
    audio_bytes = sum(stream.audio_bytes for stream in walk.streams)
    if audio_bytes < _MIN_SHARE * (stop - start) and walk.duration_s < max_seconds:
        return Promise(damaged=f"of its {stop - start} bytes only {audio_bytes} are MPEG frames")
    last, header = walk.streams[-1], walk.streams[0].header
    why, missing_s = "", None
    if walk.truncated:
        why = missing(last.promised or 0, last.coded, "MPEG frames")
        missing_s = ((last.promised or 0) - last.coded) * last.frame_s
    # without an exact count libsndfile ends a VBR stream at an estimate: FFmpeg reads to the end
    exact = last.exact and not walk.truncated
    uncounted = last.promised is None and walk.skipped == 0 and len(data) - stop in {0, _ID3V1}
    as_it_is = walk.plain and not in_wav and (exact or uncounted)
    parts = tuple(_mpeg_part(stream, exact=stream.exact and not walk.truncated) for stream in walk.streams)
    return Promise(
        why,
        header.rate_hz,
        header.channels,
        duration_s=walk.duration_s,
        bitrate_kbps=audio_bytes * 8 / walk.duration_s / 1000,
        streaming=not exact and not header.free,
        missing_s=missing_s,
        parts=() if as_it_is else parts,
        remarks=tuple(_mpeg_remarks(walk)),
    )


def _mpeg_in_wav(data: Bytes, found: Promise, max_seconds: float) -> Promise:
    """Read the frames of all regions of a WAV as one stretch; its header's promise is in bytes."""
    first, last = found.regions[0], found.regions[-1]
    made = _mpeg(data, first[0], last[0] + last[1], max_seconds, in_wav=True)
    whole_s = made.duration_s or 0.0
    told = tuple(
        Remark(
            one.code,
            {"promised_s": whole_s * (1 - one.values["share"]), "more_s": whole_s * one.values["share"]},
        )
        for one in found.remarks
    )
    return replace(made, truncated=made.truncated or found.truncated, remarks=(*told, *made.remarks))


def _mpeg_part(stream: MpegStream, *, exact: bool) -> Part:
    """Return a stream to be decoded: with its header's frame only where that tells the truth."""
    if not exact:  # FFmpeg does not know free-format streams
        return Part(stream.runs, "soundfile" if stream.header.free else "av", "mp3")
    first = stream.runs[0]
    runs = stream.runs if stream.begin == first[0] else ((stream.begin, stream.begin_end), *stream.runs)
    return Part(runs, "soundfile", "mp3")


def _mpeg_remarks(walk: MpegWalk) -> Iterator[Remark]:
    if walk.skipped:
        yield Remark("skipped", {"bytes": walk.skipped, "places": walk.gaps})
    if len(walk.streams) > 1:
        yield Remark("joined", {"count": len(walk.streams)})
    for stream in walk.streams:
        told_s = (stream.promised or stream.coded) * stream.frame_s
        over_s = stream.duration_s - told_s
        if stream.exact or stream.promised is None:
            continue
        if over_s > 0:
            yield Remark("behind-promise", {"promised_s": told_s, "more_s": over_s})
        elif not walk.truncated:
            yield Remark("count-kept", {"promised_s": told_s, "read_s": stream.duration_s})
    if walk.cut and not walk.truncated:
        yield Remark("cut-frame")


def _adts(data: Bytes, start: int) -> Promise:
    stop = tags_end(data, start, len(data))
    runs, skipped, gaps, cut = walk_adts(data, start, stop)
    held = sum(end - begin for begin, end in runs)
    if held < _MIN_SHARE * (stop - start):
        return Promise(damaged=f"of its {stop - start} bytes only {held} are AAC frames")
    remarks = [Remark("skipped", {"bytes": skipped, "places": gaps})] if skipped else []
    remarks += [Remark("cut-frame")] if cut else []
    parts = (Part(tuple(runs), "av", "aac"),) if skipped else ()
    return Promise(parts=parts, remarks=tuple(remarks))


_READERS: dict[str, Callable[[Bytes, int], Promise]] = {
    "w64": containers.wave64,
    "aiff": containers.aiff,
    "caf": containers.caf,
    "au": containers.au,
    "adts": _adts,
    "flac": _flac,
    "ogg": _ogg,
    "mp4": _mp4,
    "matroska": _matroska,
    "asf": _asf,
}
