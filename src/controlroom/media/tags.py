"""What a file says of itself: titles, lyrics, and the marks of its generator.

Field names: ID3v2.3/2.4 frames, Vorbis comments, MP4 atoms, RIFF INFO chunks
(standards.md §3.7); generators' marks as found in their files (§4.2); C2PA
manifests as embedded by the C2PA specification 2.x, appendix A (ID3 ``GEOB``,
RIFF chunk ``C2PA``, BMFF ``uuid`` box).

Tags are hearsay: nothing here raises on garbage, and nothing here is believed
beyond being shown. It runs in the decoder's child, under its limits: a frame of
1 MB may inflate to gigabytes. What the strings mean is told by the parent
(`controlroom.media.marks`).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from controlroom.media.chunks import RIFF, RIFX, walk

_MAX_TEXT = 1_000
_MAX_LYRICS = 50_000
_MAX_CHUNKS = 10_000
_MAX_TAG_BYTES = 64 << 20
_MAX_COMMENTS = 64
_C2PA_MIME = {"application/c2pa", "application/x-c2pa-manifest-store"}
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


@dataclass(slots=True)
class _Found:
    """Raw strings by meaning, first come first kept; every comment is kept for its marks."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    lyrics: str | None = None
    encoder: str | None = None
    url: str | None = None
    aigc: str | None = None
    has_c2pa: bool = False
    comments: list[str] = field(default_factory=list)

    def keep(self, meaning: str, value: object) -> None:
        text = _clean(value, _MAX_LYRICS if meaning == "lyrics" else _MAX_TEXT)
        if not text:
            return
        if meaning == "comment":
            if len(self.comments) < _MAX_COMMENTS:
                self.comments.append(text)
        elif getattr(self, meaning) is None:
            setattr(self, meaning, text)


