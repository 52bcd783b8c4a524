from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.media.encode import write_wav
from controlroom.media.wav import (
    Bext,
    Chunk,
    SampleDepth,
    WavForm,
    info_chunk,
    ixml_chunk,
    wav_header,
    write_wav_stream,
)
from controlroom.model.audio import Audio
from controlroom.model.errors import AudioInputError
from tests.media.sounds import grid, music

_SUBTYPES = {SampleDepth.PCM16: "PCM_16", SampleDepth.PCM24: "PCM_24", SampleDepth.FLOAT32: "FLOAT"}


def chunks_of(data: bytes) -> list[tuple[str, bytes]]:
    """Names and bodies in file order; fails unless they tile the file to its last byte."""
    assert data[:4] == b"RIFF"
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    assert data[8:12] == b"WAVE"
    found, place = [], 12
    while place < len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        found.append((name.decode("ascii"), data[place + 8 : place + 8 + size]))
        place += 8 + size + size % 2
    assert place == len(data)
    return found


@settings(max_examples=40, deadline=None)
@given(
    frames=st.integers(1, 500),
    channels=st.integers(1, 2),
    rate_hz=st.sampled_from([8_000, 44_100, 48_000, 96_000, 192_000]),
    depth=st.sampled_from(list(SampleDepth)),
    metadata=st.lists(st.sampled_from(["LIST", "bext", "iXML", "junk"]), max_size=3),
    body=st.binary(max_size=9),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_written_is_read_back_and_laid_out_for_distributors(
    tmp_path_factory: pytest.TempPathFactory,
    frames: int,
    channels: int,
    rate_hz: int,
    depth: SampleDepth,
    metadata: list[str],
    body: bytes,
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("wav") / "x.wav"
    bits = 16 if depth is SampleDepth.PCM16 else 24
    values = np.random.default_rng(seed).uniform(-0.999, 0.999, (channels, frames)).astype(np.float32)
    audio = grid(Audio(values, rate_hz), bits)
    write_wav(path, audio, depth, dither_seed=None, chunks=[Chunk(name, body) for name in metadata])

    with soundfile.SoundFile(path) as file:
        assert (file.samplerate, file.channels, file.format, file.subtype) == (
            rate_hz,
            channels,
            "WAV",
            _SUBTYPES[depth],
        )
        np.testing.assert_array_equal(file.read(dtype="float32", always_2d=True).T, audio.samples)
    found = chunks_of(path.read_bytes())
    code, wrote_channels, wrote_rate, byte_rate, align, wrote_bits = struct.unpack_from(
        "<HHIIHH", found[0][1]
    )
    assert code == (3 if depth is SampleDepth.FLOAT32 else 1)
    assert (wrote_channels, wrote_rate, wrote_bits) == (channels, rate_hz, depth.bits)
    assert byte_rate == rate_hz * align
    names = [name for name, _ in found]
    assert names == ["fmt ", *(["fact"] if depth is SampleDepth.FLOAT32 else []), *metadata, "data"]


def test_float_keeps_what_is_beyond_full_scale(tmp_path: Path) -> None:
    audio = Audio(np.array([[0.0, 1.5, -2.25, 1e-30]], np.float32), 48_000)
    write_wav(tmp_path / "x.wav", audio, SampleDepth.FLOAT32)
    got, _ = soundfile.read(tmp_path / "x.wav", dtype="float32", always_2d=True)
    np.testing.assert_array_equal(got.T, audio.samples)


def test_info_and_ixml_are_read_back_by_others(tmp_path: Path) -> None:
    info = info_chunk({"INAM": "Küche", "IART": "A", "ICMT": "odd"})
    write_wav(tmp_path / "x.wav", music(0.1), chunks=[info, ixml_chunk("<BWFXML/>")])
    with soundfile.SoundFile(tmp_path / "x.wav") as file:
        assert (file.title, file.artist, file.comment) == ("Küche", "A", "odd")
    assert ("iXML", b"<BWFXML/>") in chunks_of((tmp_path / "x.wav").read_bytes())


def test_bext_is_laid_out_as_tech_3285_says() -> None:
    body = (
        Bext(
            description="Take 3",
            originator="Control Room",
            date="2026-11-22",
            time="17:00:00",
            time_reference=2**33 + 5,
            integrated_lufs=-14.03,
            true_peak_dbtp=-1.0,
            history="A=PCM,F=48000,W=24,M=stereo\r\n",
        )
        .chunk()
        .body
    )
    assert len(body) == 602 + len("A=PCM,F=48000,W=24,M=stereo\r\n")
    assert body[:7] == b"Take 3\0"
    assert body[256:268] == b"Control Room"
    assert body[320:338] == b"2026-11-2217:00:00"
    assert struct.unpack_from("<QH", body, 338) == (2**33 + 5, 2)
    assert struct.unpack_from("<5h", body, 412) == (-1403, 0x7FFF, -100, 0x7FFF, 0x7FFF)


@pytest.mark.parametrize("frames, fits", [((2**32 - 37) // 6, True), ((2**32 - 37) // 6 + 1, False)])
def test_four_gibibytes_are_the_end_of_riff(frames: int, fits: bool) -> None:
    form = WavForm(48_000, 2, frames, SampleDepth.PCM24)
    if fits:
        assert len(wav_header(form)) == 44
    else:
        with pytest.raises(AudioInputError, match=r"4\.00 GiB") as caught:
            wav_header(form)
        assert caught.value.code == "encode.too-large"


def test_a_header_that_does_not_match_its_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="promises 40 bytes of samples, 4 were given"):
        write_wav_stream(io.BytesIO(), WavForm(8_000, 2, 10, SampleDepth.PCM16), [b"1234"])


@pytest.mark.parametrize("name", ["data", "fmt ", "fact"])
def test_metadata_can_not_take_the_place_of_the_sound(name: str) -> None:
    with pytest.raises(ValueError, match="can't be named"):
        wav_header(WavForm(8_000, 1, 1, SampleDepth.PCM16), [Chunk(name, b"")])
    with pytest.raises(ValueError, match="four characters"):
        wav_header(WavForm(8_000, 1, 1, SampleDepth.PCM16), [Chunk("abc", b"")])
