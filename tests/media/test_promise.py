"""Reading headers: bounded, exact where it speaks, and never an exception on damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.media.encode import MediaFormat, write
from controlroom.media.promise import read_promise
from controlroom.media.promised import Promise
from controlroom.media.sniff import KINDS, sniff
from tests.media.sounds import music, pcm16, riff, save
from tests.media.test_decode import by_av


def promise_of(path: Path, max_seconds: float = 60.0) -> Promise:
    sniffed = sniff(path)
    return read_promise(path, sniffed.kind.name if sniffed.kind else "", sniffed.start, max_seconds)


_NAMES = (
    "a.wav",
    "a.aiff",
    "a.flac",
    "a.mp3",
    "a.ogg",
    "a.opus",
    "a.m4a",
    "a.mka",
    "a.wma",
    "a.caf",
    "a.aac",
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder, audio = tmp_path_factory.mktemp("promise"), music(0.5)
    muxers = {".mka": ("matroska", "aac"), ".wma": ("asf", "wmav2"), ".aac": ("adts", "aac")}
    for name in _NAMES:
        path = folder / name
        if path.suffix in muxers:
            by_av(path, audio, *muxers[path.suffix])
        elif path.suffix in {".m4a", ".opus"}:
            write(path, audio, MediaFormat.AAC_256 if path.suffix == ".m4a" else MediaFormat.OPUS_160)
        else:
            save(path, audio)
    return {name: (folder / name).read_bytes() for name in _NAMES}


@pytest.mark.parametrize("name", _NAMES)
def test_a_whole_file_keeps_its_promise(tmp_path: Path, files: dict[str, bytes], name: str) -> None:
    (tmp_path / name).write_bytes(files[name])
    sniffed = sniff(tmp_path / name)
    assert sniffed.kind is not None
    assert Path(name).suffix in sniffed.kind.extensions
    promise = promise_of(tmp_path / name)
    assert promise.truncated == ""
    for found, want in ((promise.frames, 24_000), (promise.rate_hz, 48_000), (promise.channels, 2)):
        assert found in {None, want}
    if name in {"a.wav", "a.aiff", "a.flac"}:
        assert promise.frames == 24_000


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(_NAMES),
    seed=st.integers(0, 2**32 - 1),
    hits=st.integers(0, 30),
    keep=st.floats(0.0, 1.0),
    head_only=st.booleans(),
)
def test_damage_anywhere_is_read_without_an_exception(
    tmp_path_factory: pytest.TempPathFactory,
    files: dict[str, bytes],
    name: str,
    seed: int,
    hits: int,
    keep: float,
    head_only: bool,
) -> None:
    data = bytearray(files[name])
    rng = np.random.default_rng(seed)
    for _ in range(hits):
        data[rng.integers(0, min(len(data), 300 if head_only else len(data)))] = rng.integers(0, 256)
    path = tmp_path_factory.mktemp("damage") / "x"
    path.write_bytes(data[: 1 + int(keep * (len(data) - 1))])
    assert isinstance(promise_of(path, 1.0), Promise)
    for kind in KINDS:  # and whatever the sniffer says, no reader trusts it
        assert isinstance(read_promise(path, kind, 0, 1.0), Promise)


def test_metadata_of_a_wav_may_stand_on_either_side(tmp_path: Path) -> None:
    sound = pcm16(music(0.5))
    (tmp_path / "a.wav").write_bytes(riff(sound, tail=b"LIST\x04\0\0\0INFO"))
    promise = promise_of(tmp_path / "a.wav")
    assert (promise.frames, promise.truncated, promise.streaming) == (24_000, "", False)


def test_a_variable_mp3_without_a_count_is_no_promise(tmp_path: Path, files: dict[str, bytes]) -> None:
    """libsndfile ends such a stream at an estimate (half of a real Suno take): it must go to FFmpeg."""
    from controlroom.media.mpeg import mpeg_header

    first = mpeg_header(files["a.mp3"], 0)
    assert first is not None
    bare, counted = tmp_path / "bare.mp3", tmp_path / "a.mp3"
    counted.write_bytes(files["a.mp3"])
    bare.write_bytes(files["a.mp3"][first.size_bytes :])
    without, with_count = (promise_of(path) for path in (bare, counted))
    assert (without.streaming, with_count.streaming) == (True, False)
    assert without.duration_s == with_count.duration_s
