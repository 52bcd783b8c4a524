"""The loudness meter: BS.1770-5, EBU Tech 3341 and Tech 3342 over one sound.

Two passes over the samples, neither of which copies them: K-weighted energy
per 10 ms, and true peak per 50 ms. Everything else is made from those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.k_weighting import BLOCKS_PER_S, BlockEnergies, k_weighted_block_energies
from controlroom.dsp.oversampling import block_peaks
from controlroom.model.audio import Samples
from controlroom.model.render import LoudnessFacts

F64 = npt.NDArray[np.float64]

OFFSET_LUFS = -0.691
"""BS.1770-5, equation 2: what K-weighting adds at 997 Hz, taken off."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0

MOMENTARY_BLOCKS = 40
SHORT_TERM_BLOCKS = 300
MOMENTARY_HOP_BLOCKS = 2
SHORT_TERM_HOP_BLOCKS = 5
GATING_HOP_BLOCKS = 10
"""In blocks of 10 ms. Maxima need hops of 20 and 50 ms to keep Tech 3341's ±0.1 LU (cases 10 to 14)."""

GAIN_PASSES = 8
GAIN_SETTLED_DB = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Loudness:
    """What the meter reads of one sound.

    Where nothing can be read (a sound shorter than the window, or silent),
    levels in LUFS, dBFS and dBTP are −inf, and ranges and ratios are NaN.

    Parameters
    ----------
    integrated_lufs : float
        Programme loudness over both gates (BS.1770-5, Annex 1).
    loudness_range_lu : float
        Tech 3342: 95th minus 10th percentile of the gated short-term loudness;
        has little meaning for less than a minute of sound.
    momentary_lufs, short_term_lufs : ndarray of float64
        Ungated loudness of 400 ms and 3 s windows; value ``i`` is of the window
        that starts at ``i · hop_s`` and is complete.
    momentary_hop_s, short_term_hop_s : float
        Time between values: 0.02 and 0.05 s.
    momentary_max_lufs, short_term_max_lufs : float
        Their maxima.
    true_peak_dbtp, sample_peak_dbfs : float
        Of all channels; the true peak at 8 points per sample interval.
    psr_db : ndarray of float64
        True peak inside each short-term window minus its loudness (AES 2017,
        Shepherd et al.); NaN where that is at −70 LUFS or below.
    plr_db, psr_p5_db, psr_min_db : float
        True peak minus integrated loudness; 5th percentile and minimum of ``psr_db``.
    duration_s : float
        Length of the sound.
    """

    integrated_lufs: float
    loudness_range_lu: float
    momentary_lufs: F64
    short_term_lufs: F64
    momentary_hop_s: float
    short_term_hop_s: float
    momentary_max_lufs: float
    short_term_max_lufs: float
    true_peak_dbtp: float
    sample_peak_dbfs: float
    psr_db: F64
    plr_db: float
    psr_p5_db: float
    psr_min_db: float
    duration_s: float

    def facts(self) -> LoudnessFacts:
        """Return the readings without the curves, for a ledger or a report; None where nothing could be read."""
        readings = {name: getattr(self, name) for name in LoudnessFacts.model_fields}
        return LoudnessFacts(
            **{name: value if math.isfinite(value) else None for name, value in readings.items()}
        )


