"""The true-peak mastering limiter: one gain for the whole song, known before any sample is touched.

1. ``peak_map`` reads how high the wave rises in each quarter of a millisecond
   (8 points per interval, both neighbours of each sample).
2. ``reduction_nodes`` (``dsp.gain_curve``) turns what passes the ceiling into a
   smooth reduction with zero latency: short symmetric bells for what stands
   out, a slow level for what lasts.
3. The output is read again at 32 points per interval wherever it comes near
   the ceiling; where it is over, the peak is known better now, and 2. is done
   again. If passes run out, a static trim takes the rest: the ceiling always holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.gain_curve import CurveTimes, node_frames, reduction_nodes, sliding_max, spline_gain
from controlroom.dsp.oversampling import interval_peaks
from controlroom.dsp.peak_check import BRIGHT_WEIGHT, brightness, read_blocks
from controlroom.dsp.soft_clip import soft_clip
from controlroom.model.audio import Samples

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]

MARGIN_DB = 0.01
"""The gain aims this far under the ceiling, so that few blocks need a second pass."""

PASSES = 5

NEAR_CEILING = 0.97
"""Blocks whose 8-point peak comes this near are read at 32 points: between 8 points, 1/cos(π/16) = 2 % may hide."""

DOUBT = 0.985
"""Readings this near the ceiling are checked with the long interpolator."""

SOUNDING_DBFS = -70.0
SOUNDING_S = 0.2
"""Reductions are counted where some peak within this time is above this level."""


@dataclass(frozen=True, slots=True)
class LimiterSettings:
    """Knobs of the limiter.

    Parameters
    ----------
    ceiling_dbtp : float
        No interpolated peak passes this.
    look_ahead_ms : float
        Length of a bell on either side of an isolated peak, 0.5 to 20.
    release_ms : float
        Time constant (in dB) with which a peak's reduction is let go beyond
        its bell; 0 for none, which is a release as short as the attack.
    bridge_ms : float
        Peaks nearer than this share one bell; must outlast half a period of
        the lowest tone whose cycles are not to be followed while its level is new.
    sustain_ms : float
        What needs reduction for longer than this is reduced slowly; 0 switches the slow stage off.
    sustain_bridge_ms : float
        Gap between peaks that still counts as lasting; one period of the lowest bass.
    sustain_attack_ms : float
        Length of the slow stage's transitions, ahead of the level and behind it.
    sustain_release_ms : float
        Time constant (in dB) with which the slow stage is let go.
    link : float
        1: all channels share one gain, and the image stays; 0: each has its own.
    oversampling : int
        Points per interval of the detector, at least 8.
    clip_above_db : float or None
        For ``clipped`` and ``limit``: tops are softly clipped towards this far above the
        ceiling before the limiter sees them, so that it rarely has more than that to
        take off. None, the default: no clipping. ``limiter_gain`` itself never clips.
    """

    ceiling_dbtp: float = -1.0
    look_ahead_ms: float = 2.0
    release_ms: float = 0.0
    bridge_ms: float = 5.0
    sustain_ms: float = 400.0
    sustain_bridge_ms: float = 25.0
    sustain_attack_ms: float = 40.0
    sustain_release_ms: float = 150.0
    link: float = 1.0
    oversampling: int = 8
    clip_above_db: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.ceiling_dbtp) and self.look_ahead_ms > 0 and 0 <= self.link <= 1):
            raise ValueError(f"ceiling must be finite, look-ahead positive, link between 0 and 1: {self}")
        times = (self.release_ms, self.bridge_ms, self.sustain_ms, self.sustain_bridge_ms)
        if min(*times, self.sustain_attack_ms, self.sustain_release_ms) < 0:
            raise ValueError(f"times can't be negative: {self}")
        if self.oversampling < 8:
            raise ValueError(f"oversampling must be at least 8, not {self.oversampling}")

    @property
    def times(self) -> CurveTimes:
        """The times of the gain curve."""
        return CurveTimes(
            look_ahead_ms=self.look_ahead_ms,
            release_ms=self.release_ms,
            bridge_ms=self.bridge_ms,
            sustain_ms=self.sustain_ms,
            sustain_bridge_ms=self.sustain_bridge_ms,
            sustain_attack_ms=self.sustain_attack_ms,
            sustain_release_ms=self.sustain_release_ms,
        )


@dataclass(frozen=True, slots=True, eq=False)
class PeakMap:
    """How high a sound rises, per channel and block: all that a gain is computed from.

    Parameters
    ----------
    peaks : ndarray of float64, shape (channels, blocks)
        Linear true peak of each block and the intervals it shares with its neighbours.
    bright : ndarray of float64, shape (channels, blocks)
        Peak of what lies near half the rate, where interpolators differ.
    width : int
        Frames per block.
    frames, rate_hz : int
        Length and rate of the sound.
    """

    peaks: F64
    bright: F64
    width: int
    frames: int
    rate_hz: int

    @property
    def node_ms(self) -> float:
        """Length of a block in milliseconds."""
        return 1000.0 * self.width / self.rate_hz


@dataclass(frozen=True, slots=True)
class Reduction:
    """Percentiles of the gain reduction in dB, positive.

    Taken over the quarter milliseconds in which the sound, after the pre-gain,
    peaks above −70 dBFS within 0.4 s: pauses and fades to nothing do not count. 0 for silence.
    """

    p50_db: float
    p95_db: float
    max_db: float


@dataclass(frozen=True, slots=True, eq=False)
class LimiterGain:
    """The gain of a whole sound.

    Parameters
    ----------
    gain : ndarray of float32, shape (frames,) or (channels, frames)
        Linear, pre-gain included; one row for all channels when they are linked.
        Exactly the pre-gain (1 without one) where nothing is reduced.
    reduction : Reduction
        How much is taken off beyond the pre-gain, by the channel that is reduced most.
    true_peak_dbtp : float
        Greatest peak found: read at 32 points where it came near the ceiling, else
        an estimate of the detector's (8 points); −inf for silence.
    trim_db : float
        Static gain the last pass had to add, ≤ 0; 0 unless the input is pathological.
    passes : int
        How often the curve was computed.
    """

    gain: F32
    reduction: Reduction
    true_peak_dbtp: float
    trim_db: float
    passes: int


def peak_map(samples: Samples, rate_hz: int, oversampling: int = 8) -> PeakMap:
    """Read a sound's peaks once; every level and setting can be tried on the result.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples.
    rate_hz : int
        Sampling rate.
    oversampling : int
        Points per interval.

    Raises
    ------
    ValueError
        If samples are not two-dimensional, or the rate is not positive.
    """
    if samples.ndim != 2 or rate_hz <= 0:
        raise ValueError(
            f"need samples shaped (channels, frames) and a rate, not {samples.shape} at {rate_hz}"
        )
    channels, frames = samples.shape
    width = node_frames(rate_hz)
    blocks = -(-frames // width)
    peaks = np.zeros((channels, blocks))
    bright = np.zeros((channels, blocks))
    starts = np.arange(0, frames, width)
    for c in range(channels if frames else 0):
        row = np.ascontiguousarray(samples[c], dtype=np.float32)
        peaks[c] = np.maximum.reduceat(interval_peaks(row[np.newaxis], oversampling), starts)
        bright[c] = sliding_max(brightness(row, width), _bright_reach(width), _bright_reach(width))
    return PeakMap(peaks, bright, width, frames, rate_hz)


def _bright_reach(width: int) -> int:
    """Return how many blocks the detector's taps reach."""
    return 1 + 20 // width


