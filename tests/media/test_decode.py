"""Good files of every kind, and each way in which a file can be bad."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from controlroom.media.align import delay_frames
from controlroom.media.decode import Decoded, DecodeLimits, decode, take_facts
from controlroom.media.encode import MediaFormat, write
from controlroom.model.audio import Audio
from controlroom.model.errors import AudioInputError, DecoderError
from tests.media.sounds import grid, music, pcm16, riff, save, snr_db
from tests.tolerances import LOSSY_SNR_DB


def code_of(path: Path, match: str, limits: DecodeLimits = DecodeLimits()) -> str:
    """The code of the refusal; its message names the file and matches, its hint is not empty."""
    with pytest.raises(AudioInputError, match=match) as caught:
        decode(path, limits)
    assert path.name in caught.value.message
    assert caught.value.hint
    assert isinstance(caught.value, DecoderError) == caught.value.code.startswith("decoder.")
    return caught.value.code


def by_av(path: Path, audio: Audio, muxer: str, codec: str, sample_format: str = "fltp") -> Path:
    """Write with FFmpeg, as somebody else's program would."""
    layout = "mono" if audio.channels == 1 else "stereo"
    samples = audio.samples
    if sample_format.startswith("s32"):
        samples = np.round(samples.astype(np.float64) * 2**31).astype(np.int32)
        samples = samples if sample_format == "s32p" else samples.T.reshape(1, -1)
    with av.open(str(path), "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=audio.rate_hz, layout=layout, format=sample_format)
        if codec in {"aac", "wmav2"}:
            stream.bit_rate = 128_000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=sample_format, layout=layout)
        frame.sample_rate, frame.pts = audio.rate_hz, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


# --- good files ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name, subtype, container, codec, depth",
    [
        ("a.wav", "PCM_16", "wav", "pcm_s16", 16),
        ("a.wav", "PCM_24", "wav", "pcm_s24", 24),
        ("a.wav", "FLOAT", "wav", "pcm_f32", 32),
        ("a.aiff", "PCM_24", "aiff", "pcm_s24", 24),
        ("a.flac", "PCM_16", "flac", "flac", 16),
        ("a.flac", "PCM_24", "flac", "flac", 24),
        ("a.caf", "PCM_24", "caf", "pcm_s24", 24),
        ("a.w64", "PCM_16", "w64", "pcm_s16", 16),
    ],
)
def test_lossless_files_come_in_exactly(
    tmp_path: Path, name: str, subtype: str, container: str, codec: str, depth: int
) -> None:
    audio = grid(music(0.5), 16)
    got = decode(save(tmp_path / name, audio, subtype=subtype))
    np.testing.assert_array_equal(got.audio.samples, audio.samples)
    assert (got.audio.rate_hz, got.container, got.codec, got.bit_depth) == (48_000, container, codec, depth)
    assert got.bitrate_kbps is None
    assert not got.rounded_to_float32


@pytest.mark.parametrize("rate_hz, channels", [(8_000, 1), (44_100, 2), (192_000, 2)])
def test_rates_and_channels_are_kept(tmp_path: Path, rate_hz: int, channels: int) -> None:
    audio = grid(music(0.5, rate_hz, channels), 24)
    got = decode(save(tmp_path / "a.wav", audio, subtype="PCM_24"))
    assert got.audio.rate_hz == rate_hz
    np.testing.assert_array_equal(got.audio.samples, audio.samples)


@pytest.mark.parametrize(
    "name, muxer, codec, form, bits",
    [
        ("a.mka", "matroska", "pcm_s32le", "s32", 24),
        ("a.mka", "matroska", "pcm_s32le", "s32", 32),
        ("a.m4a", "ipod", "alac", "s32p", 24),  # FFmpeg's encoders of these write 24 bits at most
        ("a.wv", "wv", "wavpack", "s32p", 24),
        ("a.tta", "tta", "tta", "s32", 24),
    ],
)
def test_lossless_files_by_ffmpeg_come_in_exactly(
    tmp_path: Path, name: str, muxer: str, codec: str, form: str, bits: int
) -> None:
    audio = grid(music(0.5), 24)
    if bits == 32:  # one step below 24 bits, which float32 holds only near zero
        samples = audio.samples.copy()
        samples[0, 0] = 2.0**-31
        audio = Audio(samples, audio.rate_hz)
    got = decode(by_av(tmp_path / name, audio, muxer, codec, form))
    np.testing.assert_array_equal(got.audio.samples[:, : audio.frames], audio.samples)
    assert (got.codec, got.bit_depth, got.rounded_to_float32) == (codec, bits, bits == 32)


