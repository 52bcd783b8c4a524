"""K-weighting after BS.1770-5, Annex 1: the filter at any rate, and its energy per 10 ms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from numba.core.types import Array, float32, float64, int64, void

from controlroom.model.audio import Samples

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

BLOCKS_PER_S = 100
"""Energy is kept per 10 ms, of which every window and hop of the meter is a multiple."""

LOWEST_RATE_HZ = 8000

TABLE_RATE_HZ = 48000
"""Rate of the tables in BS.1770-5, whose response every other rate must have."""

SHELF_HZ = 1681.974450955533
SHELF_DB = 3.999843853973347
SHELF_Q = 0.7071752369554196
SHELF_BAND_EXPONENT = 0.4996667741545416
HIGHPASS_HZ = 38.13547087602444
HIGHPASS_Q = 0.5003270373238773

SURROUND = 1.41
LAYOUT_WEIGHTS: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    5: (1.0, 1.0, 1.0, SURROUND, SURROUND),
    6: (1.0, 1.0, 1.0, 0.0, SURROUND, SURROUND),
}
"""Channel weights in the order of WAV files: L, R, C, (LFE,) Ls, Rs."""

SILENT_STATE = 1e-30
"""Filter states under this (−600 dB) are set to zero: denormal numbers are a hundred times slower."""


@dataclass(frozen=True, slots=True)
class Biquad:
    """A second-order section ``(b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²)``."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float


@dataclass(frozen=True, slots=True)
class KWeighting:
    """The two sections of K-weighting at one rate."""

    shelf: Biquad
    highpass: Biquad


@dataclass(frozen=True, slots=True, eq=False)
class BlockEnergies:
    """K-weighted energy of a sound per 10 ms.

    Parameters
    ----------
    energy : ndarray of float64, shape (blocks,)
        Sum over channels (times their weights) and frames of the squared
        K-weighted samples. Times a gain squared, it is that of the sound under
        a gain that changes little within a block.
    edges : ndarray of int64, shape (blocks + 1,)
        First frame of each block, ``round(k · rate / 100)`` so that nothing
        drifts where 10 ms is no whole number of frames. An incomplete last
        block is left out.
    rate_hz : int
        Sampling rate.
    """

    energy: F64
    edges: I64
    rate_hz: int

    @property
    def frames(self) -> I64:
        """Number of frames of each block."""
        return np.diff(self.edges)


def k_weighting(rate_hz: int) -> KWeighting:
    """Return the filter's coefficients at ``rate_hz``.

    From the analogue prototypes whose bilinear transform gives BS.1770-5's
    tables 1 and 2 at 48 kHz to 1e-15 (constants: De Man 2014, "Evaluation of
    implementations of the EBU R128 loudness measurement"). The table's high-pass
    has a numerator of 1, −2, 1 that is not normalised, a gain of 0.04 dB. The
    Recommendation asks for the same frequency response at other rates, so that
    gain is kept: 1, −2, 1 at every rate, as libebur128 and ffmpeg have it, would
    read 0.004 dB high at 44.1 kHz, 0.02 low at 96 kHz and 0.05 high at 22.05 kHz.
    What remains is the bilinear transform's: within 0.006 dB from 44.1 to
    192 kHz, 0.03 at 22.05 kHz, 0.2 at 8 kHz.

    Raises
    ------
    ValueError
        If ``rate_hz`` is below 8000.
    """
    if rate_hz < LOWEST_RATE_HZ:
        raise ValueError(f"loudness needs a rate of at least {LOWEST_RATE_HZ} Hz, not {rate_hz}")
    k = math.tan(math.pi * SHELF_HZ / rate_hz)
    high = 10 ** (SHELF_DB / 20)
    band = high**SHELF_BAND_EXPONENT
    a0 = 1 + k / SHELF_Q + k * k
    shelf = Biquad(
        b0=(high + band * k / SHELF_Q + k * k) / a0,
        b1=2 * (k * k - high) / a0,
        b2=(high - band * k / SHELF_Q + k * k) / a0,
        a1=2 * (k * k - 1) / a0,
        a2=(1 - k / SHELF_Q + k * k) / a0,
    )
    k = math.tan(math.pi * HIGHPASS_HZ / rate_hz)
    a0 = _highpass_a0(rate_hz)
    b = _highpass_a0(TABLE_RATE_HZ) / a0
    highpass = Biquad(b, -2 * b, b, a1=2 * (k * k - 1) / a0, a2=(1 - k / HIGHPASS_Q + k * k) / a0)
    return KWeighting(shelf, highpass)


