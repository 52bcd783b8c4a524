from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.media.ogg import OggWalk, ogg_crc, set_serial, walk_pages
from tests.media.sounds import music, save


def pages(data: bytes) -> list[bytes]:
    found, place = [], 0
    while place < len(data):
        lacing = data[place + 27 : place + 27 + data[place + 26]]
        size = 27 + len(lacing) + sum(lacing)
        found.append(data[place : place + size])
        place += size
    return found


def slow_crc(page: bytes) -> int:
    """RFC 3533 §6, bit by bit."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 1 << 31 else 0)) & 0xFFFFFFFF
    return crc


def test_the_checksum_is_the_one_that_others_write(tmp_path: Path) -> None:
    for page in pages(save(tmp_path / "a.ogg", music(0.5)).read_bytes()):
        blank = page[:22] + bytes(4) + page[26:]
        assert ogg_crc(blank) == slow_crc(blank) == int.from_bytes(page[22:26], "little")


def test_a_new_serial_changes_no_sound_and_every_page(tmp_path: Path) -> None:
    path = save(tmp_path / "a.ogg", music(1.0))
    before, old = path.read_bytes(), soundfile.read(path, dtype="float32")[0]
    set_serial(path, 77)
    after = path.read_bytes()
    np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], old)
    assert len(after) == len(before)
    for page in pages(after):
        assert int.from_bytes(page[14:18], "little") == 77
        assert ogg_crc(page[:22] + bytes(4) + page[26:]) == int.from_bytes(page[22:26], "little")


def test_what_is_not_ogg_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ogg").write_bytes(b"RIFF" * 10)
    with pytest.raises(ValueError, match="no Ogg page at byte 0"):
        set_serial(tmp_path / "a.ogg", 1)


def test_walking_tells_whole_cut_damaged_and_tagged_files_apart(tmp_path: Path) -> None:
    data = save(tmp_path / "a.ogg", music(1.0)).read_bytes()
    found = pages(data)
    assert walk_pages(data, 0) == OggWalk(len(found), 0, None)
    assert walk_pages(data + b"TAG" + bytes(125), 0) == OggWalk(len(found), 0, None)
    assert walk_pages(data[:-5], 0) == OggWalk(len(found) - 1, 5, None)
    start = len(data) - len(found[-1])
    assert walk_pages(data[: start + 10], 0) == OggWalk(len(found) - 1, 17, None)
    hit = bytearray(data)
    hit[-5] ^= 8
    assert walk_pages(bytes(hit), 0) == OggWalk(len(found) - 1, 0, start)
    gap = data[:start] + b"junk" + data[start:]
    assert walk_pages(gap, 0) == OggWalk(len(found) - 1, 0, start)
