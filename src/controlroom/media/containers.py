"""Containers of plain samples: WAV, RF64, BW64, RIFX, Wave64, AIFF, AIFC, CAF and AU.

Sources: Microsoft/IBM RIFF specification 1991, EBU Tech 3306 (RF64), ITU-R BS.2088
(BW64), Sony Wave64 1.0, AIFF 1.3 and AIFF-C, Apple CAF 1.0, Sun AU.
"""

from __future__ import annotations

import struct
from functools import partial

from controlroom.media import chunks
from controlroom.media.chunks import Bytes, Chunk, Grammar, Stretches, stretches, walk
from controlroom.media.pcm import PcmForm, looks_like_sound
from controlroom.media.promised import Promise, Remark, missing, seconds_of

_STREAMING = 0x7FFF_F000  # SoX writes this, FFmpeg 2³² − 1, when the length is not known yet
_UNKNOWN = 0xFFFF_FFFF
_MP3_IN_WAV = 0x55
_HEADER = "it ends before its format is told"
_RAGGED_BYTES = 1 << 10


def wav(data: Bytes, start: int) -> Promise:
    """Read RIFF, RIFX, RF64 and BW64; regions without a form hold MPEG frames."""
    grammar = chunks.RIFX if data[start : start + 4] == b"RIFX" else chunks.RIFF
    found = _until(data, start + 12, grammar, b"data")
    form, sound, wide = found.get(b"fmt "), found.get(b"data"), found.get(b"ds64")
    if form is None or form.size < 16 or form.start + 16 > len(data):
        return Promise(truncated=_HEADER if sound is None else "", readable=False)
    code, pcm = _wave_form(data, form, grammar.head[0])
    facts = Promise(rate_hz=pcm.rate_hz, channels=pcm.channels)
    if sound is None:
        return Promise("it ends before its data chunk", facts.rate_hz, facts.channels, readable=False)
    size: int | None = sound.size
    there = len(data) - sound.start
    if sound.size == _UNKNOWN and wide is not None and wide.start + 16 <= len(data):
        size = struct.unpack_from("<Q", data, wide.start + 8)[0]
        size = size if size or not there else None
    else:
        empty = size == 0 and there > 0 and not _only_chunks(data, sound.start, grammar)
        size = None if empty or (sound.size >= _STREAMING and there < sound.size) else size
    if code == _MP3_IN_WAV:
        return _mp3_in_wav(data, sound, size, grammar)
    return _sound(data, sound.start, size, grammar, pcm)


def _wave_form(data: Bytes, form: Chunk, order: str) -> tuple[int, PcmForm]:
    code, channels, rate_hz, _, align, bits = struct.unpack_from(f"{order}HHIIHH", data, form.start)
    if code == 0xFFFE and form.size >= 26 and form.start + 26 <= len(data):
        code = struct.unpack_from(f"{order}H", data, form.start + 24)[0]
    width = align // channels if channels and align >= channels else (bits + 7) // 8
    kind = {1: "u" if width == 1 else "i", 3: "f"}.get(code, "")
    return code, PcmForm(kind, width, order, channels, rate_hz)


def wave64(data: Bytes, start: int) -> Promise:
    """Read Sony Wave64."""
    found = _until(data, start + 40, chunks.W64, b"data")
    form, sound = found.get(b"fmt "), found.get(b"data")
    if form is None or form.start + 16 > len(data):
        return Promise(truncated=_HEADER, readable=False)
    _, pcm = _wave_form(data, form, "<")
    if sound is None:
        return Promise("it ends before its data chunk", pcm.rate_hz, pcm.channels, readable=False)
    unknown = sound.size == 0 or sound.size >= 1 << 62
    return _sound(data, sound.start, None if unknown else sound.size, chunks.W64, pcm)


