"""Samples as they lie in a file: integers and floats of any width and order, to float32."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from controlroom.media.chunks import Bytes

    Block = npt.NDArray[np.float32]

_BLOCK_FRAMES = 1 << 14
_LOOK_BYTES = 1 << 16
_WIDTHS = {"u": {1}, "i": {1, 2, 3, 4}, "f": {4, 8}}
_TEXT_SHARE = 0.97
_NOISE_CORRELATION = 0.2
_NOISE_CREST = 2.0
_NOISE_PEAK = 0.95
_WILD = 1e4


@dataclass(frozen=True, slots=True)
class PcmForm:
    """How plain samples are stored.

    Attributes
    ----------
    kind : str
        ``i`` signed, ``u`` unsigned (8 bits), ``f`` IEEE float.
    width : int
        Bytes per sample.
    order : str
        ``<`` or ``>``.
    channels, rate_hz : int
        Of the sound.
    """

    kind: str
    width: int
    order: str
    channels: int
    rate_hz: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame of all channels."""
        return self.width * self.channels

    @property
    def readable(self) -> bool:
        """Whether such samples are known here."""
        return self.width in _WIDTHS.get(self.kind, set()) and self.channels > 0 and self.rate_hz > 0

    @property
    def codec(self) -> str:
        """The codec's name, as in a take's facts."""
        return f"pcm_{ {'i': 's'}.get(self.kind, self.kind) }{self.width * 8}"

    @property
    def wider_than_float32(self) -> bool:
        """Whether float32 can't hold every value."""
        return (self.kind, self.width) in {("i", 4), ("f", 8)}


def to_float(form: PcmForm, raw: bytes) -> Block:
    """Return whole frames as float32, shaped (channels, frames): integers scaled by a power of two, floats as they are."""
    import numpy as np

    raw = raw[: len(raw) - len(raw) % form.frame_bytes]
    values: npt.NDArray[Any]
    if form.kind == "f":
        values = np.frombuffer(raw, f"{form.order}f{form.width}")
    elif form.width == 3:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        three = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        wide[:, 1:] = three if form.order == "<" else three[:, ::-1]
        values = wide.view("<i4")[:, 0]  # the three bytes are the upper ones
    elif form.kind == "u":
        values = np.frombuffer(raw, np.uint8).astype(np.int16) - 128
    else:
        values = np.frombuffer(raw, f"{form.order}i{form.width}")
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # a double too big for float32 becomes Inf, which the sink refuses
        samples = values.astype(np.float32)
    if form.kind != "f":
        bits = 32 if form.width == 3 else 8 * form.width
        samples *= np.float32(2.0 ** (1 - bits))
    return samples.reshape(-1, form.channels).T


def blocks(data: Bytes, form: PcmForm, regions: Iterable[tuple[int, int]]) -> Iterator[Block]:
    """Yield the sound of several regions, one after the other; a ragged last frame of each is left."""
    step = _BLOCK_FRAMES * form.frame_bytes
    for start, size in regions:
        stop = start + size - size % form.frame_bytes
        for place in range(start, stop, step):
            yield to_float(form, bytes(data[place : min(stop, place + step)]))


def looks_like_sound(data: Bytes, form: PcmForm, start: int, stop: int) -> bool:
    """Judge bytes that no header speaks of: sound, or text, or what compressed data looks like.

    Compressed or random bytes, read as samples, are white and evenly spread to full
    scale; no music is. Text is text. As floats, such bytes are wild numbers.
    """
    import numpy as np

    size = stop - start
    if size < form.rate_hz // 100 * form.frame_bytes:
        return False
    middle = start + size // 2 // form.frame_bytes * form.frame_bytes
    raw = bytes(data[start : min(stop, start + _LOOK_BYTES)]) + bytes(
        data[middle : min(stop, middle + _LOOK_BYTES)]
    )
    letters = sum(map(raw.count, (*range(32, 127), 9, 10, 13)))
    if letters > _TEXT_SHARE * len(raw):
        return False
    with np.errstate(invalid="ignore"):  # what is no number is told by isfinite
        samples = to_float(form, raw).astype(np.float64)
    if not np.isfinite(samples).all() or np.abs(samples).max() > _WILD * max(
        1.0, float(np.median(np.abs(samples)))
    ):
        return False
    if form.kind == "f":
        return True
    power = float(np.mean(samples**2))
    if power == 0:
        return False
    white = abs(float(np.mean(samples[:, 1:] * samples[:, :-1]))) < _NOISE_CORRELATION * power
    peak = float(np.abs(samples).max())
    return not (white and peak > _NOISE_PEAK and peak < _NOISE_CREST * power**0.5)
