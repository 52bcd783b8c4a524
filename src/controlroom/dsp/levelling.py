"""Slow gains: from what each analysis frame asks for to a curve that moves gently, without delay."""

from __future__ import annotations

import numpy as np

from controlroom.dsp.gain_curve import sliding_max, smoothed
from controlroom.dsp.spectrum import Floats


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