def _highpass_a0(rate_hz: int) -> float:
    """Return the high-pass's leading denominator before it is divided away."""
    k = math.tan(math.pi * HIGHPASS_HZ / rate_hz)
    return 1 + k / HIGHPASS_Q + k * k


def block_edges(frames: int, rate_hz: int) -> I64:
    """Return the edges of the complete 10 ms blocks of a sound, in frames, shape (blocks + 1,)."""
    most = frames * BLOCKS_PER_S // rate_hz + 2
    k = np.arange(most, dtype=np.int64)
    # integer rounding, half up: exact at any length
    edges = (2 * k * rate_hz + BLOCKS_PER_S) // (2 * BLOCKS_PER_S)
    return edges[edges <= frames]


def channel_weights(channels: int) -> tuple[float, ...]:
    """Return BS.1770's weights of the usual layouts: mono, stereo, 3.0, 5.0 and 5.1.

    Mono is one channel of weight 1: the same sound on two channels reads
    3.01 dB higher.

    Raises
    ------
    ValueError
        If the layout can't be told from the number of channels.
    """
    if channels not in LAYOUT_WEIGHTS:
        raise ValueError(f"no layout is known for {channels} channels: give their weights")
    return LAYOUT_WEIGHTS[channels]


def heard_weights(channels: int) -> tuple[float, ...]:
    """Return the weights of a sound as it is heard: mono comes from two speakers alike, 3.01 dB above one.

    BS.1770-5 sums channels by power: one channel of weight 2 reads as two that are equal.
    """
    return (2.0,) if channels == 1 else channel_weights(channels)


def _coefficients(k: KWeighting) -> F64:
    """Return the kernel's seven numbers; its high-pass has the numerator 1, −2, 1, so the gain goes to the shelf."""
    gain = k.highpass.b0
    forward = [gain * k.shelf.b0, gain * k.shelf.b1, gain * k.shelf.b2]
    return np.array([*forward, k.shelf.a1, k.shelf.a2, k.highpass.a1, k.highpass.a2])


@njit(
    void(
        Array(float32, 1, "C", readonly=True),
        Array(int64, 1, "C", readonly=True),
        Array(float64, 1, "C", readonly=True),
        float64,
        float64[::1],
    ),
    cache=True,
)
def _add_energies(row: F32, edges: I64, coefficients: F64, weight: float, out: F64) -> None:
    """Add ``weight`` times the K-weighted energy of each block of a channel to ``out``.

    Direct form I in float64; the terms are grouped so that only one product
    and one sum wait for the previous frame.
    """
    b0, b1, b2, a1, a2, c1, c2 = coefficients
    x1 = x2 = u1 = u2 = y1 = y2 = 0.0
    for b in range(out.shape[0]):
        total = 0.0
        for x32 in row[edges[b] : edges[b + 1]]:
            x = float64(x32)
            u = ((b0 * x + (b1 * x1 + b2 * x2)) - a2 * u2) - a1 * u1
            y = (((u - u1) - (u1 - u2)) - c2 * y2) - c1 * y1
            total += y * y
            x2, x1, u2, u1, y2, y1 = x1, x, u1, u, y1, y
        out[b] += weight * total
        if max(abs(x1), abs(x2), abs(u1), abs(u2), abs(y1), abs(y2)) < SILENT_STATE:
            x1 = x2 = u1 = u2 = y1 = y2 = 0.0


def k_weighted_block_energies(
    samples: Samples, rate_hz: int, weights: Sequence[float] | None = None
) -> BlockEnergies:
    """Return the K-weighted energy of a sound per 10 ms.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples; filtered in float64, frame by frame, without a copy.
    rate_hz : int
        Sampling rate, at least 8000.
    weights : sequence of float, optional
        One weight per channel; by default ``channel_weights(channels)``.

    Raises
    ------
    ValueError
        If samples are not two-dimensional, the rate is too low, or the weights
        do not fit the channels.
    """
    if samples.ndim != 2:
        raise ValueError(f"samples must be shaped (channels, frames), not {samples.shape}")
    given = channel_weights(samples.shape[0]) if weights is None else tuple(weights)
    if len(given) != samples.shape[0]:
        raise ValueError(f"{len(given)} weights do not fit {samples.shape[0]} channels")
    coefficients = _coefficients(k_weighting(rate_hz))
    edges = block_edges(samples.shape[1], rate_hz)
    energy = np.zeros(edges.size - 1)
    for row, weight in zip(samples, given, strict=True):
        if weight:
            _add_energies(
                np.ascontiguousarray(row, dtype=np.float32), edges, coefficients, float(weight), energy
            )
    return BlockEnergies(energy, edges, rate_hz)