_AIFC = {
    b"NONE": ("i", ">"),
    b"twos": ("i", ">"),
    b"in24": ("i", ">"),
    b"in32": ("i", ">"),
    b"sowt": ("i", "<"),
    b"fl32": ("f", ">"),
    b"FL32": ("f", ">"),
    b"fl64": ("f", ">"),
    b"FL64": ("f", ">"),
    b"raw ": ("u", ">"),
}


def aiff(data: Bytes, start: int) -> Promise:
    """Read AIFF and AIFF-C."""
    found = {chunk.name: chunk for chunk in reversed(list(walk(data, start + 12, chunks.IFF)))}
    form, sound = found.get(b"COMM"), found.get(b"SSND")
    if form is None or form.start + 18 > len(data):
        return Promise(_HEADER, readable=False)
    channels, frames, bits, exponent, mantissa = struct.unpack_from(">hLhHQ", data, form.start)
    rate_hz = round(mantissa * 2.0 ** (exponent - 16383 - 63)) if 0 < exponent < 16383 + 64 else 0
    kind, order = "i", ">"
    if data[start + 8 : start + 12] == b"AIFC":
        kind, order = _AIFC.get(bytes(data[form.start + 18 : form.start + 22]), ("", ">"))
    pcm = PcmForm(kind, max(1, (bits + 7) // 8), order, channels, rate_hz)
    if sound is None or sound.start + 8 > len(data):
        why = missing(frames, 0, "frames") if frames else ""
        return Promise(
            why, rate_hz, channels, frames=frames, duration_s=seconds_of(frames, rate_hz), readable=False
        )
    begin = sound.start + 8 + struct.unpack_from(">I", data, sound.start)[0]
    held = sound.end - begin
    if not pcm.readable:
        return _coded(data, begin, max(0, held), chunks.IFF, pcm, frames)
    promised = max(frames * pcm.frame_bytes, held if sound.size < _STREAMING else 0)
    return _sound(data, begin, promised or None, chunks.IFF, pcm, held=min(promised, max(0, held)))


def caf(data: Bytes, start: int) -> Promise:
    """Read Apple's Core Audio Format; other codecs than plain samples promise only bytes."""
    found = _until(data, start + 8, chunks.CAF, b"data")
    form, sound = found.get(b"desc"), found.get(b"data")
    if form is None or form.start + 32 > len(data):
        return Promise(_HEADER, readable=False)
    rate, codec, flags, _, _, channels, bits = struct.unpack_from(">d4sIIIII", data, form.start)
    rate_hz = round(rate) if 0 <= rate < 1e9 else 0  # NaN is neither
    kind = ("f" if flags & 1 else "i") if codec == b"lpcm" else ""
    pcm = PcmForm(kind, (bits + 7) // 8, "<" if flags & 2 else ">", channels, rate_hz)
    if sound is None:
        return Promise("it ends before its data chunk", rate_hz, channels, readable=False)
    size = None if sound.size < 4 else sound.size - 4  # −1: to the end; an edit count stands in front
    return _sound(data, sound.start + 4, size, chunks.CAF, pcm)


_AU = {2: ("i", 1), 3: ("i", 2), 4: ("i", 3), 5: ("i", 4), 6: ("f", 4), 7: ("f", 8)}


def au(data: Bytes, start: int) -> Promise:
    """Read Sun AU."""
    if start + 24 > len(data):
        return Promise(_HEADER, readable=False)
    offset, size, code, rate_hz, channels = struct.unpack_from(">5I", data, start + 4)
    kind, width = _AU.get(code, ("", 1))
    unknown = size in {0, _UNKNOWN}
    pcm = PcmForm(kind, width, ">", channels, rate_hz)
    return _sound(data, start + offset, None if unknown else size, None, pcm)


def _until(data: Bytes, place: int, grammar: Grammar, name: bytes) -> dict[bytes, Chunk]:
    """Return the chunks up to the one of a name, the first of each kind."""
    found: dict[bytes, Chunk] = {}
    for chunk in walk(data, place, grammar):
        found.setdefault(chunk.name, chunk)
        if chunk.name == name:
            break
    return found


def _only_chunks(data: Bytes, place: int, grammar: Grammar) -> bool:
    """Whether chunks follow each other to the very end (so nothing there is sound)."""
    follow = chunks.chain(data, place, grammar)
    return bool(follow) and chunks.behind(data, follow[-1], grammar) >= len(data)


def _mp3_in_wav(data: Bytes, sound: Chunk, size: int | None, grammar: Grammar) -> Promise:
    """Return where MPEG frames in a WAV lie: all that is no chunk is looked through."""
    found = stretches(data, sound.start, size, grammar, lambda _start, _stop: True)
    lacking = 0 if size is None else size - found.size
    why = missing(size or 0, found.size, "bytes of sound") if lacking > 1 else ""
    more = 0.0 if size is None else 1 - size / max(1, found.size)
    remarks = (Remark("behind-promise", {"share": more}),) if more > 0 else ()
    return Promise(why, regions=found.regions, remarks=remarks)


def _sound(
    data: Bytes,
    begin: int,
    promised: int | None,
    grammar: Grammar | None,
    pcm: PcmForm,
    held: int | None = None,
) -> Promise:
    """Hold a promise in bytes against what is there, and read on behind it.

    ``held`` is what the sound's own chunk says where the promise is another's.
    """
    if not pcm.readable:
        return _coded(data, begin, promised, grammar, pcm, None)
    first = promised if held is None else held
    judged = partial(looks_like_sound, data, pcm)
    found = stretches(data, begin, first if promised is not None else None, grammar, judged)
    align = pcm.frame_bytes
    frames = sum(size // align for _, size in found.regions)
    lacking = 0 if promised is None else promised - found.size
    why, missing_s = "", None
    if lacking >= align:  # a missing pad byte or a ragged last frame is no loss
        why, missing_s = missing(promised or 0, found.size, "bytes of sound"), lacking / align / pcm.rate_hz
    return Promise(
        why,
        pcm.rate_hz,
        pcm.channels,
        frames=frames,
        duration_s=seconds_of(frames, pcm.rate_hz),
        missing_s=missing_s,
        pcm=pcm,
        regions=found.regions,
        remarks=_remarks(found, promised, pcm),
    )


def _remarks(found: Stretches, promised: int | None, pcm: PcmForm) -> tuple[Remark, ...]:
    remarks = []
    more = 0 if promised is None else found.size - promised
    if promised is not None and more >= pcm.frame_bytes:
        told_s = promised / pcm.frame_bytes / pcm.rate_hz
        more_s = more / pcm.frame_bytes / pcm.rate_hz
        remarks.append(Remark("behind-promise", {"promised_s": told_s, "more_s": more_s}))
    if found.left_out:
        remarks.append(Remark("no-sound-behind", {"bytes": found.left_out}))
    return tuple(remarks)


def _coded(
    data: Bytes, begin: int, promised: int | None, grammar: Grammar | None, pcm: PcmForm, frames: int | None
) -> Promise:
    """Hold the bytes of a codec that a library decodes against the file; what lies behind them can't be read on."""
    facts = Promise(rate_hz=pcm.rate_hz, channels=pcm.channels, frames=frames)
    if promised is None:
        return Promise(rate_hz=pcm.rate_hz, channels=pcm.channels, streaming=True)
    if promised - (len(data) - begin) >= max(1, pcm.channels):
        why = missing(promised, len(data) - begin, "bytes of sound")
        # the table of a CAF's packets stands behind its sound
        return Promise(why, pcm.rate_hz, pcm.channels, readable=grammar is not chunks.CAF)
    found = stretches(data, begin, promised, grammar, lambda start, stop: stop - start > _RAGGED_BYTES)
    more = found.size - promised
    if more > 0:
        return Promise(rate_hz=pcm.rate_hz, channels=pcm.channels, unread=(promised, more))
    return facts
