"""What a file says of itself: titles, lyrics, and the marks of its generator.

Field names: ID3v2.3/2.4 frames, Vorbis comments, MP4 atoms, RIFF INFO chunks
(standards.md §3.7); generators' marks as found in their files (§4.2); C2PA
manifests as embedded by the C2PA specification 2.x, appendix A (ID3 ``GEOB``,
RIFF chunk ``C2PA``, BMFF ``uuid`` box).

Tags are hearsay: nothing here raises on garbage, and nothing here is believed
beyond being shown.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlroom.model.song import Tags

_MAX_TEXT = 1_000
_MAX_LYRICS = 50_000
_MAX_CHUNKS = 10_000
_MAX_TAG_BYTES = 64 << 20
_SUNO = re.compile(r"made (?:with|by) suno\b", re.IGNORECASE)
_CREATED = re.compile(r"\bcreated=([0-9T:.+Z-]{10,40})")
_ID = re.compile(r"\bid=([0-9a-fA-F-]{8,64})")
_SUNO_URL = re.compile(r"suno\.(?:com|ai)/song/([0-9a-fA-F-]{8,64})", re.IGNORECASE)
_PRODUCER = re.compile(r'"ContentProducer"\s*:\s*"([^"\\]{1,80})"')
_PRODUCE_ID = re.compile(r'"ProduceID"\s*:\s*"([^"\\]{1,80})"')
_C2PA_MIME = {"application/c2pa", "application/x-c2pa-manifest-store"}
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_ANONYMOUS_ARTISTS = {"udio": "udio", "suno": "suno", "suno ai": "suno"}


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
            self.comments.append(text)
        elif getattr(self, meaning) is None:
            setattr(self, meaning, text)


def _clean(value: object, size: int) -> str:
    """Return bounded text without NULs and stray controls."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    text = str(value)[:size]
    return "".join(char for char in text if char in "\n\t" or char.isprintable()).strip()


def read_tags(path: Path) -> Tags:
    """Read a file's tags and the generator's marks in them.

    Parameters
    ----------
    path : Path
        Any file; the content decides how it is read.

    Returns
    -------
    Tags
        What could be read; empty `Tags` for garbage. Texts are bounded at
        1,000 characters, lyrics at 50,000. `generator` is ``suno``, ``udio``
        or the lower-case producer named in an AIGC label.
    """
    found = _Found()
    for reader in (_by_mutagen, _by_riff, _by_boxes):
        try:
            reader(path, found)
        except Exception:  # noqa: BLE001, S112 - a parser of hearsay may fail in any way; the rest is still read
            continue
    return _judge(found)


def _judge(found: _Found) -> Tags:
    """Read the generator's marks out of the strings."""
    comment = next((text for text in found.comments if _SUNO.search(text)), None)
    marked = comment or ""
    created, identity = _CREATED.search(marked), _ID.search(marked)
    url = _SUNO_URL.search(found.url or "")
    generator = None
    generator_id = identity.group(1) if identity else None
    if comment or url:
        generator = "suno"
        generator_id = generator_id or (url.group(1) if url else None)
    elif found.aigc is not None and (producer := _PRODUCER.search(found.aigc)):
        generator = producer.group(1).lower()
        produced = _PRODUCE_ID.search(found.aigc)
        generator_id = produced.group(1) if produced else None
    elif found.artist is not None:
        generator = _ANONYMOUS_ARTISTS.get(found.artist.lower())
    return Tags(
        title=found.title,
        artist=found.artist,
        album=found.album,
        comment=comment or next(iter(found.comments), None),
        generator=generator,
        generator_id=generator_id,
        generator_created=created.group(1) if created else None,
        generator_url=found.url if url else None,
        lyrics=found.lyrics,
        aigc=found.aigc,
        has_c2pa=found.has_c2pa,
        encoder=found.encoder,
    )


# --- what mutagen reads ------------------------------------------------------


def _by_mutagen(path: Path, found: _Found) -> None:
    import mutagen
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    if _id3_bytes(path) > _MAX_TAG_BYTES:
        return
    file = mutagen.File(path)
    tags = file.tags if file is not None else None
    if isinstance(tags, ID3):
        _id3(tags, found)
    elif isinstance(tags, MP4Tags):
        _by_names(tags, _MP4, found)
    elif tags is not None:
        _by_names({str(key).lower(): value for key, value in tags.items()}, _VORBIS, found)


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


def _by_riff(path: Path, found: _Found) -> None:
    """Read LIST INFO and look for a C2PA chunk in WAV and RF64."""
    with path.open("rb") as handle:
        head = handle.read(12)
        if head[:4] not in {b"RIFF", b"RF64"} or head[8:12] != b"WAVE":
            return
        for _ in range(_MAX_CHUNKS):
            name_size = handle.read(8)
            if len(name_size) < 8:
                return
            name, size = struct.unpack("<4sI", name_size)
            after = handle.tell() + size + size % 2
            if name == b"C2PA":
                found.has_c2pa = True
            elif name == b"LIST" and size <= _MAX_TAG_BYTES:
                _info(handle.read(size), found)
            handle.seek(after)


def _info(body: bytes, found: _Found) -> None:
    if body[:4] != b"INFO":
        return
    place = 4
    while place + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, place)
        if name in _INFO:
            found.keep(_INFO[name], _decoded(body[place + 8 : place + 8 + size].split(b"\0")[0]))
        place += 8 + size + size % 2


def _decoded(text: bytes) -> str:
    """Decode INFO text: UTF-8 by today's habit, Windows-1252 by yesterday's."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="replace")


def _by_boxes(path: Path, found: _Found) -> None:
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
