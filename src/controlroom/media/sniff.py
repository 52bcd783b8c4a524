"""What a file holds, by its bytes: the content decides, never the extension.

Signatures: RIFF/RIFX, RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088), AIFF/AIFC, FLAC (RFC 9639 §8),
Ogg (RFC 3533 §6) with the first packet's codec mark, ISO BMFF ``ftyp``
(ISO 14496-12 §4.3), EBML (RFC 8794), ASF header GUID, ID3v2 (§3.1), MPEG audio
and ADTS frame headers (see `controlroom.media.mpeg`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from controlroom.media.mpeg import find_adts, find_mpeg

_HEAD_BYTES = 4096
_SEARCH_BYTES = 1 << 17
_MAX_ID3 = 8  # tags in front of each other; more is nobody's file


@dataclass(frozen=True, slots=True)
class Kind:
    """A container, its name for people, and the extensions that may carry it."""

    name: str
    label: str
    extensions: tuple[str, ...]
    demuxer: str


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the bytes say.

    Attributes
    ----------
    kind : Kind or None
        The audio container, None when it is no audio that is known here.
    start : int
        Offset in bytes of the container behind any ID3v2 tags in front of it.
    looks_like : str
        Words for a person: the container, or what else the bytes seem to be.
    """

    kind: Kind | None
    start: int
    looks_like: str


_KINDS = (
    Kind("wav", "WAV", (".wav", ".wave", ".bwf"), "wav"),
    Kind("rf64", "RF64 WAV", (".wav", ".wave", ".bwf", ".rf64"), "wav"),
    Kind("w64", "Wave64", (".w64",), "w64"),
    Kind("aiff", "AIFF", (".aif", ".aiff", ".aifc"), "aiff"),
    Kind("caf", "CAF", (".caf",), "caf"),
    Kind("au", "AU", (".au", ".snd"), "au"),
    Kind("flac", "FLAC", (".flac", ".fla"), "flac"),
    Kind("ogg", "Ogg", (".ogg", ".oga", ".ogx", ".opus", ".spx"), "ogg"),
    Kind("mp3", "MPEG audio", (".mp3", ".mp2", ".mp1", ".mpga", ".mpa"), "mp3"),
    Kind("mp4", "MP4", (".m4a", ".mp4", ".m4b", ".m4p", ".m4r", ".m4v", ".mov", ".alac", ".3gp"), "mov"),
    Kind("adts", "AAC (ADTS)", (".aac", ".adts"), "aac"),
    Kind("matroska", "Matroska or WebM", (".webm", ".weba", ".mka", ".mkv"), "matroska"),
    Kind("asf", "WMA (ASF)", (".wma", ".asf", ".wmv"), "asf"),
    Kind("wavpack", "WavPack", (".wv",), "wv"),
    Kind("ape", "Monkey's Audio", (".ape",), "ape"),
    Kind("tta", "True Audio", (".tta",), "tta"),
)
KINDS = {kind.name: kind for kind in _KINDS}
"""Every container that is read, by name."""

_MAGIC = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"caff", "caf"),
    (b".snd", "au"),
    (b"riff\x2e\x91\xcf\x11", "w64"),
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel", "asf"),
    (b"wvpk", "wavpack"),
    (b"MAC ", "ape"),
    (b"TTA1", "tta"),
)
_FORMS = (
    (b"RIFF", b"WAVE", "wav"),
    (b"RIFX", b"WAVE", "wav"),
    (b"RF64", b"WAVE", "rf64"),
    (b"BW64", b"WAVE", "rf64"),
    (b"FORM", b"AIFF", "aiff"),
    (b"FORM", b"AIFC", "aiff"),
)
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_OTHERS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"MThd", "a MIDI file: notes, no sound"),
    (b"\x7fELF", "a program"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
)


def sniff(path: Path) -> Sniffed:
    """Tell from a file's bytes which audio container it is.

    Reads at most a few headers and 128 KiB in search of MPEG frames.

    Parameters
    ----------
    path : Path
        A regular file that is not empty.

    Returns
    -------
    Sniffed
        The kind, or None with words for what it seems to be.
    """
    with path.open("rb") as handle:
        start = _after_id3(handle)
        handle.seek(start)
        head = handle.read(_HEAD_BYTES)
        name = _by_magic(head)
        if name is None and head and not _other(head):
            name = _by_frames(head + handle.read(_SEARCH_BYTES))
    if name is not None:
        return Sniffed(KINDS[name], start, KINDS[name].label)
    return Sniffed(None, start, _other(head) or _text_or_unknown(head))


def _after_id3(handle: BinaryIO) -> int:
    """Return the offset behind the ID3v2 tags at the front (ID3v2.4 structure §3.1)."""
    offset = 0
    for _ in range(_MAX_ID3):
        handle.seek(offset)
        head = handle.read(10)
        if len(head) < 10 or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:10]):
            break
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        offset += 10 + size + (10 if head[5] & 0x10 else 0)
    return offset


def _by_magic(head: bytes) -> str | None:
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    for form, inner, name in _FORMS:
        if head.startswith(form) and head[8:12] == inner:
            return name
    return "mp4" if head[4:8] in _MP4_BOXES else None


def _by_frames(head: bytes) -> str | None:
    """Name the frame format whose headers follow each other soonest."""
    mpeg, adts = find_mpeg(head), find_adts(head)
    if mpeg is None and adts is None:
        return None
    if adts is None or (mpeg is not None and mpeg <= adts):
        return "mp3"
    return "adts"


def _other(head: bytes) -> str:
    for magic, words in _OTHERS:
        if head.startswith(magic):
            return words
    return ""


def _text_or_unknown(head: bytes) -> str:
    """Say "text" of bytes that are text in UTF-8 without control characters."""
    if not head:
        return "nothing behind its tags"
    text = head.decode("utf-8", errors="replace")
    strange = sum(char == "�" or (ord(char) < 32 and char not in "\t\r\n\f") for char in text[:-4])
    return "text" if strange == 0 else "no audio format that is known here"


def codec_in_ogg(path: Path, start: int) -> str:
    """Name the codec of an Ogg file's first stream (first packet's mark).

    Returns
    -------
    str
        ``vorbis``, ``opus``, ``flac``, ``speex`` or ``other``.
    """
    with path.open("rb") as handle:
        handle.seek(start)
        page = handle.read(64)
    packet = page[27 + (page[26] if len(page) > 26 else 0) :]
    marks = ((b"\x01vorbis", "vorbis"), (b"OpusHead", "opus"), (b"\x7fFLAC", "flac"), (b"Speex   ", "speex"))
    return next((name for mark, name in marks if packet.startswith(mark)), "other")
