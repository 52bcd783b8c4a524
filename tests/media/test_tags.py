from __future__ import annotations

import struct
from pathlib import Path

import mutagen.flac
import mutagen.id3
import mutagen.mp4
import mutagen.oggvorbis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.media.encode import MediaFormat, write, write_wav
from controlroom.media.marks import judge
from controlroom.media.sniff import sniff
from controlroom.media.tags import find_tags
from controlroom.media.wav import Chunk, info_chunk
from controlroom.model.song import Tags
from tests.media.sounds import music, save

_ID = "f164ed66-0c33-4a84-837d-82353f9fc76b"
_MARK = f"made with suno; created=2026-06-19T20:54:59.732179Z; id={_ID}"
_AIGC = '{"Label":"1","ContentProducer":"Mureka","ProduceID":"111984377331714"}'
_SOUND = music(0.5)
_AUDIO = Path(__file__).parents[3] / "shared" / "audio"


def read_tags(path: Path) -> Tags:
    kind = sniff(path).kind if path.is_file() else None
    return judge(find_tags(path, kind.name if kind else ""))


def mp3(path: Path, *frames: mutagen.id3.Frame) -> Path:
    save(path, _SOUND)
    tags = mutagen.id3.ID3()
    for frame in frames:
        tags.add(frame)
    tags.save(path)
    return path


def test_a_suno_mp3_of_2026(tmp_path: Path) -> None:
    i = mutagen.id3
    got = read_tags(
        mp3(
            tmp_path / "a.mp3",
            i.TIT2(encoding=1, text=["Turbo Corail"]),
            i.TPE1(encoding=1, text=["someone"]),
            i.TALB(encoding=3, text=["Album – 1"]),
            i.WOAS(url=f"https://suno.com/song/{_ID}"),
            i.COMM(encoding=1, lang="eng", desc="", text=[_MARK]),
            i.USLT(encoding=1, lang="eng", desc="", text="[Verse]\nOne line\n[Chorus]\nAnother"),
            i.TSSE(encoding=3, text=["Lavf60.16.100"]),
            i.GEOB(
                encoding=0, mime="application/x-c2pa-manifest-store", filename="", desc="c2pa", data=b"jumb"
            ),
        )
    )
    assert got == Tags(
        title="Turbo Corail",
        artist="someone",
        album="Album – 1",
        comment=_MARK,
        generator="suno",
        generator_id=_ID,
        generator_created="2026-06-19T20:54:59.732179Z",
        generator_url=f"https://suno.com/song/{_ID}",
        lyrics="[Verse]\nOne line\n[Chorus]\nAnother",
        encoder="Lavf60.16.100",
        has_c2pa=True,
    )


def test_an_older_suno_mark_in_a_user_text(tmp_path: Path) -> None:
    i = mutagen.id3
    text = f"made by suno; created=2026-01-15T16:15:51Z; id={_ID}"
    got = read_tags(
        mp3(
            tmp_path / "a.mp3",
            i.COMM(encoding=3, lang="eng", desc="iTunNORM", text=["0000"]),
            i.COMM(encoding=3, lang="eng", desc="", text=["nice one"]),
            i.TXXX(encoding=3, desc="comment", text=[text]),
        )
    )
    assert (got.generator, got.generator_id, got.generator_created) == ("suno", _ID, "2026-01-15T16:15:51Z")
    assert got.comment == text


def test_an_address_alone_names_suno_and_its_song(tmp_path: Path) -> None:
    got = read_tags(mp3(tmp_path / "a.mp3", mutagen.id3.WOAS(url=f"https://suno.com/song/{_ID}")))
    assert (got.generator, got.generator_id) == ("suno", _ID)
    other = read_tags(mp3(tmp_path / "b.mp3", mutagen.id3.WOAS(url="https://example.org/song/1")))
    assert (other.generator, other.generator_url) == (None, None)


def test_an_aigc_label_names_its_producer(tmp_path: Path) -> None:
    got = read_tags(mp3(tmp_path / "a.mp3", mutagen.id3.TXXX(encoding=3, desc="AIGC", text=[_AIGC])))
    assert (got.generator, got.generator_id, got.aigc) == ("mureka", "111984377331714", _AIGC)


@pytest.mark.parametrize("artist, generator", [("Udio", "udio"), ("Suno AI", "suno"), ("Udioslave", None)])
def test_an_artist_can_be_a_generator(tmp_path: Path, artist: str, generator: str | None) -> None:
    got = read_tags(mp3(tmp_path / "a.mp3", mutagen.id3.TPE1(encoding=3, text=[artist])))
    assert got.generator == generator


def test_the_word_suno_in_a_comment_is_no_mark(tmp_path: Path) -> None:
    frame = mutagen.id3.COMM(
        encoding=3, lang="eng", desc="", text=["a cover of something made withsuno, id=deadbeef"]
    )
    assert read_tags(mp3(tmp_path / "a.mp3", frame)).generator is None