@pytest.mark.parametrize("subtype", ["PCM_32", "DOUBLE"])
def test_wider_sources_are_rounded_once_and_it_is_said(tmp_path: Path, subtype: str) -> None:
    fine = np.random.default_rng(3).uniform(-0.9, 0.9, (24_000, 2))
    soundfile.write(tmp_path / "a.wav", fine, 48_000, subtype=subtype)
    source, _ = soundfile.read(tmp_path / "a.wav", dtype="float64", always_2d=True)
    got = decode(tmp_path / "a.wav")
    assert got.rounded_to_float32
    np.testing.assert_array_equal(got.audio.samples, source.T.astype(np.float32))


@pytest.mark.parametrize("form", [form for form in MediaFormat if not form.lossless])
def test_lossy_files_come_in_near_and_always_the_same(tmp_path: Path, form: MediaFormat) -> None:
    audio = music(1.0)
    path = tmp_path / f"a{form.extension}"
    write(path, audio, form)
    one, two = decode(path), decode(path)
    assert one.audio.digest() == two.audio.digest()
    assert delay_frames(audio, one.audio) == 0
    inner = Audio(one.audio.samples[:, : audio.frames], 48_000)
    assert inner.frames == audio.frames
    assert snr_db(audio, inner) > LOSSY_SNR_DB
    assert one.bit_depth is None
    assert one.bitrate_kbps is not None
    assert one.bitrate_kbps > 32


@pytest.mark.parametrize(
    "muxer, codec, name", [("webm", "libopus", "a.webm"), ("asf", "wmav2", "a.wma"), ("adts", "aac", "a.aac")]
)
def test_what_browsers_and_old_programs_write_is_read(
    tmp_path: Path, muxer: str, codec: str, name: str
) -> None:
    audio = music(1.0)
    got = decode(
        by_av(tmp_path / name, audio, muxer, codec, "flt" if codec == "libopus" else "fltp")
        if codec != "libopus"
        else _webm(tmp_path / name, audio)
    )
    assert got.audio.rate_hz == 48_000
    assert got.audio.duration_s == pytest.approx(1.0, abs=0.1)


def _webm(path: Path, audio: Audio) -> Path:
    with av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(audio.samples), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("form", [MediaFormat.WAV32F, MediaFormat.AAC_256, MediaFormat.VORBIS])
def test_what_is_above_full_scale_is_not_clipped(tmp_path: Path, form: MediaFormat) -> None:
    path = tmp_path / f"hot{form.extension}"
    write(path, music(1.0, level=1.6), form)
    assert np.abs(decode(path).audio.samples).max() > 1.4


def test_an_mp3_decoder_is_not_clipped_either(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "hot.mp3", music(1.0, level=1.6).samples.T, 48_000)
    assert np.abs(decode(tmp_path / "hot.mp3").audio.samples).max() > 1.4


def test_of_several_streams_the_first_is_the_mix(tmp_path: Path) -> None:
    mix, stem = music(0.6), Audio(np.zeros((2, 28_800), np.float32), 48_000)
    with av.open(str(tmp_path / "song.stem.mp4"), "w", format="mp4") as container:
        streams = [container.add_stream("aac", rate=48_000, layout="stereo") for _ in range(3)]
        for stream, sound in zip(streams, (mix, stem, stem), strict=True):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound.samples), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts = 48_000, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    got = decode(tmp_path / "song.stem.mp4").audio
    assert snr_db(mix, Audio(got.samples[:, : mix.frames], 48_000)) > LOSSY_SNR_DB


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF, 0x7FFFF000])
def test_a_wav_from_a_pipe_promises_nothing_and_comes_in_whole(tmp_path: Path, declared: int) -> None:
    audio = music(0.5)
    (tmp_path / "pipe.wav").write_bytes(riff(pcm16(audio), declared=declared))
    got = decode(tmp_path / "pipe.wav")
    assert got.audio.frames == audio.frames
    np.testing.assert_array_equal(
        got.audio.samples.T * 32_768, np.frombuffer(pcm16(audio), "<i2").reshape(-1, 2)
    )


