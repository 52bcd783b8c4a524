"""Ogg page surgery: a fixed serial number, so that the same sound gives the same bytes.

libsndfile draws each stream's serial number from the clock. Here every page of
a file with one stream gets a given one, and its checksum anew (RFC 3533 §6:
CRC-32 with polynomial 0x04c11db7, not reflected, zero start, no final inversion).
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def ogg_crc(page: bytes) -> int:
    """Return the checksum of an Ogg page whose checksum field is zero.

    zlib's CRC-32 is the same polynomial, mirrored and inverted: so mirror
    every byte in and the result out, and undo the inversions.
    """
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return int(f"{mirrored:032b}"[::-1], 2)


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