def planned_reduction(peaks: PeakMap, settings: LimiterSettings, pre_gain_db: float) -> F64:
    """Return the reduction in dB at each node, shape (1 or channels, blocks): cheap, and not yet verified."""
    return _nodes(peaks.peaks, peaks.node_ms, settings, pre_gain_db)


def _nodes(peaks: F64, node_ms: float, settings: LimiterSettings, pre_gain_db: float) -> F64:
    over_db = settings.ceiling_dbtp - MARGIN_DB - pre_gain_db
    linked = _need(peaks.max(axis=0), over_db)
    if settings.link == 1 or peaks.shape[0] == 1:
        return reduction_nodes(linked, node_ms, settings.times)[np.newaxis]
    need = _need(peaks, over_db)
    mixed = settings.link * linked + (1 - settings.link) * need
    return np.stack([reduction_nodes(row, node_ms, settings.times) for row in mixed])


def _need(peaks: F64, over_db: float) -> F64:
    """Return by how many dB peaks pass a level, 0 where they do not."""
    return np.asarray(20 * np.log10(np.maximum(peaks * 10 ** (-over_db / 20), 1.0)))


def limiter_gain(
    samples: Samples,
    rate_hz: int,
    settings: LimiterSettings,
    pre_gain_db: float = 0.0,
    peaks: PeakMap | None = None,
) -> LimiterGain:
    """Return the gain that brings a sound under the ceiling on every meter.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Finite samples; not changed.
    rate_hz : int
        Sampling rate.
    settings : LimiterSettings
        Knobs.
    pre_gain_db : float
        Static gain before the limiter, part of the returned gain.
    peaks : PeakMap, optional
        The sound's ``peak_map``, when it is known already.

    Returns
    -------
    LimiterGain
        With it, ``true_peak_reference(apply_gain(samples, gain.gain), 32)`` is at
        most 0.01 dB above the ceiling.

    Raises
    ------
    ValueError
        If the samples' shape or the rate is off, or the pre-gain is not finite.
    """
    if not math.isfinite(pre_gain_db):
        raise ValueError(f"pre_gain_db must be finite, not {pre_gain_db}")
    seen = peaks or peak_map(samples, rate_hz, settings.oversampling)
    pre_gain = 10 ** (pre_gain_db / 20)
    ceiling = 10 ** (settings.ceiling_dbtp / 20)
    known = seen.peaks.copy()
    nodes = np.full((1, known.shape[1]), -1.0)
    readings = np.zeros_like(known)
    for passes in range(1, PASSES + 1):  # noqa: B007 -- told in the result
        before, nodes = nodes, _nodes(known, seen.node_ms, settings, pre_gain_db)
        rows = [spline_gain(row, seen.width, seen.frames, pre_gain) for row in nodes]
        gain = rows[0][np.newaxis] if len(rows) == 1 else np.stack(rows)
        _read_again(samples, gain, seen, before, nodes, pre_gain, ceiling, readings)
        over = readings > ceiling
        if not over.any():
            break
        deepest = pre_gain * 10 ** (-_widest(nodes, 1) / 20)
        known = np.where(over, np.maximum(known, readings / np.broadcast_to(deepest, known.shape)), known)
    return _told(gain, nodes, seen, readings, settings, pre_gain_db, passes)


