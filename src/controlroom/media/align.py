"""How much later one sound is than another: encoder delays, exported stems."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

from controlroom.model.audio import Audio

_WINDOW_FRAMES = 1 << 18


def delay_frames(reference: Audio, other: Audio, max_delay_frames: int = 8_192) -> int:
    """Measure a constant delay by cross-correlation.

    The correlation over the loudest stretch of the reference (up to 2¹⁸
    frames) is summed over channels, so that out-of-phase stereo counts too,
    and normalised by nothing: its highest value is the delay at which the
    other sound projects most onto the reference. Codecs delay by whole frames.

    Parameters
    ----------
    reference, other : Audio
        At the same rate; channels may differ (then both are folded to mono).
    max_delay_frames : int
        Searched in both directions.

    Returns
    -------
    int
        Frames; positive when `other` is later: ``other[n + delay]`` goes
        with ``reference[n]``.

    Raises
    ------
    ValueError
        If the rates differ.
    """
    if reference.rate_hz != other.rate_hz:
        raise ValueError(f"rates differ: {reference.rate_hz} and {other.rate_hz} Hz")
    one, two = reference.samples, other.samples
    if one.shape[0] != two.shape[0]:
        one, two = one.mean(axis=0, keepdims=True), two.mean(axis=0, keepdims=True)
    start = _loudest(one)
    piece = one[:, start : start + _WINDOW_FRAMES].astype(np.float64)
    # the same stretch of the other, with room for the delay on both sides
    want = np.arange(start - max_delay_frames, start + piece.shape[1] + max_delay_frames)
    around = np.zeros((two.shape[0], want.size))
    inside = (want >= 0) & (want < two.shape[1])
    around[:, inside] = two[:, want[inside]]
    size = fft.next_fast_len(want.size + piece.shape[1], real=True)
    product = fft.rfft(around, size) * np.conj(fft.rfft(piece, size))
    correlation = fft.irfft(product.sum(axis=0), size)[: 2 * max_delay_frames + 1]
    return int(np.argmax(correlation)) - max_delay_frames


def _loudest(samples: npt.NDArray[np.float32]) -> int:
    """Return where the stretch with the most energy begins."""
    from scipy import signal  # late: it brings scipy.stats along, a second of CPU

    hop = _WINDOW_FRAMES // 4
    if samples.shape[1] <= _WINDOW_FRAMES:
        return 0
    starts = np.arange(0, samples.shape[1], hop)
    energy = np.add.reduceat(np.einsum("cf,cf->f", samples, samples, dtype=np.float64), starts)
    windows = signal.lfilter(np.ones(4), [1.0], energy)[3:]
    return int(np.argmax(windows)) * hop


def shifted(other: Audio, delay: int, frames: int) -> Audio:
    """Undo a delay and fit a length, with silence where there is nothing.

    Parameters
    ----------
    other : Audio
        The late (or early) sound.
    delay : int
        What `delay_frames` measured.
    frames : int
        Length of the result.

    Returns
    -------
    Audio
        ``result[n] = other[n + delay]``.
    """
    result = np.zeros((other.channels, frames), np.float32)
    first, last = max(0, -delay), min(frames, other.frames - delay)
    if last > first:
        result[:, first:last] = other.samples[:, first + delay : last + delay]
    return Audio(result, other.rate_hz)
