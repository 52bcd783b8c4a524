"""Masks applied to a sound that is read and written in pieces.

The grid is the original's: a periodic Hann window of 4096 at a hop of 1024,
frame *t* centred on sample 1024 t, zeros beyond both ends. Memory does not grow
with the song: a segment of frames is transformed, masked, and added back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Samples

WINDOW = 4096
HOP = 1024
_REACH = WINDOW // HOP  # a sample is covered by four frames

Spectrum = npt.NDArray[np.complex64]
Mask = npt.NDArray[np.float32]


def real_inverse(spectrum: Spectrum) -> Samples:
    """Return the inverse transform of each frame, float32 of length ``WINDOW``."""
    from scipy.fft import irfft

    out: Any = irfft(spectrum, WINDOW, axis=2)  # stays single precision for complex64
    return np.asarray(out, np.float32)


@dataclass(frozen=True)
class Segments:
    """How frames are cut: ``length`` frames, ``overlap`` of them shared with the next.

    Where two segments overlap their masks are cross-faded linearly, or, with
    ``switch``, the later one takes over in the middle: a mask that looks no
    further than half the overlap is then the same however the song is cut.
    """

    length: int
    overlap: int
    switch: bool = False

    @property
    def step(self) -> int:
        """Frames from one segment's start to the next one's."""
        return self.length - self.overlap

    def count(self, frames: int) -> int:
        """Return how many segments cover ``frames`` frames."""
        return 1 + max(0, -(-(frames - self.length) // self.step))

    def fade(self) -> npt.NDArray[np.float32]:
        """Return the later segment's weight over the overlap, shaped (overlap, 1)."""
        at = np.arange(1, self.overlap + 1)[:, None] / (self.overlap + 1)
        weight = (at > 0.5) if self.switch else at
        return weight.astype(np.float32)


def periodic_hann(length: int) -> npt.NDArray[np.float32]:
    """Return the periodic Hann window: ``0.5 − 0.5 cos(2πn/N)``."""
    n = np.arange(length)
    return (0.5 - 0.5 * np.cos(2 * np.pi * n / length)).astype(np.float32)


def frame_count(samples: int) -> int:
    """Return how many centred frames a sound of ``samples`` samples has."""
    return 1 + samples // HOP


def masked(
    feed: Callable[[int], Samples],
    total: int,
    segments: Segments,
    mask_of: Callable[[Spectrum], Mask],
) -> Iterator[Samples]:
    """Yield the masked sound in order, piece by piece.

    Parameters
    ----------
    feed : callable
        ``feed(n)`` returns the next *n* samples, shaped (channels, n); zeros
        once the sound has ended.
    total : int
        Length of the sound in samples.
    segments : Segments
        How frames are grouped for ``mask_of``. They overlap, so that a
        segment's edge, where no context is seen, never decides alone.
    mask_of : callable
        From a spectrum (channels, length, bins) to masks (stems, channels or 1,
        length, bins); frames beyond the sound's end are zero, as in the
        original.

    Yields
    ------
    ndarray of float32, shape (stems, channels, n)
        Together exactly ``total`` samples.
    """
    frames = frame_count(total)
    cutter, adders = _Cutter(feed, frames), list[_Adder]()
    spectrum = tail = None
    fade, count = segments.fade(), segments.count(frames)
    for index in range(count):
        fresh = cutter.spectra(segments.length if spectrum is None else segments.step)
        spectrum = fresh if spectrum is None else np.concatenate([spectrum, fresh], axis=1)
        mask = mask_of(spectrum)
        adders = adders or [_Adder(total, frames) for _ in mask]
        if tail is not None:
            mask[:, :, : segments.overlap] = tail + fade * (mask[:, :, : segments.overlap] - tail)
        step = segments.length if index == count - 1 else segments.step
        now = spectrum[:, :step]
        yield np.stack([adder.add(now * own[:, :step]) for adder, own in zip(adders, mask, strict=True)])
        spectrum, tail = spectrum[:, step:], mask[:, :, step:]
    yield np.stack([adder.rest() for adder in adders])


def pieces(feed: Callable[[int], Samples], frames: int, length: int) -> Iterator[tuple[int, Spectrum]]:
    """Yield the number of a first frame and the spectra of the next ``length`` frames."""
    cutter = _Cutter(feed, frames)
    for start in range(0, frames, length):
        yield start, cutter.spectra(length)


class _Cutter:
    """Turns a feed of samples into spectra of successive centred frames."""

    def __init__(self, feed: Callable[[int], Samples], frames: int) -> None:
        self._feed, self._frames, self._done = feed, frames, 0
        self._window = periodic_hann(WINDOW)
        head = feed(WINDOW // 2)
        self._kept = np.concatenate([np.zeros_like(head), head], axis=1)

    def spectra(self, count: int) -> Spectrum:
        """Return the next ``count`` frames; zeros beyond the last real one."""
        from scipy.fft import rfft

        real = max(0, min(count, self._frames - self._done))
        shape = (self._kept.shape[0], count, WINDOW // 2 + 1)
        out = np.zeros(shape, np.complex64)
        self._done += count
        if real:
            self._kept = np.concatenate([self._kept, self._feed((real - 1) * HOP)], axis=1)
            view = np.lib.stride_tricks.sliding_window_view(self._kept, WINDOW, axis=1)[:, ::HOP]
            out[:, :real] = rfft(view[:, :real] * self._window, axis=2)
            self._kept = np.concatenate([self._kept[:, real * HOP :], self._feed(HOP)], axis=1)
        return out


class _Adder:
    """Turns spectra of successive frames back into samples (weighted overlap-add)."""

    def __init__(self, total: int, frames: int) -> None:
        self._window = periodic_hann(WINDOW)
        self._total, self._frames = total, frames
        self._frame = 0
        self._start = -(WINDOW // 2)  # sample of the pending sum's first column
        self._pending: npt.NDArray[np.float32] | None = None

    def add(self, spectrum: Spectrum) -> Samples:
        """Add frames; return the samples that no later frame can change."""
        channels, count, _ = spectrum.shape
        pieces: Samples = real_inverse(spectrum)
        pieces *= self._window
        blocks = np.zeros((channels, count + _REACH - 1, HOP), np.float32)
        for part in range(_REACH):
            blocks[:, part : part + count] += pieces[:, :, part * HOP : (part + 1) * HOP]
        summed = blocks.reshape(channels, -1)
        if self._pending is not None:
            summed[:, : self._pending.shape[1]] += self._pending
        ready = count * HOP
        self._pending = summed[:, ready:]
        return self._normalised(summed[:, :ready], count)

    def rest(self) -> Samples:
        """Return what the last frames left over."""
        if self._pending is None:
            raise ValueError("no frame was added")
        return self._normalised(self._pending, _REACH - 1)

    def _normalised(self, summed: Samples, blocks: int) -> Samples:
        # a block of HOP samples is covered by the four frames that end with its own number
        square = (self._window.astype(np.float64) ** 2).reshape(_REACH, HOP)
        weights = np.zeros((blocks, HOP))
        for part in range(_REACH):
            frame = self._frame + np.arange(blocks) - part
            weights += np.where((frame >= 0) & (frame < self._frames), 1.0, 0.0)[:, None] * square[part]
        start = self._start
        self._frame += blocks
        self._start += blocks * HOP
        divisor: npt.NDArray[np.float32] = np.maximum(weights.reshape(-1), 1e-8).astype(np.float32)
        out: Samples = summed / divisor
        return out[:, max(0, -start) : max(0, self._total - start)]
