"""Chunks of RIFF, IFF, CAF and Wave64, and what may stand behind a sound: walked in small steps.

Only names, sizes and a few kilobytes of content are looked at. A name that is not
printable ends a walk; so does a chunk that leads beyond the file.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Bytes = bytes | mmap.mmap

MOST_CHUNKS = 10_000
_TAIL = 1 << 20
_ZEROS = bytes(1 << 16)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk's name, where its content begins, and how many bytes it says it has."""

    name: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where its content ends, without padding."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one container writes its chunks.

    Attributes
    ----------
    head : str
        `struct` format of a chunk's head: name and size.
    pad : int
        Chunks begin at multiples of this.
    counts_head : bool
        The size includes the head (Wave64).
    known : frozenset of bytes
        Names that are believed wherever they stand.
    """

    head: str
    pad: int
    counts_head: bool
    known: frozenset[bytes]

    @property
    def head_bytes(self) -> int:
        """Bytes of a chunk's head."""
        return struct.calcsize(self.head)


def _names(text: str) -> frozenset[bytes]:
    return frozenset(name.ljust(4).encode("ascii") for name in text.split())


_RIFF_NAMES = _names(
    "fmt LIST list data fact cue smpl inst PEAK peak JUNK junk PAD pad FLLR fllr bext iXML axml aXML _PMX chna "
    "dbmd SMED umid UMID strc acid cart levl LGWV minf elm1 regn afsp DISP plst note labl wavl slnt "
    "id3 ID3 C2PA ResU bgmd ovwf MD5 SAUR tlst strc cart ds64 r64m"
)
_IFF_NAMES = _names(
    "NAME AUTH (c) ANNO COMT MARK INST MIDI AESD APPL ID3 id3 FVER CHAN BASC TRNS CATE PEAK COMM"
)
_CAF_NAMES = _names("info chan strg mark regn free pakt kuki ovvw peak midi umid uuid inst edct data")

RIFF = Grammar("<4sI", 2, counts_head=False, known=_RIFF_NAMES)
RIFX = Grammar(">4sI", 2, counts_head=False, known=_RIFF_NAMES)
IFF = Grammar(">4sI", 2, counts_head=False, known=_IFF_NAMES)
CAF = Grammar(">4sq", 1, counts_head=False, known=_CAF_NAMES)
W64 = Grammar("<16sQ", 8, counts_head=True, known=_RIFF_NAMES)


def chunk_at(data: Bytes, place: int, grammar: Grammar) -> Chunk | None:
    """Read a chunk's head; None where no printable name stands, or too few bytes."""
    if place < 0 or place + grammar.head_bytes > len(data):
        return None
    name, size = struct.unpack_from(grammar.head, data, place)
    name = name[:4]
    if not all(32 <= byte < 127 for byte in name):
        return None
    if grammar.counts_head:
        size -= grammar.head_bytes
    return Chunk(name, place + grammar.head_bytes, size) if size >= 0 or grammar is CAF else None


def behind(data: Bytes, chunk: Chunk, grammar: Grammar) -> int:
    """Return where the next chunk begins; some programs leave the pad byte of an odd chunk out."""
    end = chunk.end
    if grammar.pad == 2 and end % 2 != chunk.start % 2:
        return end if bytes(data[end : end + 4]) in grammar.known else end + 1
    return end + (-(end - chunk.start)) % grammar.pad


def walk(data: Bytes, place: int, grammar: Grammar) -> Iterator[Chunk]:
    """Yield chunks from a place on, as far as they follow each other."""
    for _ in range(MOST_CHUNKS):
        chunk = chunk_at(data, place, grammar)
        if chunk is None:
            return
        yield chunk
        if chunk.size < 0:
            return
        place = behind(data, chunk, grammar)


def chain(data: Bytes, place: int, grammar: Grammar) -> list[Chunk]:
    """Return the chunks that follow a sound, or none if what stands there is no chunk.

    A known name is a chunk by itself, even one that is cut by the file's end;
    others must follow each other to the very end.
    """
    found = list(walk(data, place, grammar))
    last_known = max((n for n, one in enumerate(found) if one.name in grammar.known), default=-1)
    if found and behind(data, found[-1], grammar) in range(len(data), len(data) + grammar.pad):
        return found
    return found[: last_known + 1]


def tags_end(data: Bytes, start: int, stop: int) -> int:
    """Return where tags at the end of a file begin: ID3v1, Lyrics3, APEv2, in any order."""
    while True:
        before = stop
        for size_of in (_id3v1, _lyrics3, _ape):
            stop -= size_of(data, start, stop)
        if stop == before:
            return stop


def _id3v1(data: Bytes, start: int, stop: int) -> int:
    return 128 if stop - 128 >= start and data[stop - 128 : stop - 125] == b"TAG" else 0


def _lyrics3(data: Bytes, start: int, stop: int) -> int:
    """Lyrics3 v2 ends with its size in six digits; v1 is found by its beginning."""
    mark = bytes(data[max(start, stop - 9) : stop])
    if mark == b"LYRICS200" and bytes(data[stop - 15 : stop - 9]).isdigit():
        size = int(data[stop - 15 : stop - 9]) + 15
        if stop - size >= start and data[stop - size : stop - size + 11] == b"LYRICSBEGIN":
            return size
    if mark in {b"LYRICS200", b"LYRICSEND"}:
        at = data.rfind(b"LYRICSBEGIN", max(start, stop - _TAIL), stop)
        return stop - at if at >= 0 else 0
    return 0