def measure(
    samples: Samples, rate_hz: int, *, weights: Sequence[float] | None = None, factor: int = 8
) -> Loudness:
    """Read everything the meter knows of one sound.

    A mono sound is measured as one channel, as a console's meter on one
    speaker would: the same samples on two channels read 3.01 dB higher.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples, full scale ±1.
    rate_hz : int
        Sampling rate, at least 8000.
    weights : sequence of float, optional
        BS.1770's weight of each channel; by default those of mono, stereo,
        3.0, 5.0 and 5.1 in the order of WAV files.
    factor : int
        Points per sample interval for the true peak.

    Raises
    ------
    ValueError
        If the shape, the rate, the weights or the factor are off.
    """
    blocks = k_weighted_block_energies(samples, rate_hz, weights)
    momentary = window_loudness(blocks, MOMENTARY_BLOCKS, MOMENTARY_HOP_BLOCKS)
    short_term = window_loudness(blocks, SHORT_TERM_BLOCKS, SHORT_TERM_HOP_BLOCKS)
    edges = blocks.edges[::SHORT_TERM_HOP_BLOCKS]
    # the frames behind the last whole block have a peak too
    peaks = block_peaks(samples, np.append(edges, samples.shape[1]), factor).astype(np.float64)
    psr = _peak_to_short_term(peaks, short_term)
    heard = psr[np.isfinite(psr)]
    integrated = integrated_from_energies(blocks)
    true_peak_dbtp = float(_db(peaks.max(initial=0.0)))
    return Loudness(
        integrated_lufs=integrated,
        loudness_range_lu=loudness_range(short_term[:: GATING_HOP_BLOCKS // SHORT_TERM_HOP_BLOCKS]),
        momentary_lufs=momentary,
        short_term_lufs=short_term,
        momentary_hop_s=MOMENTARY_HOP_BLOCKS / BLOCKS_PER_S,
        short_term_hop_s=SHORT_TERM_HOP_BLOCKS / BLOCKS_PER_S,
        momentary_max_lufs=float(momentary.max(initial=-math.inf)),
        short_term_max_lufs=float(short_term.max(initial=-math.inf)),
        true_peak_dbtp=true_peak_dbtp,
        sample_peak_dbfs=float(_db(_sample_peak(samples))),
        psr_db=psr,
        plr_db=true_peak_dbtp - integrated if math.isfinite(integrated) else math.nan,
        psr_p5_db=nearest_rank(heard, 5.0),
        psr_min_db=nearest_rank(heard, 0.0),
        duration_s=samples.shape[1] / rate_hz,
    )


def window_loudness(blocks: BlockEnergies, window: int, hop: int, gain: F64 | float = 1.0) -> F64:
    """Return the ungated loudness of sliding windows, in LUFS.

    Parameters
    ----------
    blocks : BlockEnergies
        Energy per 10 ms.
    window, hop : int
        Length and hop in blocks. Incomplete windows at the end are left out.
    gain : float or ndarray of float64, shape (blocks,)
        Linear gain on each block.

    Returns
    -------
    ndarray of float64, shape (windows,)
        −inf where the window is silent.
    """
    if blocks.energy.size < window:
        return np.empty(0)
    energy = blocks.energy * np.square(gain)
    # summed window by window: a running sum would leave its rounding behind in silence
    sums = np.lib.stride_tricks.sliding_window_view(energy, window)[::hop].sum(axis=1)
    frames = (blocks.edges[window:] - blocks.edges[:-window])[::hop]
    return _lufs(sums / frames)


def integrated_from_energies(blocks: BlockEnergies, gain: F64 | float = 1.0) -> float:
    """Return the integrated loudness over both gates, in LUFS (BS.1770-5, Annex 1, equations 3 to 7).

    Parameters
    ----------
    blocks : BlockEnergies
        Energy per 10 ms, from ``k_weighted_block_energies``.
    gain : float or ndarray of float64, shape (blocks,)
        Linear gain on each block, so that a plan can be heard before it is
        carried out; exact for a constant, and as close as the gain is constant
        within each 10 ms.

    Returns
    -------
    float
        −inf if no 400 ms block is above −70 LUFS.
    """
    loudness = window_loudness(blocks, MOMENTARY_BLOCKS, GATING_HOP_BLOCKS, gain)
    above = loudness[loudness > ABSOLUTE_GATE_LUFS]
    if not above.size:
        return -math.inf
    gate = _mean_lufs(above) + RELATIVE_GATE_LU
    return _mean_lufs(above[above > gate])


def gain_to(blocks: BlockEnergies, target_lufs: float) -> float:
    """Return the static gain in dB that brings the integrated loudness to a target.

    More than ``target − integrated`` only where blocks near −70 LUFS pass the
    absolute gate under one gain and not under the other.

    Raises
    ------
    ValueError
        If no gain can be told: nothing is above the absolute gate.
    """
    gain_db = 0.0
    for _ in range(GAIN_PASSES):
        integrated = integrated_from_energies(blocks, 10 ** (gain_db / 20))
        if not math.isfinite(integrated):
            raise ValueError("no 400 ms block is above -70 LUFS: there is no loudness to bring to a target")
        step_db = target_lufs - integrated
        gain_db += step_db
        if abs(step_db) < GAIN_SETTLED_DB:
            break
    return gain_db


def loudness_range(short_term_lufs: F64) -> float:
    """Return the loudness range in LU after EBU Tech 3342.

    Parameters
    ----------
    short_term_lufs : ndarray of float64
        Short-term loudness with windows of 3 s and a hop of at most 100 ms.

    Returns
    -------
    float
        P95 − P10 of the values above −70 LUFS and above their power mean less
        20 LU; NaN if there are none.

    Notes
    -----
    ``measure`` appends no silence: with the 1.5 s that Tech 3342 suggests for
    files, a song cut off at full level reads up to 0.3 LU wider, because the
    last windows see half of the silence; libebur128 and ffmpeg append none.
    """
    above = short_term_lufs[short_term_lufs > ABSOLUTE_GATE_LUFS]
    if not above.size:
        return math.nan
    kept = above[above > _mean_lufs(above) + RANGE_GATE_LU]
    return nearest_rank(kept, 95.0) - nearest_rank(kept, 10.0)


def nearest_rank(values: F64, percent: float) -> float:
    """Return a percentile as Tech 3342 takes it: index round((n − 1)·p/100) of the sorted values; NaN of none."""
    if not values.size:
        return math.nan
    return float(np.sort(values)[math.floor((values.size - 1) * percent / 100 + 0.5)])


def _peak_to_short_term(peaks: F64, short_term: F64) -> F64:
    """Return the true peak inside each short-term window minus its loudness, in dB."""
    if not short_term.size:
        return np.empty(0)
    window = SHORT_TERM_BLOCKS // SHORT_TERM_HOP_BLOCKS
    highest = np.lib.stride_tricks.sliding_window_view(peaks, window).max(axis=1)[: short_term.size]
    heard = short_term > ABSOLUTE_GATE_LUFS
    return np.where(heard, _db(highest) - np.where(heard, short_term, 0.0), np.nan)


def _sample_peak(samples: Samples) -> float:
    """Return the greatest magnitude among the samples, without a copy."""
    return max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))


def _mean_lufs(loudness: F64) -> float:
    """Return the loudness of the mean power."""
    return 10 * math.log10(float(np.mean(10 ** (loudness / 10))))


def _lufs(power: F64) -> F64:
    """Return K-weighted power as loudness."""
    with np.errstate(divide="ignore"):
        return OFFSET_LUFS + 10 * np.log10(power)


def _db(magnitude: F64 | float) -> F64:
    """Return a magnitude in dB, −inf for 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(20 * np.log10(magnitude))
