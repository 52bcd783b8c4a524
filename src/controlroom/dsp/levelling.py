"""Slow gains: from what each analysis frame asks for to a curve that moves gently, without delay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controlroom.dsp.gain_curve import sliding_max, smoothed
from controlroom.dsp.spectrum import Floats, Mask, Singles, decibels


def curve_of_frames(frames: Floats, hop_s: float, node_s: float, hold_s: float, bell_s: float) -> Floats:
    """Return curves over time at nodes from values per analysis frame, held and then rounded by a bell.

    Parameters
    ----------
    frames : ndarray, shape (frames, bands)
        Values ≥ 0 of Hann frames of two hops; frame n is centred at (n + 1)·hop.
    hop_s, node_s : float
        Distance of frames, and of the nodes that are returned; node 0 is at 0 s.
    hold_s : float
        The greatest value within this time on either side counts.
    bell_s : float
        Length of the bell, three moving averages: nothing in the curve is
        quicker, and 3/bell_s hertz is its first zero.

    Returns
    -------
    ndarray of float64, shape (nodes, bands)
        To one hop past the last frame's end.
    """
    count, bands = frames.shape
    nodes = int(np.ceil((count + 2) * hop_s / node_s)) + 1
    at = np.arange(nodes) * node_s
    centres = (np.arange(count) + 1.0) * hop_s
    hold, bell = round(hold_s / node_s), max(1, round(bell_s / node_s))
    out = np.empty((nodes, bands))
    for band in range(bands):
        curve = np.interp(at, centres, frames[:, band]) if count else np.zeros(nodes)
        curve = sliding_max(np.ascontiguousarray(curve), hold, hold) if hold else curve
        out[:, band] = smoothed(curve, bell)
    return out


@dataclass(frozen=True, slots=True)
class LevellingTimes:
    """What a leveller listens to.

    Parameters
    ----------
    window_s : float
        The level is that of so long around each moment, within its phrase.
    gap_s : float
        A silence of so long parts two phrases (or notes).
    lead_s : float
        A phrase's gain is there so long before it, and stays so long after.
    """

    window_s: float
    gap_s: float
    lead_s: float


def levelled_db(power: Floats, sounds: Mask, hop_s: float, times: LevellingTimes) -> Floats:
    """Return the gain that brings each moment's level to the median of all, in dB per frame.

    Only sounding frames are measured, over a window that does not reach across
    a gap. Far from any sound the gain is the nearest phrase's, but no boost.

    Parameters
    ----------
    power : ndarray, shape (frames,)
        Mean square per frame.
    sounds : ndarray of bool, shape (frames,)
        Frames that count.
    hop_s : float
        Distance of frames.
    """
    at = np.flatnonzero(sounds)
    if at.size == 0:
        return np.zeros(power.size)
    phrase = np.concatenate([[0], np.cumsum(np.diff(at) * hop_s > times.gap_s)])
    starts = np.searchsorted(phrase, phrase, side="left")
    ends = np.searchsorted(phrase, phrase, side="right")
    half = max(1, round(times.window_s / hop_s / 2))
    low = np.maximum(starts, np.searchsorted(at, at - half, side="left"))
    high = np.minimum(ends, np.searchsorted(at, at + half, side="right"))
    sums = np.concatenate([[0.0], np.cumsum(power[at])])
    level = decibels((sums[high] - sums[low]) / (high - low))
    frames = np.arange(power.size)
    # half-way between two phrases the nearer one counts: a ramp there would start inside neither
    nearest = np.clip(np.searchsorted(0.5 * (at[1:] + at[:-1]), frames), 0, at.size - 1)
    wanted = (np.median(level) - level)[nearest]
    away = np.abs(frames - at[nearest]) * hop_s > times.lead_s
    return np.where(away, np.minimum(wanted, 0.0), wanted)


def at_nodes(values: Floats, hop_s: float, times_s: Floats, bell_s: float) -> Singles:
    """Return a curve of Hann frames (frame n is centred at (n + 1)·hop) at evenly spaced times, rounded by a bell."""
    if values.size == 0 or times_s.size == 0:
        return np.zeros(times_s.size, dtype=np.float32)
    curve = np.interp(times_s, (np.arange(values.size) + 1.0) * hop_s, values)
    step_s = float(times_s[1] - times_s[0]) if times_s.size > 1 else bell_s
    return smoothed(curve, max(1, round(bell_s / step_s))).astype(np.float32)
