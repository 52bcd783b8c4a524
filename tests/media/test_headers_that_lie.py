"""Headers that promise less or more than there is: what lies behind is read and told, or refused with a number."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from controlroom.media.decode import decode
from controlroom.media.encode import MediaFormat, write
from controlroom.model.errors import AudioInputError
from controlroom.model.song import Reading
from tests.media.sounds import grid, music, pcm16, riff, save
from tests.tolerances import TOLD_SECONDS

RATE_HZ = 48_000
SOUND = grid(music(1.5), 16)
LE = pcm16(SOUND)
BE = np.frombuffer(LE, "<i2").astype(">i2").tobytes()
WHOLE = np.frombuffer(LE, "<i2").reshape(-1, 2).T.astype(np.float32) / np.float32(32_768)
HALF = RATE_HZ * 4 // 2  # half a second, as the headers promise it
FMT = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 2, RATE_HZ, RATE_HZ * 4, 4, 16)
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf60.16.100\0"


def wave(body: bytes, tag: bytes = b"RIFF", order: str = "<") -> bytes:
    return tag + struct.pack(order + "I", len(body) + 4) + b"WAVE" + body


def data(size: int, sound: bytes = LE, order: str = "<") -> bytes:
    return b"data" + struct.pack(order + "I", size) + sound


def ds64(size: int) -> bytes:
    return b"ds64" + struct.pack("<IQQQI", 28, size + 80, size, size // 4, 0)


def aiff(frames: int, size: int, sound: bytes = BE, tail: bytes = b"") -> bytes:
    comm = struct.pack(">IhIhHQ", 18, 2, frames, 16, 16383 + 15, RATE_HZ << 48)
    body = b"AIFFCOMM" + comm + b"SSND" + struct.pack(">III", size + 8, 0, 0) + sound + tail
    return b"FORM" + struct.pack(">I", len(body)) + body


def caf(size: int) -> bytes:
    form = struct.pack(">d4sIIIII", float(RATE_HZ), b"lpcm", 2, 4, 1, 2, 16)
    head = b"caff" + struct.pack(">HH", 1, 0) + b"desc" + struct.pack(">q", 32) + form
    return head + b"data" + struct.pack(">qI", size + 4 if size >= 0 else -1, 0) + LE


def w64(size: int) -> bytes:
    def named(name: bytes) -> bytes:
        return name + b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"

    form = named(b"fmt ") + struct.pack("<QHHIIHH", 40, 1, 2, RATE_HZ, RATE_HZ * 4, 4, 16)
    riff_id = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
    total = struct.pack("<Q", 104 + len(LE))
    return riff_id + total + named(b"wave") + form + named(b"data") + struct.pack("<Q", size + 24) + LE


def au(size: int) -> bytes:
    return b".snd" + struct.pack(">5I", 24, size, 3, RATE_HZ, 2) + BE


RIFX_FMT = b"fmt " + struct.pack(">IHHIIHH", 16, 1, 2, RATE_HZ, RATE_HZ * 4, 4, 16)
LESS = {
    "data-short.wav": wave(FMT + data(HALF)),
    "both-short.wav": riff(LE, declared=HALF),
    "short-then-list.wav": wave(FMT + data(HALF) + LIST),
    "short-then-id3v1.wav": wave(FMT + data(HALF)) + b"TAG" + b"x" * 125,
    "rf64.wav": wave(ds64(HALF) + FMT + data(0xFFFFFFFF), b"RF64"),
    "rifx.wav": wave(RIFX_FMT + data(HALF, BE, ">"), b"RIFX", ">"),
    "two-data.wav": wave(FMT + data(HALF, LE[:HALF]) + LIST + data(len(LE) - HALF, LE[HALF:])),
    "a.w64": w64(HALF),
    "a.aif": aiff(HALF // 4, HALF),
    "a.caf": caf(HALF),
    "a.au": au(HALF),
}


@pytest.mark.parametrize("name", LESS)
def test_what_lies_behind_a_promise_is_read_and_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LESS[name])
    got = decode(tmp_path / name)
    np.testing.assert_array_equal(got.audio.samples, WHOLE)
    assert [one.code for one in got.remarks] == ["behind-promise"]
    assert got.remarks[0].values == pytest.approx({"promised_s": 0.5, "more_s": 1.0}, abs=TOLD_SECONDS)


NOTHING_TO_TELL = {
    "bw64.wav": wave(ds64(len(LE)) + FMT + data(0xFFFFFFFF), b"BW64"),
    "rf64-unfinished.wav": wave(ds64(0) + FMT + data(0xFFFFFFFF), b"RF64"),
    "rifx.wav": wave(RIFX_FMT + data(len(BE), BE, ">"), b"RIFX", ">"),
    "odd-list-without-its-pad-byte.wav": wave(
        b"LIST"
        + struct.pack("<I", 25)
        + b"INFOISFT"
        + struct.pack("<I", 13)
        + b"Lavf60.16.10\0"
        + FMT
        + data(len(LE))
    ),
    "streamed-with-a-list.wav": wave(FMT + data(0xFFFFFFFF) + LIST),
    "no-size-with-a-list.wav": wave(FMT + data(0) + LIST),
    "padded.wav": wave(FMT + data(len(LE))) + bytes(4_000),
    "id3.wav": wave(FMT + data(len(LE)) + b"id3 " + struct.pack("<I", 10) + b"ID3\3\0\0\0\0\0\0"),
    "comm-short.aif": aiff(RATE_HZ // 2, len(BE)),
    "died.aif": aiff(0, 0),
    "named.aif": aiff(len(BE) // 4, len(BE), tail=b"NAME" + struct.pack(">I", 4) + b"song"),
    "open.caf": caf(-1),
    "open.au": au(0xFFFFFFFF),
}


@pytest.mark.parametrize("name", NOTHING_TO_TELL)
def test_chunks_tags_padding_and_open_lengths_are_no_sound_and_hide_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(NOTHING_TO_TELL[name])
    got = decode(tmp_path / name)
    np.testing.assert_array_equal(got.audio.samples, WHOLE)
    assert got.remarks == ()


@pytest.mark.parametrize("junk", [b"<html>cached</html>" * 900, np.random.default_rng(3).bytes(17_100)])
def test_junk_behind_a_sound_is_left_out_and_told(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(wave(FMT + data(len(LE))) + junk)
    got = decode(tmp_path / "a.wav")
    np.testing.assert_array_equal(got.audio.samples, WHOLE)
    assert [(one.code, one.values) for one in got.remarks] == [("no-sound-behind", {"bytes": 17_100.0})]


@pytest.mark.parametrize(
    "form, sound",
    [
        (
            (1, 24),
            (np.frombuffer(LE, "<i2").astype("<i4") << 16).view(np.uint8).reshape(-1, 4)[:, 1:].tobytes(),
        ),
        ((3, 32), WHOLE.T.astype("<f4").tobytes()),
        ((3, 64), WHOLE.T.astype("<f8").tobytes()),
    ],
)
def test_every_width_is_read_on(tmp_path: Path, form: tuple[int, int], sound: bytes) -> None:
    code, bits = form
    made = riff(sound, declared=RATE_HZ * bits // 8, code=code, bits=bits)
    (tmp_path / "a.wav").write_bytes(made)
    np.testing.assert_array_equal(decode(tmp_path / "a.wav").audio.samples, WHOLE)


def test_a_codec_that_cannot_be_read_on_is_refused_with_numbers(tmp_path: Path) -> None:
    sound = bytes(range(256)) * 400
    (tmp_path / "a.wav").write_bytes(riff(sound, declared=60_000, code=7, bits=8))
    with pytest.raises(AudioInputError, match="60000 bytes of sound are promised, 42400 more") as caught:
        decode(tmp_path / "a.wav")
    assert caught.value.code == "audio.header-short"
    got = decode(tmp_path / "a.wav", reading=Reading(as_is=True))
    assert [(one.code, one.values["bytes"]) for one in got.remarks] == [("unread", 42_400.0)]


# --- FLAC, Ogg, MP4 --------------------------------------------------------------


def with_total(flac: bytes, frames: int) -> bytes:
    packed = int.from_bytes(flac[18:26], "big") >> 36 << 36 | frames
    return flac[:18] + packed.to_bytes(8, "big") + flac[26:]


@pytest.fixture(scope="module")
def flac(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return save(tmp_path_factory.mktemp("flac") / "a.flac", SOUND).read_bytes()


def test_a_flac_total_that_is_too_small_ends_nothing(tmp_path: Path, flac: bytes) -> None:
    (tmp_path / "a.flac").write_bytes(with_total(flac, RATE_HZ // 2))
    got = decode(tmp_path / "a.flac")
    np.testing.assert_array_equal(got.audio.samples, SOUND.samples)
    assert [one.code for one in got.remarks] == ["behind-promise"]
    assert got.remarks[0].values["more_s"] == pytest.approx(1.0, abs=TOLD_SECONDS)


def test_joined_flacs_are_read_one_after_the_other(tmp_path: Path, flac: bytes) -> None:
    tag = b"ID3\x03\x00\x00\x00\x00\x10\x00" + bytes(2_048)
    (tmp_path / "a.flac").write_bytes(flac + tag + flac)
    got = decode(tmp_path / "a.flac")
    np.testing.assert_array_equal(got.audio.samples, np.tile(SOUND.samples, 2))
    assert [(one.code, one.values) for one in got.remarks] == [("joined", {"count": 2.0})]


@pytest.mark.parametrize("form", [MediaFormat.VORBIS, MediaFormat.OPUS_160])
def test_chained_ogg_is_read_whole(tmp_path: Path, form: MediaFormat) -> None:
    path = tmp_path / f"a{form.extension}"
    write(path, SOUND, form)
    once = decode(path).audio.samples
    path.write_bytes(path.read_bytes() * 2)
    got = decode(path)
    np.testing.assert_array_equal(got.audio.samples, np.tile(once, 2))
    assert [(one.code, one.values) for one in got.remarks] == [("joined", {"count": 2.0})]


def test_joined_files_of_two_forms_are_refused_by_name(tmp_path: Path) -> None:
    for name, channels in (("a.ogg", 2), ("b.ogg", 1)):
        save(tmp_path / name, music(0.5, channels=channels))
    both = (tmp_path / "a.ogg").read_bytes() + (tmp_path / "b.ogg").read_bytes()
    (tmp_path / "a.ogg").write_bytes(both)
    with pytest.raises(
        AudioInputError, match=r"\(48000 Hz, 2, then 48000 Hz, 1\): files were joined"
    ) as caught:
        decode(tmp_path / "a.ogg")
    assert caught.value.hint == "add each of them by itself"


def test_a_missing_ogg_page_is_damage(tmp_path: Path) -> None:
    save(tmp_path / "a.ogg", music(3.0))
    made = (tmp_path / "a.ogg").read_bytes()
    first = made.index(b"OggS", len(made) // 3)
    second = made.index(b"OggS", first + 4)
    (tmp_path / "a.ogg").write_bytes(made[:first] + made[second:])
    with pytest.raises(AudioInputError, match="1 of its pages are missing"):
        decode(tmp_path / "a.ogg")


def m4a(path: Path, change: Callable[[bytearray], None]) -> Path:
    write(path, SOUND, MediaFormat.AAC_256)
    made = bytearray(path.read_bytes())
    change(made)
    path.write_bytes(made)
    return path


def told_length(made: bytearray, box: bytes, at: int, units: int) -> None:
    place = made.index(box) + at
    made[place : place + 4] = units.to_bytes(4, "big")


def test_an_mp4_whose_length_is_told_too_short_is_read_whole(tmp_path: Path) -> None:
    path = m4a(tmp_path / "a.m4a", lambda made: told_length(made, b"mdhd", 20, RATE_HZ // 2))
    got = decode(path)
    assert got.audio.duration_s == pytest.approx(1.5, abs=0.1)
    assert [one.code for one in got.remarks] == ["behind-promise"]


def test_an_mp4_whose_length_is_told_too_long_is_incomplete(tmp_path: Path) -> None:
    path = m4a(tmp_path / "a.m4a", lambda made: told_length(made, b"mdhd", 20, 10 * RATE_HZ))
    with pytest.raises(AudioInputError, match=r"promises 10\.00 s, its table holds 1\.5\d s") as caught:
        decode(path)
    assert caught.value.code == "audio.truncated"
    assert [one.code for one in decode(path, reading=Reading(as_is=True)).remarks] == ["missing"]


def test_sound_that_an_edit_list_hides_is_told(tmp_path: Path) -> None:
    path = m4a(tmp_path / "a.m4a", lambda made: told_length(made, b"elst", 12, 500))
    got = decode(path)
    assert [one.code for one in got.remarks] == ["edit-list"]
    assert got.remarks[0].values["left_out_s"] == pytest.approx(1.0, abs=0.1)


# --- more is promised than there is ------------------------------------------------

MORE = {
    "a.wav": riff(LE, declared=2 * len(LE)),
    "tagged.wav": riff(LE, declared=2 * len(LE), tail=LIST),
    "a.aif": aiff(len(BE) // 2, 2 * len(BE)),
    "a.caf": caf(2 * len(LE)),
    "a.w64": w64(2 * len(LE)),
    "a.au": au(2 * len(BE)),
}


@pytest.mark.parametrize("name", MORE)
def test_what_is_there_is_read_when_the_person_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(MORE[name])
    with pytest.raises(AudioInputError, match=r"1\.50 s are missing") as caught:
        decode(tmp_path / name)
    assert caught.value.code == "audio.truncated"
    assert "--as-is" in caught.value.hint
    got = decode(tmp_path / name, reading=Reading(as_is=True))
    np.testing.assert_array_equal(got.audio.samples, WHOLE)
    assert [one.code for one in got.remarks] == ["missing"]
    assert got.remarks[0].values["missing_s"] == pytest.approx(1.5, abs=TOLD_SECONDS)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "a.wv"])
def test_half_a_coded_file_is_read_when_the_person_says_so(tmp_path: Path, name: str) -> None:
    path, sound = tmp_path / name, music(3.0)
    if name == "a.wv":
        from tests.media.test_decode import by_av

        by_av(path, sound, "wv", "wavpack", "s32p")
    elif name == "a.mp3":
        write(path, sound, MediaFormat.MP3_V0)
    else:
        save(path, sound)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(AudioInputError, match="is incomplete: ") as caught:
        decode(path)
    assert "--as-is" in caught.value.hint
    got = decode(path, reading=Reading(as_is=True))
    assert 0.5 < got.audio.duration_s < 3.0
    missing = next(one for one in got.remarks if one.code == "missing")
    if name != "a.ogg":  # pages tell no length in front
        assert missing.values["missing_s"] + got.audio.duration_s == pytest.approx(3.0, abs=0.15)


def test_what_has_no_index_is_refused_without_an_offer(tmp_path: Path) -> None:
    from tests.media.test_decode import by_av

    made = by_av(tmp_path / "a.m4a", music(1.0), "ipod", "aac").read_bytes()
    (tmp_path / "a.m4a").write_bytes(made[: made.index(b"moov") - 4])
    for reading in (Reading(), Reading(as_is=True)):
        with pytest.raises(AudioInputError) as caught:
            decode(tmp_path / "a.m4a", reading=reading)
        assert "--as-is" not in caught.value.hint


# --- whole numbers stored as floats ---------------------------------------------------


def test_integers_stored_as_floats_are_asked_about_and_scaled_exactly(tmp_path: Path) -> None:
    numbers = (WHOLE * np.float32(32_768)).T.astype("<f4").tobytes()
    (tmp_path / "a.wav").write_bytes(riff(numbers, code=3, bits=32))
    with pytest.raises(
        AudioInputError, match=r"peaks at \+\d\d\.\d dBFS: integers stored as float\?"
    ) as caught:
        decode(tmp_path / "a.wav")
    assert caught.value.code == "audio.over-scale"
    assert caught.value.hint.startswith("--scale-db -90.31 reads them as 16-bit integers")
    got = decode(tmp_path / "a.wav", reading=Reading(scale_db=-90.31))
    np.testing.assert_array_equal(got.audio.samples, WHOLE)
    assert [(one.code, one.values) for one in got.remarks] == [("scaled", {"scale_db": -90.31})]
