"""Word-length reduction: TPDF dither and rounding to 16 or 24 bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio
from controlroom.model.errors import AudioInputError

BLOCK_FRAMES = 1 << 16
"""Frames per block; the dither's sequence is cut at these, so it is part of what a seed means."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantised:
    """A block of integers, interleaved as files want them.

    Attributes
    ----------
    samples : ndarray of int32, shape (frames, channels)
        In steps of the wanted word length.
    over : int
        Samples that did not fit and are held at full scale here.
    """

    samples: npt.NDArray[np.int32]
    over: int


def tpdf(count: int, source: np.random.PCG64) -> npt.NDArray[np.float64]:
    """Draw triangular noise, 2 steps peak to peak.

    The difference of two independent uniform 16-bit numbers, so the mean is
    exactly zero and the values lie in ±(1 − 2⁻¹⁶) steps. Built on the raw
    words of the bit generator, whose sequence NumPy keeps stable for a seed.

    Parameters
    ----------
    count : int
        How many values.
    source : PCG64
        Advanced by ⌈count / 2⌉ words.

    Returns
    -------
    ndarray of float64, shape (count,)
        In steps (LSB); variance 1/6.
    """
    words = np.atleast_1d(source.random_raw((count + 1) // 2)).astype("<u8", copy=False)
    halves = words.view("<u2").reshape(-1, 2).astype(np.int32)
    return (halves[:count, 0] - halves[:count, 1]).astype(np.float64) * np.float64(2.0**-16)


def quantise(samples: npt.NDArray[np.float32], bits: int, source: np.random.PCG64 | None = None) -> Quantised:
    """Round samples to integers, with TPDF dither or without.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Full scale ±1.0.
    bits : int
        16 or 24; anything from 2 to 24 works.
    source : PCG64 or None
        Where the dither comes from; None rounds only, which is right when
        the samples already lie on the grid.

    Returns
    -------
    Quantised
        ``round(x · 2^(bits−1) + d)``, computed in float64, halves to even.

    Notes
    -----
    TPDF of 2 LSB makes mean and variance of the total error independent of
    the signal (Lipshitz, Wannamaker, Vanderkooy, JAES 40(5), 1992).
    """
    steps = samples.T.astype(np.float64) * 2.0 ** (bits - 1)
    if source is not None:
        steps += tpdf(steps.size, source).reshape(steps.shape)
    np.rint(steps, out=steps)
    low, high = -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1
    over = int(np.count_nonzero((steps < low) | (steps > high)))
    if over:
        np.clip(steps, low, high, out=steps)
    return Quantised(np.ascontiguousarray(steps, dtype=np.int32), over)


def quantised_blocks(audio: Audio, bits: int, dither_seed: int | None) -> Iterator[npt.NDArray[np.int32]]:
    """Yield a sound as integer blocks, and refuse to clip.

    Parameters
    ----------
    audio : Audio
        What is to be written.
    bits : int
        16 or 24.
    dither_seed : int or None
        The same sound and seed give the same integers. None: no dither.

    Yields
    ------
    ndarray of int32, shape (≤ BLOCK_FRAMES, channels)

    Raises
    ------
    AudioInputError
        ``encode.over-full-scale``, after the last block, with the count and
        the peak: nothing is ever clipped in silence.
    """
    source = None if dither_seed is None else np.random.PCG64(dither_seed)
    over = 0
    for start in range(0, audio.frames, BLOCK_FRAMES):
        block = quantise(audio.samples[:, start : start + BLOCK_FRAMES], bits, source)
        over += block.over
        yield block.samples
    if over:
        peak = max(float(audio.samples.max()), -float(audio.samples.min()))
        raise AudioInputError(
            "encode.over-full-scale",
            f"{over} samples do not fit into {bits} bits (peak {20 * np.log10(peak):+.2f} dBFS)",
            "lower the level or limit it first, or write 32-bit float",
        )