def test_a_flac_from_a_pipe_promises_nothing_and_comes_in_whole(tmp_path: Path) -> None:
    audio = grid(music(0.5), 24)
    data = bytearray(save(tmp_path / "a.flac", audio, subtype="PCM_24").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    (tmp_path / "pipe.flac").write_bytes(data)
    np.testing.assert_array_equal(decode(tmp_path / "pipe.flac").audio.samples, audio.samples)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg"])
def test_trailing_tags_and_garbage_are_no_damage(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, music(0.6))
    plain = decode(path).audio
    path.write_bytes(path.read_bytes() + b"TAG" + b"title".ljust(125, b"\0"))
    np.testing.assert_array_equal(decode(path).audio.samples, plain.samples)


def test_an_mp3_without_a_xing_header_is_read(tmp_path: Path) -> None:
    from controlroom.media.mpeg import mpeg_header

    data = save(tmp_path / "a.mp3", music(1.0)).read_bytes()
    first = mpeg_header(data, 0)
    assert first is not None
    (tmp_path / "bare.mp3").write_bytes(data[first.size_bytes :][:-100])
    assert decode(tmp_path / "bare.mp3").audio.duration_s > 0.9


def test_tags_in_front_do_not_hide_the_sound(tmp_path: Path) -> None:
    data = save(tmp_path / "a.mp3", music(0.6)).read_bytes()
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 16, 0]) + bytes(2048)
    (tmp_path / "b.mp3").write_bytes(tag + data)
    np.testing.assert_array_equal(
        decode(tmp_path / "b.mp3").audio.samples, decode(tmp_path / "a.mp3").audio.samples
    )


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
@pytest.mark.parametrize("name", [b"caf\xe9.wav", "야근 – song.wav".encode(), b"-rf.wav", b"http:x.wav"])
def test_any_file_name_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    source = save(tmp_path / "a.wav", music(0.5))
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    source.rename(path)
    assert decode(path).audio.frames == 24_000


def test_no_extension_claims_nothing(tmp_path: Path) -> None:
    path = save(tmp_path / "a.flac", music(0.5)).rename(tmp_path / "archived")
    assert decode(path).container == "flac"


def test_facts_of_a_take_are_put_together(tmp_path: Path) -> None:
    path = save(tmp_path / "a.flac", music(0.5), subtype="PCM_24")
    decoded: Decoded = decode(path)
    facts = take_facts(path, decoded)
    assert facts.file_name == "a.flac"
    assert facts.size_bytes == path.stat().st_size
    assert len(facts.sha256) == 64
    assert (facts.frames, facts.channels, facts.rate_hz, facts.bit_depth) == (24_000, 2, 48_000, 24)


def test_nothing_is_left_in_the_scratch_folder(tmp_path: Path) -> None:
    from controlroom.model.context import Context

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    decode(save(tmp_path / "a.wav", music(0.5)), context=Context(scratch=scratch))
    assert list(scratch.iterdir()) == []


