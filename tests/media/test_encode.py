from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.media import encode, lame
from controlroom.media.align import delay_frames, shifted
from controlroom.media.decode import decode
from controlroom.media.encode import MediaFormat, encoder_rate_hz, measure_round_trip, write, write_wav
from controlroom.media.files import sha256_of
from controlroom.media.resample import resample
from controlroom.media.wav import SampleDepth
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, Cancelled, EnvironmentFault, UsageError
from tests.media.sounds import grid, music, snr_db
from tests.tolerances import LOSSY_SNR_DB, PCM16, PCM24

_LOSSY = [form for form in MediaFormat if not form.lossless]
_SIXTEEN = {MediaFormat.WAV16, MediaFormat.FLAC16}


@pytest.mark.parametrize("form", [form for form in MediaFormat if form.lossless])
def test_lossless_round_trips_are_exact_up_to_the_dither(tmp_path: Path, form: MediaFormat) -> None:
    audio, path = music(1.5), tmp_path / f"a{form.extension}"
    write(path, audio, form)
    got = measure_round_trip(path)
    worst = np.abs(got.samples.astype(np.float64) - audio.samples).max()
    if form is MediaFormat.WAV32F:
        np.testing.assert_array_equal(got.samples, audio.samples)
    else:
        assert 0 < worst <= (PCM16 if form in _SIXTEEN else PCM24)


@pytest.mark.parametrize("form", [form for form in MediaFormat if form.lossless])
def test_without_dither_what_is_on_the_grid_stays(tmp_path: Path, form: MediaFormat) -> None:
    audio, path = grid(music(1.5), 16), tmp_path / f"a{form.extension}"
    write(path, audio, form, dither_seed=None)
    np.testing.assert_array_equal(measure_round_trip(path).samples, audio.samples)


@pytest.mark.parametrize("form", _LOSSY)
@pytest.mark.parametrize("rate_hz, channels", [(44_100, 2), (96_000, 1)])
def test_lossy_round_trips_keep_rate_place_and_sound(
    tmp_path: Path, form: MediaFormat, rate_hz: int, channels: int
) -> None:
    audio, path = music(1.0, rate_hz, channels), tmp_path / f"a{form.extension}"
    written = write(path, audio, form)
    got = measure_round_trip(path)
    want = resample(audio, written.rate_hz)
    assert (got.rate_hz, got.channels) == (written.rate_hz, channels)
    assert written.frames == want.frames
    assert got.frames - want.frames in range(1024)  # an M4A is padded to its last AAC frame
    back = shifted(got, delay_frames(want, got), want.frames)
    assert snr_db(want, back) > LOSSY_SNR_DB


@pytest.mark.parametrize(
    "form, low_kbps, high_kbps",
    [
        (MediaFormat.MP3_320, 319.9, 320.1),
        (MediaFormat.MP3_V0, 120, 319),
        (MediaFormat.AAC_256, 150, 280),
        (MediaFormat.OPUS_160, 100, 220),
        (MediaFormat.VORBIS, 90, 320),
    ],
)
def test_bitrates_are_what_their_names_say(
    tmp_path: Path, form: MediaFormat, low_kbps: float, high_kbps: float
) -> None:
    rng = np.random.default_rng(0)
    busy = Audio(music(2.0).samples + rng.normal(0, 0.05, (2, 96_000)).astype(np.float32), 48_000)
    path = tmp_path / f"a{form.extension}"
    write(path, busy, form)
    rate = decode(path).bitrate_kbps
    assert rate is not None
    assert low_kbps <= rate <= high_kbps


@pytest.mark.parametrize("form", list(MediaFormat))
def test_the_same_sound_gives_the_same_bytes(tmp_path: Path, form: MediaFormat) -> None:
    audio = music(0.5)
    one = write(tmp_path / f"a{form.extension}", audio, form, dither_seed=11)
    two = write(tmp_path / f"b{form.extension}", audio, form, dither_seed=11)
    assert one.sha256 == two.sha256 == sha256_of(two.path)
    assert one.size_bytes == one.path.stat().st_size
    other = write(tmp_path / f"c{form.extension}", audio, form, dither_seed=12)
    dithered = form.lossless and form is not MediaFormat.WAV32F
    assert (other.sha256 != one.sha256) == dithered