def test_wav_info_and_c2pa_chunks(tmp_path: Path) -> None:
    fields = {"INAM": "Küche", "IART": "A", "IPRD": "B", "ICMT": _MARK, "ISFT": "Suno"}
    write_wav(tmp_path / "a.wav", _SOUND, chunks=[info_chunk(fields), Chunk("C2PA", b"jumb")])
    got = read_tags(tmp_path / "a.wav")
    assert (got.title, got.artist, got.album, got.encoder) == ("Küche", "A", "B", "Suno")
    assert (got.generator, got.generator_id, got.has_c2pa) == ("suno", _ID, True)


def test_wav_info_of_yesterday_is_windows_1252(tmp_path: Path) -> None:
    body = b"INFOINAM" + struct.pack("<I", 6) + b"K\xfcche\0"
    write_wav(tmp_path / "a.wav", _SOUND, chunks=[Chunk("LIST", body)])
    assert read_tags(tmp_path / "a.wav").title == "Küche"


def test_flac_and_ogg(tmp_path: Path) -> None:
    for path, kind in (
        (tmp_path / "a.flac", mutagen.flac.FLAC),
        (tmp_path / "a.ogg", mutagen.oggvorbis.OggVorbis),
    ):
        save(path, _SOUND)
        file = kind(path)
        file["title"], file["artist"], file["album"] = "T", "A", "B"
        file["comment"], file["lyrics"] = _MARK, "[Verse]\nla"
        file.save()
        got = read_tags(path)
        assert (got.title, got.artist, got.album, got.lyrics) == ("T", "A", "B", "[Verse]\nla")
        assert (got.generator, got.generator_id) == ("suno", _ID)
        assert not got.has_c2pa


def test_aiff(tmp_path: Path) -> None:
    import mutagen.aiff

    save(tmp_path / "a.aiff", _SOUND)
    file = mutagen.aiff.AIFF(tmp_path / "a.aiff")
    file.add_tags()
    file.tags.add(mutagen.id3.TIT2(encoding=3, text=["T"]))
    file.save()
    assert read_tags(tmp_path / "a.aiff").title == "T"


def test_mp4(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    write(path, _SOUND, MediaFormat.AAC_256)
    file = mutagen.mp4.MP4(path)
    file["©nam"], file["©ART"], file["©cmt"], file["©lyr"] = "T", "A", _MARK, "la"
    file["----:com.apple.iTunes:AIGC"] = _AIGC.encode()
    file.save()
    got = read_tags(path)
    assert (got.title, got.artist, got.lyrics, got.generator, got.aigc) == ("T", "A", "la", "suno", _AIGC)
    assert not got.has_c2pa
    manifest = bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + b"\0" * 8
    path.write_bytes(path.read_bytes() + struct.pack(">I4s", 8 + len(manifest), b"uuid") + manifest)
    assert read_tags(path).has_c2pa


def test_texts_are_bounded_and_clean(tmp_path: Path) -> None:
    i = mutagen.id3
    path = mp3(
        tmp_path / "a.mp3",
        i.TIT2(encoding=3, text=["x\x07\x1b[31my" + "z" * 5_000]),
        i.USLT(encoding=3, lang="eng", desc="", text="l" * 200_000),
    )
    got = read_tags(path)
    assert got.title is not None
    assert got.lyrics is not None
    assert got.title.startswith("x[31my")
    assert len(got.title) <= 1_000
    assert len(got.lyrics) <= 50_000


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a"])
def test_no_tags_are_no_tags(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.m4a":
        write(path, _SOUND, MediaFormat.AAC_256)
    else:
        save(path, _SOUND)
    got = read_tags(path)
    assert (got.title, got.artist, got.generator, got.has_c2pa) == (None, None, None, False)


@pytest.mark.parametrize(
    "data", [b"", b"ID3", b"RIFF", b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\xff", b"\0\0\0\x18ftyp"]
)
def test_garbage_has_no_tags(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.mp3").write_bytes(data)
    assert read_tags(tmp_path / "a.mp3") == Tags()
    assert read_tags(tmp_path / "missing") == Tags()


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), hits=st.integers(1, 40), which=st.integers(0, 2))
def test_damaged_tags_never_raise(
    tmp_path_factory: pytest.TempPathFactory, seed: int, hits: int, which: int
) -> None:
    folder = tmp_path_factory.mktemp("tags")
    path = folder / ("a.mp3", "a.wav", "a.flac")[which]
    if which == 0:
        mp3(
            path,
            mutagen.id3.TIT2(encoding=1, text=["T"]),
            mutagen.id3.COMM(encoding=1, desc="", text=[_MARK]),
        )
    elif which == 1:
        write_wav(path, music(0.01), chunks=[info_chunk({"INAM": "T", "ICMT": _MARK})])
    else:
        save(path, music(0.01))
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for _ in range(hits):
        data[rng.integers(0, min(len(data), 400))] = rng.integers(0, 256)
    path.write_bytes(data)
    assert isinstance(read_tags(path), Tags)


@pytest.mark.skipif(not _AUDIO.exists(), reason="the shared audio is not on this machine")
def test_a_real_suno_take() -> None:
    got = read_tags(_AUDIO / "ai" / "slipstream-vector" / "coast.mp3")
    assert (got.generator, got.generator_id, got.title) == ("suno", _ID, "Turbo Coral Run")
    assert got.generator_created == "2026-06-19T20:54:59.732179Z"
    assert got.lyrics == "[Instrumental]"