def _clean(value: object, size: int) -> str:
    """Return bounded text without NULs and stray controls."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    text = str(value)[:size]
    return "".join(char for char in text if char in "\n\t" or char.isprintable()).strip()


def find_tags(path: Path, kind: str) -> dict[str, Any]:
    """Read the strings that a file carries, by meaning.

    Parameters
    ----------
    path : Path
        Any file.
    kind : str
        Its container, as `sniff` named it: the content decides how it is read, never its name.

    Returns
    -------
    dict
        What could be read, as plain values for `controlroom.media.marks.judge`. Texts
        are bounded at 1,000 characters, lyrics at 50,000.
    """
    found = _Found()
    for reader in (_by_mutagen, _by_riff, _by_boxes):
        try:
            reader(path, kind, found)
        except Exception:  # noqa: BLE001, S112 - a parser of hearsay may fail in any way; the rest is still read
            continue
    return asdict(found)


# --- what mutagen reads ------------------------------------------------------


def _by_mutagen(path: Path, kind: str, found: _Found) -> None:
    if kind in _ID3_KINDS:
        if _id3_bytes(path) <= _MAX_TAG_BYTES:
            _frames_of(path, found)
        return
    if kind == "ogg":
        file = _ogg(path)
    elif kind in _CLASSES:
        module, _, name = _CLASSES[kind].partition(".")
        file = getattr(import_module(f"mutagen.{module}"), name)(path)
    else:
        return
    tags = file.tags if file is not None else None
    if tags is None:
        return
    if kind in {"aiff", "wav"}:
        _id3(tags, found)
    elif kind == "mp4":
        _by_names(tags, _MP4, found)
    else:
        _by_names({str(key).lower(): value for key, value in tags.items()}, _VORBIS, found)


_ID3_KINDS = {"mp3", "adts", "tta"}
_CLASSES = {
    "wav": "wave.WAVE",
    "aiff": "aiff.AIFF",
    "flac": "flac.FLAC",
    "mp4": "mp4.MP4",
    "asf": "asf.ASF",
    "wavpack": "wavpack.WavPack",
    "ape": "monkeysaudio.MonkeysAudio",
}


def _frames_of(path: Path, found: _Found) -> None:
    """Read ID3 at the front or the end, then APEv2: neither needs the sound to be in order."""
    from mutagen.apev2 import APENoHeaderError, APEv2
    from mutagen.id3 import ID3, ID3NoHeaderError

    frames: Any = ID3  # mutagen has no types
    words: Any = APEv2
    with suppress(ID3NoHeaderError):
        _id3(frames(path), found)
    with suppress(APENoHeaderError):
        _by_names({str(key).lower(): value for key, value in words(path).items()}, _VORBIS, found)


def _ogg(path: Path) -> Any:
    import mutagen
    from mutagen import oggflac, oggopus, oggspeex, oggvorbis

    kinds = [oggvorbis.OggVorbis, oggopus.OggOpus, oggflac.OggFLAC, oggspeex.OggSpeex]
    return mutagen.File(path, options=kinds)


def _id3_bytes(path: Path) -> int:
    """Return the size an ID3v2 tag at the front claims."""
    with path.open("rb") as handle:
        head = handle.read(10)
    if len(head) < 10 or head[:3] != b"ID3":
        return 0
    return (head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127


_ID3 = {
    "TIT2": "title",
    "TPE1": "artist",
    "TALB": "album",
    "TSSE": "encoder",
    "TENC": "encoder",
    "WOAS": "url",
}


def _id3(tags: Any, found: _Found) -> None:
    """Read ID3v2 frames: MP3, AIFF, and the ``id3 `` chunk of WAV."""
    for frame in tags.values():
        name = frame.FrameID
        if name in _ID3:
            found.keep(_ID3[name], getattr(frame, "url", None) or _first(getattr(frame, "text", "")))
        elif name == "COMM" and not frame.desc.startswith("iTun"):
            found.keep("comment", _first(frame.text))
        elif name == "USLT":
            found.keep("lyrics", frame.text)
        elif name == "GEOB":
            found.has_c2pa = found.has_c2pa or frame.mime.lower() in _C2PA_MIME
        elif name == "TXXX":
            meaning = {"comment": "comment", "description": "comment", "lyrics": "lyrics", "aigc": "aigc"}
            if frame.desc.lower() in meaning:
                found.keep(meaning[frame.desc.lower()], _first(frame.text))


_VORBIS = {
    "title": "title",
    "artist": "artist",
    "album": "album",
    "comment": "comment",
    "comments": "comment",
    "description": "comment",
    "lyrics": "lyrics",
    "unsyncedlyrics": "lyrics",
    "encoder": "encoder",
    "software": "encoder",
    "aigc": "aigc",
    "woas": "url",
    "url": "url",
    # ASF and APEv2 use the same plain words under their own names
    "author": "artist",
    "wm/albumtitle": "album",
    "wm/lyrics": "lyrics",
    "wm/encodingsettings": "encoder",
}
_MP4 = {
    "©nam": "title",
    "©ART": "artist",
    "©alb": "album",
    "©cmt": "comment",
    "desc": "comment",
    "©lyr": "lyrics",
    "©too": "encoder",
    "----:com.apple.iTunes:AIGC": "aigc",
    "----:com.apple.iTunes:LYRICS": "lyrics",
    "----:com.apple.iTunes:WOAS": "url",
}


def _by_names(tags: Any, names: Mapping[str, str], found: _Found) -> None:
    for name, meaning in names.items():
        if name in tags:
            found.keep(meaning, _first(tags[name]))


def _first(value: object) -> object:
    if isinstance(value, str | bytes):
        return value
    return next(iter(value), "") if isinstance(value, Iterable) else value


# --- what mutagen does not read ----------------------------------------------

_INFO = {
    b"INAM": "title",
    b"IART": "artist",
    b"IPRD": "album",
    b"ICMT": "comment",
    b"ISFT": "encoder",
    b"ILYR": "lyrics",
}


def _by_riff(path: Path, _kind: str, found: _Found) -> None:
    """Read LIST INFO and look for a C2PA chunk in WAV and RF64."""
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] not in {b"RIFF", b"RIFX", b"RF64", b"BW64"} or data[8:12] != b"WAVE":
            return
        grammar = RIFX if data[:4] == b"RIFX" else RIFF
        for chunk in walk(data, 12, grammar):
            if chunk.name == b"C2PA":
                found.has_c2pa = True
            elif chunk.name == b"LIST" and chunk.size <= _MAX_TAG_BYTES:
                _info(bytes(data[chunk.start : chunk.end]), grammar.head[0], found)


def _info(body: bytes, order: str, found: _Found) -> None:
    if body[:4] != b"INFO":
        return
    place = 4
    while place + 8 <= len(body):
        name, size = struct.unpack_from(f"{order}4sI", body, place)
        if name in _INFO:
            found.keep(_INFO[name], _decoded(body[place + 8 : place + 8 + size].split(b"\0")[0]))
        place += 8 + size + size % 2


def _decoded(text: bytes) -> str:
    """Decode INFO text: UTF-8 by today's habit, Windows-1252 by yesterday's."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def _by_boxes(path: Path, _kind: str, found: _Found) -> None:
    """Look for a C2PA manifest among the top-level boxes of an MP4."""
    size_of_file = path.stat().st_size
    with path.open("rb") as handle:
        if handle.read(8)[4:8] != b"ftyp":
            return
        place = 0
        for _ in range(_MAX_CHUNKS):
            handle.seek(place)
            head = handle.read(24)
            if len(head) < 8:
                return
            size, name = struct.unpack_from(">I4s", head)
            if name == b"jumb" or (name == b"uuid" and head[8:24] == _C2PA_UUID):
                found.has_c2pa = True
            if size == 1 and len(head) >= 16:
                size = struct.unpack_from(">Q", head, 8)[0]
            if size < 8 or place + size > size_of_file:
                return
            place += size
