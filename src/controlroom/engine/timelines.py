"""Sounds laid out on a timeline: copied, and crossed over where two pieces meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio, Samples
from controlroom.model.timeline import Piece, Timeline

SEAM_S = 0.01
"""How long two pieces cross over: half of it on either side of their seam; shorter where a piece is."""


@dataclass(frozen=True)
class _Cut:
    """A piece in frames: where it stands in the edit, and which frame of its source sounds first."""

    first: int
    last: int
    start: int
    source: Samples

    @property
    def left_before(self) -> int:
        """How many frames the source has before the piece; silence goes on for ever."""
        return self.start if self.source.shape[1] else self.last - self.first

    @property
    def left_after(self) -> int:
        """How many frames the source has behind the piece."""
        left = self.source.shape[1] - (self.start + self.last - self.first)
        return max(0, left) if self.source.shape[1] else self.last - self.first

    def frames(self, first: int, last: int) -> Samples:
        """Return frames of the edit as this piece has them, also beyond its ends; zeros where its source has none."""
        begin, end = first - self.first + self.start, last - self.first + self.start
        inside = self.source[:, max(0, begin) : max(0, min(end, self.source.shape[1]))]
        if inside.shape[1] == end - begin:
            return inside
        left = min(max(0, -begin), end - begin)
        return np.pad(inside, ((0, 0), (left, end - begin - left - inside.shape[1])))


def laid_out(timeline: Timeline, sources: Mapping[str, Audio]) -> Audio:
    """Return the sound of a timeline, from sounds of one rate and channel count by their clocks.

    Within a piece the samples are the source's own, bit for bit. Two pieces cross over
    where they meet, and sound and silence too; the edit's own first and last frame do not.
    """
    rate_hz, channels = next((a.rate_hz, a.channels) for a in sources.values())
    total = round(timeline.duration_s * rate_hz)
    cuts = [_cut(piece, sources[piece.source.clock]) for piece in timeline.pieces]
    if len(cuts) == 1 and (cuts[0].first, cuts[0].last) == (0, total):
        return Audio(cuts[0].frames(0, total), rate_hz)
    out = np.zeros((channels, total), dtype=np.float32)
    for cut in cuts:
        out[:, cut.first : cut.last] = cut.frames(cut.first, cut.last)
    for one, other in pairwise(_with_gaps(cuts, channels)):
        _cross(out, one, other, round(SEAM_S / 2 * rate_hz))
    return Audio(out, rate_hz)


def _cut(piece: Piece, audio: Audio) -> _Cut:
    first, last = round(piece.start_s * audio.rate_hz), round(piece.end_s * audio.rate_hz)
    return _Cut(first, last, round(piece.source.start_s * audio.rate_hz), audio.samples)


def _with_gaps(cuts: list[_Cut], channels: int) -> list[_Cut]:
    """Return the cuts with the silence before and between them."""
    nothing = np.zeros((channels, 0), dtype=np.float32)
    out: list[_Cut] = []
    at = 0
    for cut in cuts:
        if cut.first > at:
            out.append(_Cut(at, cut.first, 0, nothing))
        out.append(cut)
        at = cut.last
    return out


def _cross(out: Samples, one: _Cut, other: _Cut, half: int) -> None:
    """Cross over about a seam; where a source has nothing left to cross with, it fades before its end instead."""
    half = min(half, (one.last - one.first) // 4, (other.last - other.first) // 4)
    after, ahead = min(half, one.left_after), min(half, other.left_before)
    if half == 0:
        return
    wide = half if after == ahead == half else 2 * half
    first, last = other.first - wide, other.first + wide
    at = np.arange(-wide, wide) + 0.5
    rise = _rise((at + ahead) / (2 * half))
    old, new = one.frames(first, last), other.frames(first, last)
    if wide == half:
        out[:, first:last] = old + rise * (new - old)
    else:
        out[:, first:last] = _rise((after - at) / (2 * half)) * old + rise * new


def _rise(at: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(at, 0.0, 1.0)), np.float32)
