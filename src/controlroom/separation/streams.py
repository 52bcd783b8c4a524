"""A take read as 44.1 kHz stereo in pieces, and stems written back at its own rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from controlroom.model.audio import Audio, Samples
from controlroom.separation import spectra

RATE_HZ = 44_100
"""The rate at which masks are made, whatever the take's."""

_BLOCK = 1 << 17
_GRID = np.float32(2.0**23)  # the 24-bit grid: differences on it are exact, up to ±2


def masked_stems(
    audio: Audio,
    names: Sequence[str],
    rest: str,
    segments: spectra.Segments,
    mask_of: Callable[[spectra.Spectrum], spectra.Mask],
) -> Mapping[str, Audio]:
    """Return stems made by masks, and what they leave over, at the take's rate.

    Parameters
    ----------
    audio : Audio
        Mono or stereo, any rate.
    names : sequence of str
        One per mask that ``mask_of`` returns.
    rest : str
        The name of ``audio − Σ stems``, taken at the take's own rate: what lies
        above 22 kHz is in it, and all stems add up to the take, exactly where
        the take is on the 24-bit grid, else to one rounding.
    segments, mask_of
        As ``spectra.masked`` takes them.
    """
    stems = np.zeros((len(names), *audio.samples.shape), np.float32)
    if audio.frames:
        feed, back = Feed(audio), Back(audio.rate_hz, stems)
        for piece in spectra.masked(feed.take, feed.total, segments, mask_of):
            back.write(piece)
        back.close()
    stems *= _GRID
    np.rint(stems, out=stems)
    stems /= _GRID
    left = audio.samples
    for stem in stems:
        left = left - stem
    found = {name: Audio(stem, audio.rate_hz) for name, stem in zip(names, stems, strict=True)}
    return found | {rest: Audio(left, audio.rate_hz)}


class Feed:
    """Hands out a take as stereo at 44.1 kHz, a piece at a time."""

    def __init__(self, audio: Audio) -> None:
        self._audio, self._read = audio, 0
        self._ready: list[Samples] = []
        self._held = 0
        self._convert: Callable[[Samples, bool], Samples] = lambda block, _last: block
        self.total = audio.frames
        if audio.rate_hz != RATE_HZ:
            self.total = max(1, round(audio.frames * RATE_HZ / audio.rate_hz))
            self._convert = _resampler(audio.rate_hz, RATE_HZ, audio.channels)

    def take(self, count: int) -> Samples:
        """Return the next ``count`` samples, shaped (2, count); zeros after the end."""
        while self._held < count:
            block = self._next()
            self._ready.append(block)
            self._held += block.shape[1]
        joined = np.concatenate(self._ready, axis=1)
        out, rest = joined[:, :count], joined[:, count:]
        self._ready, self._held = [rest], rest.shape[1]
        return np.repeat(out, 2, axis=0) if out.shape[0] == 1 else out

    def _next(self) -> Samples:
        if self._read >= self._audio.frames:
            return np.zeros((self._audio.channels, _BLOCK), np.float32)
        block = self._audio.samples[:, self._read : self._read + _BLOCK]
        self._read += block.shape[1]
        return self._convert(block, self._read >= self._audio.frames)


class Back:
    """Writes stereo stems at 44.1 kHz into an array (stems, channels, frames) at the take's rate."""

    def __init__(self, rate_hz: int, out: Samples) -> None:
        self._out, self._done, self._rate_hz = out, 0, rate_hz
        self._convert: Callable[[Samples, bool], Samples] = lambda block, _last: block
        if rate_hz != RATE_HZ:
            self._convert = _resampler(RATE_HZ, rate_hz, out.shape[0] * out.shape[1])

    def write(self, piece: Samples) -> None:
        """Append a piece, shaped (stems, 2, n)."""
        # both network channels of a mono take heard the same; their masks differ by rounding only
        self._put(piece if self._out.shape[1] == 2 else piece.mean(axis=1, keepdims=True), last=False)

    def close(self) -> None:
        """Flush what the resampler still holds."""
        self._put(np.zeros((*self._out.shape[:2], 0), np.float32), last=True)

    def _put(self, piece: Samples, *, last: bool) -> None:
        stems, channels, frames = self._out.shape
        fresh = self._convert(piece.reshape(stems * channels, -1), last)
        stop = min(frames, self._done + fresh.shape[1])
        self._out[:, :, self._done : stop] = fresh[:, : stop - self._done].reshape(stems, channels, -1)
        self._done = stop


def _resampler(from_hz: int, to_hz: int, channels: int) -> Callable[[Samples, bool], Samples]:
    """Return a streaming converter: linear phase, no delay (soxr, HQ)."""
    import soxr

    stream = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32", quality="HQ")

    def convert(block: Samples, last: bool) -> Samples:
        out = stream.resample_chunk(np.ascontiguousarray(block.T), last=last)
        return np.asarray(out, np.float32).reshape(-1, channels).T

    return convert