def test_old_tags_that_are_not_utf_8_do_not_stop_the_decoder(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    write(path, music(0.5), MediaFormat.AAC_256)
    from mutagen.mp4 import MP4

    file = MP4(path)
    file["©nam"] = "Kueche"
    file.save()
    path.write_bytes(path.read_bytes().replace(b"Kueche", b"K\xfcche\xff"))
    assert decode(path).audio.rate_hz == 48_000


# --- bad files ----------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    assert code_of(tmp_path / "none.wav", "does not exist") == "audio.missing"
    assert code_of(tmp_path / ("x" * 300 + ".wav"), "does not exist") == "audio.missing"


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "songs.wav").mkdir()
    assert code_of(tmp_path / "songs.wav", "is a folder") == "audio.is-folder"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert code_of(tmp_path / "pipe.wav", "no regular file") == "audio.not-a-file"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.wav", music(0.5))

    def denied(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("controlroom.media.decode.sniff", denied)
    assert code_of(path, "permission denied") == "audio.not-readable"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert code_of(tmp_path / "a.wav", "0 bytes") == "audio.empty"


@pytest.mark.parametrize(
    "data, words",
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "a PNG image"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "a JPEG image"),
        (b"Dear all,\nhere are the lyrics.\n" * 20, "text"),
        (b"PK\x03\x04" + bytes(500), "a ZIP archive"),
        (b"MThd\0\0\0\x06" + bytes(50), "a MIDI file"),
        (b"<!DOCTYPE html><html>404</html>", "a web page"),
        (b"RIFF\x24\0\0\0AVI " + bytes(100), "no audio format"),
        (bytes(10_000), "no audio format"),
        (b"\xff" * 10_000, "no audio format"),
        (np.random.default_rng(5).bytes(200_000), "no audio format"),
        (b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128), "nothing behind its tags"),
    ],
)
@pytest.mark.parametrize("name", ["song.mp3", "song.wav"])
def test_what_is_not_audio(tmp_path: Path, data: bytes, words: str, name: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert code_of(tmp_path / name, words) == "audio.not-audio"


@pytest.mark.parametrize(
    "real, named, label",
    [
        ("a.mp3", "b.wav", "MPEG audio"),
        ("a.wav", "b.mp3", "WAV"),
        ("a.ogg", "b.flac", "Ogg"),
        ("a.flac", "b.txt", "FLAC"),
    ],
)
def test_content_decides_and_a_wrong_extension_is_told(
    tmp_path: Path, real: str, named: str, label: str
) -> None:
    path = save(tmp_path / real, music(0.5))
    plain = decode(path)
    other = decode(path.rename(tmp_path / named))
    np.testing.assert_array_equal(other.audio.samples, plain.audio.samples)
    assert plain.remarks == ()
    assert [(one.code, one.words) for one in other.remarks] == [
        ("named-otherwise", f"{Path(named).suffix}|{label}")
    ]


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _short_by_a_frame(data: bytes) -> bytes:
    return data[:-4]


@pytest.mark.parametrize("cut", [_half, _short_by_a_frame])
@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.flac", "a.mp3", "a.m4a", "a.ogg", "a.opus", "a.wma"])
def test_a_truncated_file(tmp_path: Path, name: str, cut: Callable[[bytes], bytes]) -> None:
    path = tmp_path / name
    if name.endswith((".m4a", ".opus", ".mp3")):
        forms = {".m4a": MediaFormat.AAC_256, ".opus": MediaFormat.OPUS_160, ".mp3": MediaFormat.MP3_V0}
        write(path, music(1.5), forms[path.suffix])
    elif name.endswith(".wma"):
        by_av(path, music(1.5), "asf", "wmav2")
    else:
        save(path, music(1.5))
    decode(path)
    path.write_bytes(cut(path.read_bytes()))
    assert code_of(path, "is incomplete: ") == "audio.truncated"


def test_an_mp4_without_its_index(tmp_path: Path) -> None:
    path = by_av(tmp_path / "a.m4a", music(1.0), "ipod", "aac")
    data = path.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    path.write_bytes(data[: data.index(b"moov") - 4])
    assert code_of(path, "no 'moov' box") == "audio.truncated"


def test_damage_inside_is_not_called_truncation(tmp_path: Path) -> None:
    path = save(tmp_path / "a.flac", music(4.0))
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 200] = b"\x55" * 200
    path.write_bytes(data)
    assert code_of(path, "can't be decoded") == "decoder.failed"


@pytest.mark.parametrize("form", [MediaFormat.OPUS_160, MediaFormat.VORBIS])
def test_a_damaged_ogg_page_is_not_dropped_in_silence(tmp_path: Path, form: MediaFormat) -> None:
    path = tmp_path / f"a{form.extension}"
    write(path, music(4.0), form)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert code_of(path, r"its page at byte \d+ is damaged") == "decoder.failed"


