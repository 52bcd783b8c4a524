"""A small writer of PNG pictures with a palette: for spectrograms inside SVG files."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256

Rgb = tuple[int, int, int]


def ramp(anchors: Sequence[Rgb]) -> npt.NDArray[np.uint8]:
    """Return 256 colours that run straight through some anchors, shape (256, 3)."""
    places = np.linspace(0, len(anchors) - 1, COLOURS)
    table = np.asarray(anchors, dtype=np.float64)
    columns = [np.interp(places, np.arange(len(anchors)), table[:, channel]) for channel in range(3)]
    return np.round(np.stack(columns, axis=1)).astype(np.uint8)


def write_png(indices: npt.NDArray[np.uint8], palette: npt.NDArray[np.uint8]) -> bytes:
    """Return a PNG of eight-bit palette indices.

    Parameters
    ----------
    indices : uint8 array, shape (rows, columns)
        The top row first.
    palette : uint8 array, shape (256, 3)
        Red, green and blue of each index.

    References
    ----------
    PNG specification (W3C, third edition): chunks IHDR, PLTE, IDAT, IEND; colour type 3, filter 0.
    """
    rows, columns = indices.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    lines = np.hstack([np.zeros((rows, 1), dtype=np.uint8), indices])
    parts = (
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", palette.astype(np.uint8).tobytes()),
        _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
        _chunk(b"IEND", b""),
    )
    return SIGNATURE + b"".join(parts)


def png_address(png: bytes) -> str:
    """Return a PNG as an address that can stand inside a document."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
