"""MP3 and AAC as they lie on disks: joined, cut, tagged in the middle, wrapped, with bytes that are no frame."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from controlroom.media.decode import decode
from controlroom.media.encode import MediaFormat, write
from controlroom.media.mpeg import mpeg_header
from controlroom.model.errors import AudioInputError
from controlroom.model.song import Reading
from tests.media.sounds import music
from tests.media.test_decode import by_av

ID3 = b"ID3\x03\x00\x00\x00\x00\x10\x00" + bytes(2_048)
LYRICS = b"LYRICSBEGININD0000200LYR00020[00:01]hello hello..000058LYRICS200" + b"TAG" + b"x" * 125
NOISE = np.random.default_rng(1).bytes(70_000)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An MP3 with an Info header whose count is right."""
    path = tmp_path_factory.mktemp("mp3") / "a.mp3"
    write(path, music(2.0), MediaFormat.MP3_320)
    return path.read_bytes()


def frames(data: bytes) -> list[int]:
    """Where each frame begins, the Info frame first."""
    place = data.index(b"\xff\xfb")
    found = []
    while (header := mpeg_header(data, place)) is not None:
        found.append(place)
        place += header.size_bytes
    return [*found, place]


def bare(data: bytes) -> bytes:
    places = frames(data)
    return data[places[1] : places[-1]]


def half(data: bytes) -> int:
    places = frames(data)
    return places[len(places) // 2]


def remarks(path: Path, **how: object) -> dict[str, dict[str, float]]:
    return {one.code: one.values for one in decode(path, **how).remarks}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "front, middle, end, skipped",
    [
        (b"", ID3, b"", 2_058),
        (b"", NOISE, b"", 70_000),
        (b"", b"", bytes(5_000), 5_000),
        (b"", b"", b"<html>cached</html>" * 60, 1_140),
        (bytes(5_000), b"", b"", 5_000),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"", b"", 19),
        (b"", b"", LYRICS, 0),
    ],
)
def test_bytes_that_are_no_frame_are_skipped_and_told(
    tmp_path: Path, full: bytes, front: bytes, middle: bytes, end: bytes, skipped: int
) -> None:
    path, plain = tmp_path / "a.mp3", tmp_path / "plain.mp3"
    sound = bare(full)
    plain.write_bytes(sound)
    place = half(sound)
    path.write_bytes(front + sound[:place] + middle + sound[place:] + end)
    got = decode(path)
    np.testing.assert_array_equal(got.audio.samples, decode(plain).audio.samples)
    told = {one.code: one.values for one in got.remarks}
    assert told == ({"skipped": {"bytes": float(skipped), "places": 1.0}} if skipped else {})


def test_joined_mp3s_keep_each_its_own_start_and_end(tmp_path: Path, full: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(full)
    once = decode(path).audio.samples
    path.write_bytes(full + full)
    got = decode(path)
    np.testing.assert_array_equal(got.audio.samples, np.tile(once, 2))
    assert got.remarks[-1].code == "joined"
    assert got.remarks[-1].values == {"count": 2.0}


def recounted(full: bytes, count: int) -> bytes:
    place = full.index(b"Info") + 8
    return full[:place] + struct.pack(">I", count) + full[place + 4 :]


def test_a_count_that_is_too_low_ends_nothing(tmp_path: Path, full: bytes) -> None:
    path, plain = tmp_path / "a.mp3", tmp_path / "plain.mp3"
    plain.write_bytes(bare(full))
    path.write_bytes(recounted(full, 10))
    np.testing.assert_array_equal(decode(path).audio.samples, decode(plain).audio.samples)
    assert remarks(path)["behind-promise"]["promised_s"] == pytest.approx(10 * 1_152 / 48_000)


def test_a_count_that_a_frame_cutter_kept_is_told(tmp_path: Path, full: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(full[: half(full)])
    told = remarks(path)["count-kept"]
    assert told["read_s"] < 0.6 * told["promised_s"]


def test_a_cut_inside_a_frame_is_incomplete_unless_the_person_takes_it(tmp_path: Path, full: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(full[: half(full) + 100])
    with pytest.raises(
        AudioInputError, match=r"MPEG frames, the file has \d+; 1\.\d\d s are missing"
    ) as caught:
        decode(path)
    assert caught.value.code == "audio.truncated"
    assert remarks(path, reading=Reading(as_is=True))["missing"]["missing_s"] == pytest.approx(1.0, abs=0.1)


def test_a_cut_last_frame_of_an_uncounted_stream_is_told(tmp_path: Path, full: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(bare(full)[:-100])
    assert remarks(path) == {"cut-frame": {}}


def test_more_junk_than_frames_is_no_mp3(tmp_path: Path, full: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(bare(full) + np.random.default_rng(2).bytes(3 * len(full)))
    with pytest.raises(AudioInputError, match=r"of its \d+ bytes only \d+ are MPEG frames"):
        decode(path)


def mp3_in_wav(sound: bytes, declared: int) -> bytes:
    form = struct.pack("<HHIIHHH", 0x55, 2, 48_000, 40_000, 1, 0, 12) + struct.pack(
        "<HIHHH", 1, 2, 960, 1, 1393
    )
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", declared) + sound
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_mp3_in_a_wav_is_read_by_its_frames(tmp_path: Path, full: bytes) -> None:
    sound = bare(full)
    plain = tmp_path / "plain.mp3"
    plain.write_bytes(sound)
    want = decode(plain).audio.samples
    path = tmp_path / "a.wav"
    path.write_bytes(mp3_in_wav(sound, len(sound)))
    got = decode(path)
    assert (got.container, got.codec, got.remarks) == ("wav", "mp3", ())
    np.testing.assert_array_equal(got.audio.samples, want)
    path.write_bytes(mp3_in_wav(sound, len(sound) // 4))
    np.testing.assert_array_equal(decode(path).audio.samples, want)
    assert remarks(path)["behind-promise"]["more_s"] == pytest.approx(1.5, abs=0.1)
    path.write_bytes(mp3_in_wav(sound, len(sound) * 4))
    with pytest.raises(AudioInputError, match="is incomplete"):
        decode(path)


@pytest.mark.parametrize(
    "front, middle, end", [(b"x" * 300, b"", b""), (b"", NOISE[:3_000], b""), (b"", b"", b"<p>" * 200)]
)
def test_junk_in_an_aac_stream_is_skipped_and_told(
    tmp_path: Path, front: bytes, middle: bytes, end: bytes
) -> None:
    path = by_av(tmp_path / "a.aac", music(2.0), "adts", "aac")
    whole, once = path.read_bytes(), decode(path).audio
    place = whole.index(b"\xff\xf1", len(whole) // 2)
    path.write_bytes(front + whole[:place] + middle + whole[place:] + end)
    got = decode(path)
    assert got.audio.frames == once.frames
    assert remarks(path)["skipped"]["bytes"] == len(front + middle + end)