@pytest.mark.parametrize("tail", [b"", b"LIST\x04\0\0\0INFO"])
def test_a_header_without_sound(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(riff(b"", tail=tail))
    assert code_of(tmp_path / "a.wav", "0 frames") == "audio.no-frames"


def test_ten_milliseconds(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", music(0.01))
    assert code_of(path, r"10\.0 ms, at least 400 ms") == "audio.too-short"
    assert decode(path, DecodeLimits(min_seconds=0.005)).audio.frames == 480


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg"])
def test_digital_silence(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, Audio(np.zeros((2, 48_000), np.float32), 48_000))
    assert code_of(path, "is silent") == "audio.silent"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    samples = music(1.0).samples.copy()
    samples[1, 24_000] = value
    path = save(tmp_path / "a.wav", Audio(samples, 48_000), subtype="FLOAT")
    assert code_of(path, r"NaN or infinite samples, the first at 0\.500 s") == "audio.not-finite"


def test_a_double_too_big_for_float32(tmp_path: Path) -> None:
    samples = music(1.0).samples.T.astype(np.float64)
    samples[100, 0] = 1e300
    soundfile.write(tmp_path / "a.wav", samples, 48_000, subtype="DOUBLE")
    assert code_of(tmp_path / "a.wav", "NaN or infinite") == "audio.not-finite"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_more_than_two_channels(tmp_path: Path, name: str) -> None:
    sound = np.random.default_rng(1).uniform(-0.3, 0.3, (48_000, 6))
    soundfile.write(tmp_path / name, sound, 48_000)
    assert code_of(tmp_path / name, "has 6 channels, up to 2") == "audio.channels"


def test_more_than_two_channels_in_mp4(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.m4a"), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=48_000, layout="5.1")
        noise = np.random.default_rng(1).uniform(-0.3, 0.3, (6, 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="5.1")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert code_of(tmp_path / "a.m4a", "has 6 channels, up to 2") == "audio.channels"


@pytest.mark.parametrize("rate_hz", [0, 1, 7_999, 192_001, 768_000, 0xFFFFFFFF])
def test_absurd_rates(tmp_path: Path, rate_hz: int) -> None:
    (tmp_path / "a.wav").write_bytes(riff(pcm16(music(0.5)), rate_hz=rate_hz))
    assert code_of(tmp_path / "a.wav", f"rate of {rate_hz} Hz, outside 8000–192000 Hz") == "audio.rate"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a"])
def test_too_long_by_its_header(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.m4a":
        by_av(path, music(4.0), "ipod", "aac")
    else:
        save(path, music(4.0))
    assert (
        code_of(path, "too long: 0:0[34] min or more, the limit is 0.04 min", DecodeLimits(max_minutes=0.04))
        == "audio.too-long"
    )


@pytest.mark.parametrize("name", ["pipe.wav", "a.aac", "pipe.flac"])
def test_too_long_although_the_header_hides_it(tmp_path: Path, name: str) -> None:
    path, audio = tmp_path / name, music(4.0)
    if name == "pipe.wav":
        path.write_bytes(riff(pcm16(audio), declared=0xFFFFFFFF))
    elif name == "a.aac":
        by_av(path, audio, "adts", "aac")
    else:
        data = bytearray(save(path, audio).read_bytes())
        data[21] &= 0xF0
        data[22:26] = bytes(4)
        path.write_bytes(data)
    assert code_of(path, "the limit is 0.04 min", DecodeLimits(max_minutes=0.04)) == "audio.too-long"


def test_a_sparse_gigabyte_is_refused_by_its_header(tmp_path: Path) -> None:
    size = 48_000 * 4 * 60 * 90
    with (tmp_path / "a.wav").open("wb") as handle:
        handle.write(riff(b"", declared=size))
        handle.truncate(size + 44)
    assert code_of(tmp_path / "a.wav", "90:00 min or more, the limit is 30 min") == "audio.too-long"


def test_a_video_without_sound(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode(None))
    assert code_of(tmp_path / "a.mp4", "no audio stream") == "audio.no-stream"


def test_a_riff_with_an_unknown_codec(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(riff(bytes(40_000), code=0x7AAA))
    assert code_of(tmp_path / "a.wav", "can't be decoded|crashed") in {"decoder.failed", "decoder.crashed"}


def test_chunks_that_never_end_are_walked_in_bounded_time(tmp_path: Path) -> None:
    body = b"WAVE" + struct.pack("<4sI", b"junk", 0) * 300_000
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    with pytest.raises(AudioInputError):
        decode(tmp_path / "a.wav")
