"""Ogg pages: are they whole, and a fixed serial number for the same sound to give the same bytes.

libsndfile draws each stream's serial number from the clock. Here every page of
a file with one stream gets a given one, and its checksum anew (RFC 3533 §6:
CRC-32 with polynomial 0x04c11db7, not reflected, zero start, no final inversion).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path

Bytes = bytes | mmap

_FIRST, _LAST = 2, 4
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def ogg_crc(page: bytes) -> int:
    """Return the checksum of an Ogg page whose checksum field is zero.

    zlib's CRC-32 is the same polynomial, mirrored and inverted: so mirror
    every byte in and the result out, and undo the inversions.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{mirrored:032b}"[::-1], 2)


@dataclass(frozen=True, slots=True)
class OggWalk:
    """What walking over a file's pages found.

    Attributes
    ----------
    pages : int
        Whole pages with the right checksum, in a row from the start.
    missing_bytes : int
        What the last page promises beyond the end of the file.
    damaged_at : int or None
        Offset of the first page whose checksum is wrong, or of bytes between
        pages that are no page. Decoders drop such pages without a word, and
        what follows moves forward in time.
    pages_missing : int
        Pages that the numbers of a stream's pages leave out.
    ended : bool
        The last page carries the mark of an end; a recorder that died sets none.
    """

    pages: int
    missing_bytes: int
    damaged_at: int | None
    pages_missing: int = 0
    ended: bool = True


def walk_pages(data: Bytes, start: int) -> OggWalk:
    """Check that an Ogg file's pages follow each other and match their checksums.

    Tags or padding behind the last page are no damage.

    Parameters
    ----------
    data : bytes or mmap
        The whole file.
    start : int
        Where its first page is.
    """
    place, pages, left_out, ended = start, 0, 0, True
    numbers: dict[bytes, int] = {}
    while place + 27 <= len(data) and data[place : place + 4] == b"OggS":
        body = place + 27 + data[place + 26]
        end = body + sum(data[place + 27 : body])
        if body > len(data) or end > len(data):
            return OggWalk(pages, max(body, end) - len(data), None)
        page = bytes(data[place:end])
        if ogg_crc(page[:22] + bytes(4) + page[26:]) != int.from_bytes(page[22:26], "little"):
            return OggWalk(pages, 0, place)
        serial, number = page[14:18], int.from_bytes(page[18:22], "little")
        first = bool(page[5] & _FIRST)
        left_out += 0 if first else max(0, number - numbers.get(serial, number - 1) - 1)
        numbers[serial], ended = number, bool(page[5] & _LAST)
        place, pages = end, pages + 1
    if data[place : place + 4] == b"OggS":  # cut inside a page's header
        return OggWalk(pages, 27 + place - len(data), None)
    if data.find(b"OggS", place) >= 0:
        return OggWalk(pages, 0, place)
    return OggWalk(pages, 0, None, left_out, ended)


def links(data: Bytes, start: int) -> list[tuple[int, int]]:
    """Return start and stop of each link of a chain (RFC 3533 §4): streams one after the other.

    A link begins with first pages that follow others. A page that is cut is left out.
    """
    begins, place, opening = [start], start, True
    while place + 27 <= len(data) and data[place : place + 4] == b"OggS":
        body = place + 27 + data[place + 26]
        end = body + sum(data[place + 27 : body])
        if end > len(data):
            break
        first = bool(data[place + 5] & _FIRST)
        if first and not opening:
            begins.append(place)
        opening, place = first, end
    return list(zip(begins, [*begins[1:], place], strict=True))


def set_serial(path: Path, serial: int) -> None:
    """Give every page of an Ogg file with a single stream this serial number, in place.

    Parameters
    ----------
    path : Path
        The file.
    serial : int
        0 to 2³² − 1.

    Raises
    ------
    ValueError
        If the pages do not follow each other to the end of the file.
    """
    with path.open("r+b") as handle:
        while head := handle.read(27):
            if len(head) < 27 or head[:4] != b"OggS":
                raise ValueError(f"'{path.name}' has no Ogg page at byte {handle.tell() - len(head)}")
            lacing = handle.read(head[26])
            body = handle.read(sum(lacing))
            blank = head[:14] + struct.pack("<I", serial) + head[18:22] + bytes(4) + head[26:]
            crc = struct.pack("<I", ogg_crc(blank + lacing + body))
            handle.seek(-len(head) - len(lacing) - len(body), 1)
            handle.write(blank[:22] + crc)
            handle.seek(27 - 26 + len(lacing) + len(body), 1)