def _ape(data: Bytes, start: int, stop: int) -> int:
    if stop - 32 < start or data[stop - 32 : stop - 24] != b"APETAGEX":
        return 0
    size, _, flags = struct.unpack_from("<III", data, stop - 20)
    whole = size + (32 if flags & 0x8000_0000 else 0)
    return whole if whole <= stop - start else 0


def tag_bytes(data: Bytes, place: int) -> int:
    """Return the length of a tag that begins at a place (ID3v2, APEv2 with a header), 0 if there is none."""
    head = bytes(data[place : place + 32])
    if head[:3] == b"ID3" and len(head) >= 10 and not any(byte & 0x80 for byte in head[6:10]):
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        return 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:8] == b"APETAGEX" and len(head) == 32:
        return 32 + int.from_bytes(head[12:16], "little")
    return 0


def is_tag(data: Bytes, place: int) -> bool:
    """Return whether a tag of any kind begins here."""
    head = bytes(data[place : place + 11])
    return bool(tag_bytes(data, place)) or head.startswith((b"TAG", b"LYRICSBEGIN"))


def sound_end(data: Bytes, start: int, grammar: Grammar | None) -> int:
    """Return where a sound of unknown length ends: in front of the chunks and tags at the file's end.

    A chunk is believed when its size leads to the end exactly.
    """
    stop = tags_end(data, start, len(data))
    while grammar is not None:
        places = [
            place for name in grammar.known if (place := _last(data, name, start, stop, grammar)) is not None
        ]
        if not places:
            break
        stop = min(places)
    return stop


def _last(data: Bytes, name: bytes, start: int, stop: int, grammar: Grammar) -> int | None:
    place = data.rfind(name, max(start, stop - _TAIL), stop)
    chunk = chunk_at(data, place, grammar) if place >= 0 else None
    if chunk is None or not chunk.end <= stop <= behind(data, chunk, grammar):
        return None
    return place


def only_zeros(data: Bytes, start: int, stop: int) -> bool:
    """Return whether a stretch holds nothing but zeros."""
    return first_other(data, start, stop) == stop


def first_other(data: Bytes, start: int, stop: int) -> int:
    """Return where a run of zeros ends."""
    place = start
    while place < stop:
        block = bytes(data[place : min(stop, place + len(_ZEROS))])
        if block != _ZEROS[: len(block)]:
            return place + len(block) - len(block.lstrip(b"\0"))
        place += len(block)
    return stop


@dataclass(frozen=True, slots=True)
class Stretches:
    """The bytes of a sound: where they lie, what was promised, and what was left out behind them.

    Attributes
    ----------
    regions : tuple of (int, int)
        Start and size of each.
    promised : int or None
        Bytes that the header promises; None where it promises nothing.
    left_out : int
        Bytes behind the sound that are neither sound nor chunk, tag or padding.
    """

    regions: tuple[tuple[int, int], ...]
    promised: int | None
    left_out: int = 0

    @property
    def size(self) -> int:
        """Bytes in all regions."""
        return sum(size for _, size in self.regions)


def stretches(
    data: Bytes,
    start: int,
    promised: int | None,
    grammar: Grammar | None,
    is_sound: Callable[[int, int], bool],
) -> Stretches:
    """Tell where a sound lies: what its header promises, and what goes on behind that.

    Parameters
    ----------
    data : bytes or mmap
        The whole file.
    start : int
        Where the sound begins.
    promised : int or None
        Its bytes, as declared; None for "to the end".
    grammar : Grammar or None
        How chunks behind it are written; None where there are none.
    is_sound : callable
        Judges a stretch (start, stop) that is no chunk, tag or padding.
    """
    if promised is None:
        return Stretches(((start, max(0, sound_end(data, start, grammar) - start)),), None)
    place, left_out = start + promised, 0
    cut = place > len(data)  # what is there may still end with tags
    regions = [(start, max(0, (sound_end(data, start, grammar) if cut else place) - start))]
    for _ in range(MOST_CHUNKS):
        follow = _follow(data, place, grammar) if grammar else []
        if follow:
            sounds = [one for one in follow if one.name == b"data"]
            regions += [
                (one.start, min(one.size, len(data) - one.start)) for one in sounds if one.start < len(data)
            ]
            place = behind(data, follow[-1], grammar) if grammar else place
            continue
        stop = sound_end(data, place, grammar) if place < len(data) else place
        if place >= stop or is_tag(data, place) or only_zeros(data, place, stop):
            break
        last_start, last_size = regions[-1]
        if not is_sound(place, stop):
            left_out = stop - place
        elif last_start + last_size == place:
            regions[-1] = (last_start, stop - last_start)
        else:
            regions.append((place, stop - place))
        break
    return Stretches(tuple(regions), promised, left_out)


def _follow(data: Bytes, place: int, grammar: Grammar) -> list[Chunk]:
    """Return the chunks at the end of a sound, with its pad byte there or forgotten."""
    return chain(data, place, grammar) or (chain(data, place + 1, grammar) if grammar.pad == 2 else [])