def _widest(nodes: F64, reach: int) -> F64:
    """Return the greatest of each node and its neighbours, per row."""
    return np.stack([sliding_max(row, reach, reach) for row in nodes])


def _read_again(
    samples: Samples,
    gain: F32,
    seen: PeakMap,
    before: F64,
    nodes: F64,
    pre_gain: float,
    ceiling: float,
    readings: F64,
) -> None:
    """Update ``readings`` where the gain has changed and the output comes near the ceiling."""
    loudest_gain = pre_gain * 10 ** (_widest(-nodes, 1) / 20)
    changed = np.broadcast_to(_widest(np.abs(nodes - before), 1) > 0, readings.shape)
    bright = BRIGHT_WEIGHT * loudest_gain * seen.bright
    near = changed & (loudest_gain * seen.peaks + bright > NEAR_CEILING * ceiling)
    for c in range(readings.shape[0]):
        blocks = np.flatnonzero(near[c])
        row = np.ascontiguousarray(samples[c], dtype=np.float32)
        doubt = np.maximum(DOUBT * ceiling - bright[c], 0.0)
        found = read_blocks(row, gain[min(c, gain.shape[0] - 1)], blocks, seen.width, doubt, ceiling)
        readings[c, changed[c]] = found[changed[c]]


def _told(
    gain: F32,
    nodes: F64,
    seen: PeakMap,
    readings: F64,
    settings: LimiterSettings,
    pre_gain_db: float,
    passes: int,
) -> LimiterGain:
    """Return the result: a last trim if the ceiling is still passed, and what was reduced."""
    ceiling = 10 ** (settings.ceiling_dbtp / 20)
    pre_gain = 10 ** (pre_gain_db / 20)
    read = float(readings.max(initial=0.0))
    trim = min(1.0, ceiling / read) if read > 0 else 1.0
    if trim < 1.0:
        gain = gain * np.float32(trim)
    elsewhere = float((seen.peaks * pre_gain * 10 ** (-nodes / 20))[readings == 0].max(initial=0.0))
    top = trim * max(read, elsewhere)
    stats = reduction_stats(nodes.max(axis=0) - 20 * math.log10(trim), seen, pre_gain_db)
    return LimiterGain(
        gain=gain[0] if settings.link == 1 or gain.shape[0] == 1 else gain,
        reduction=stats,
        true_peak_dbtp=20 * math.log10(top) if top > 0 else -math.inf,
        trim_db=20 * math.log10(trim),
        passes=passes,
    )


def reduction_stats(reduction_db: F64, seen: PeakMap, pre_gain_db: float) -> Reduction:
    """Return the percentiles of a reduction over the nodes where the sound is heard; see ``Reduction``."""
    if not seen.peaks.size:
        return Reduction(0.0, 0.0, 0.0)
    reach = round(1000 * SOUNDING_S / seen.node_ms)
    # on the greatest peak of each SOUNDING_S: a gate needs no finer grid
    starts = np.arange(0, reduction_db.size, reach)
    top = sliding_max(np.maximum.reduceat(seen.peaks.max(axis=0), starts).astype(np.float64), 1, 1)
    heard = np.repeat(top > 10 ** ((SOUNDING_DBFS - pre_gain_db) / 20), reach)[: reduction_db.size]
    active = reduction_db if heard.all() else reduction_db[heard]
    if not active.size:
        return Reduction(0.0, 0.0, 0.0)
    p50, p95 = np.percentile(active, [50, 95])
    return Reduction(float(p50), float(p95), float(active.max()))


def apply_gain(samples: Samples, gain: F32) -> Samples:
    """Return ``samples`` times ``gain``, which is shaped (frames,) or like the samples; float32."""
    return samples * gain


def clipped(samples: Samples, settings: LimiterSettings, pre_gain_db: float = 0.0) -> Samples:
    """Return the sound as the limiter should get it: its tops softly clipped if the settings ask for it.

    The clipper works at the level after the pre-gain; the result is still before it.
    """
    if settings.clip_above_db is None:
        return samples
    return soft_clip(samples, settings.ceiling_dbtp + settings.clip_above_db - pre_gain_db)


def limit(samples: Samples, rate_hz: int, settings: LimiterSettings, pre_gain_db: float = 0.0) -> Samples:
    """Return the sound driven by ``pre_gain_db``, clipped if asked for, and limited; see ``limiter_gain``."""
    source = clipped(samples, settings, pre_gain_db)
    return apply_gain(source, limiter_gain(source, rate_hz, settings, pre_gain_db).gain)