@pytest.mark.parametrize(
    "form, rate_hz, want",
    [
        (MediaFormat.WAV24, 192_000, 192_000),
        (MediaFormat.FLAC16, 37_800, 37_800),
        (MediaFormat.MP3_320, 44_100, 44_100),
        (MediaFormat.MP3_320, 96_000, 48_000),
        (MediaFormat.MP3_V0, 88_200, 44_100),
        (MediaFormat.MP3_320, 22_050, 44_100),
        (MediaFormat.MP3_320, 37_800, 48_000),
        (MediaFormat.AAC_256, 192_000, 96_000),
        (MediaFormat.AAC_256, 176_400, 88_200),
        (MediaFormat.AAC_256, 32_000, 32_000),
        (MediaFormat.OPUS_160, 44_100, 48_000),
        (MediaFormat.OPUS_160, 96_000, 48_000),
    ],
)
def test_encoders_get_a_rate_that_they_take(form: MediaFormat, rate_hz: int, want: int) -> None:
    assert encoder_rate_hz(form, rate_hz) == want


@pytest.mark.parametrize(
    "form", [MediaFormat.WAV16, MediaFormat.WAV24, MediaFormat.FLAC16, MediaFormat.FLAC24]
)
def test_clipping_is_refused_and_leaves_what_was_there(tmp_path: Path, form: MediaFormat) -> None:
    path = tmp_path / f"a{form.extension}"
    path.write_bytes(b"old")
    with pytest.raises(AudioInputError, match=r"samples do not fit into \d\d bits") as caught:
        write(path, music(0.5, level=1.6), form)
    assert caught.value.code == "encode.over-full-scale"
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "form", [MediaFormat.WAV24, MediaFormat.FLAC24, MediaFormat.MP3_320, MediaFormat.VORBIS]
)
def test_a_stop_leaves_nothing(tmp_path: Path, form: MediaFormat) -> None:
    with pytest.raises(Cancelled):
        write(tmp_path / f"a{form.extension}", music(0.5), form, context=Context(cancel=lambda: True))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_and_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for form in (MediaFormat.WAV24, MediaFormat.FLAC24, MediaFormat.MP3_320):
        with pytest.raises(EnvironmentFault) as caught:
            write(tmp_path / "no" / f"a{form.extension}", music(0.1), form)
        assert caught.value.code == "env.no-folder"

    def fails(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(EnvironmentFault) as caught:
        write(tmp_path / "a.mp3", music(0.1), MediaFormat.MP3_320)
    assert caught.value.code == "env.disk-full"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("free, code", [(0, "env.disk-full"), (1 << 40, "env.encoder")])
def test_a_library_that_fails_to_write_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, code: str
) -> None:
    class Usage:
        def __init__(self, left: int) -> None:
            self.free = left

    def fails(_self: soundfile.SoundFile, _data: Sequence[float]) -> None:
        raise soundfile.LibsndfileError(2)

    monkeypatch.setattr(soundfile.SoundFile, "write", fails)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(free))
    with pytest.raises(EnvironmentFault) as caught:
        write(tmp_path / "a.flac", music(0.1), MediaFormat.FLAC24)
    assert caught.value.code == code


def test_an_encoder_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form = encode._Form(".mp3", (48_000,), "no-such-encoder", "mp3", 320_000)
    monkeypatch.setitem(encode._FORMS, MediaFormat.MP3_320, form)
    monkeypatch.setattr(lame, "load", lambda: None)
    with pytest.raises(EnvironmentFault, match="no encoder 'no-such-encoder'") as caught:
        write(tmp_path / "a.mp3", music(0.1), MediaFormat.MP3_320)
    assert caught.value.code == "env.encoder"


def test_what_is_no_stereo_or_no_sound_is_refused(tmp_path: Path) -> None:
    for shape, code in (((3, 100), "encode.channels"), ((2, 0), "encode.no-frames")):
        with pytest.raises(UsageError) as caught:
            write(tmp_path / "a.wav", Audio(np.zeros(shape, np.float32), 48_000), MediaFormat.WAV24)
        assert caught.value.code == code


@pytest.mark.parametrize("depth", list(SampleDepth))
def test_wav_by_depth_is_wav_by_format(tmp_path: Path, depth: SampleDepth) -> None:
    by_depth = write_wav(tmp_path / "a.wav", music(0.1), depth, dither_seed=4)
    by_form = write(tmp_path / "b.wav", music(0.1), MediaFormat(f"wav{depth.value}"), dither_seed=4)
    assert by_depth.sha256 == by_form.sha256


@pytest.mark.skipif(os.name != "posix", reason="such names are POSIX only")
@pytest.mark.parametrize("form", [MediaFormat.MP3_320, MediaFormat.AAC_256, MediaFormat.VORBIS])
@pytest.mark.parametrize("name", ["Re: Hello", "http:x", "concat:a|b", "pipe:1", "-", "%03d"])
def test_a_name_that_looks_like_a_protocol_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, form: MediaFormat
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name + form.extension)
    write(path, music(0.5), form)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    if form is MediaFormat.AAC_256:  # FFmpeg reads it back too
        assert decode(path).audio.duration_s > 0.4
