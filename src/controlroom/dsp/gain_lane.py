"""A gain that moves over a song, kept on a coarse grid and drawn out block by block.

A processor works its whole gain curve out in ``prepare``, at a node per
millisecond or so, and asks for the samples of each block when that comes: a
song of 3.5 minutes is a megabyte instead of forty, and a block has the same
gain whichever excerpt it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.spectrum import Floats

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class GainLane:
    """Gains in dB at nodes ``width_frames`` apart; node k stands at frame (k + ½)·width.

    Parameters
    ----------
    nodes_db : ndarray of float32, shape (nodes,)
        Beyond both ends the outer nodes are held; no nodes are 0 dB.
    width_frames : int
        Frames per node, > 0.
    """

    nodes_db: Singles
    width_frames: int

    def over(self, start_frame: int, frames: int) -> Singles:
        """Return the linear gain of ``frames`` frames from ``start_frame`` (negative before the sound).

        A quadratic B-spline through the nodes: the curve and its slope are
        continuous, and it never leaves the range of its nodes.
        """
        if self.nodes_db.size == 0 or frames <= 0:
            return np.ones(max(0, frames), dtype=np.float32)
        width = self.width_frames
        first, last = start_frame // width, (start_frame + frames - 1) // width
        count = self.nodes_db.size
        near = np.clip(np.arange(first - 1, last + 2), 0, count - 1)
        gain = (10.0 ** (self.nodes_db[near].astype(np.float64) / 20.0)).astype(np.float32)
        at = ((np.arange(width) + 0.5) / width).astype(np.float32)
        before, after = 0.5 * (1.0 - at) ** 2, 0.5 * at**2
        drawn = (gain[:-2] - gain[1:-1])[:, None] * before
        drawn += (gain[2:] - gain[1:-1])[:, None] * after
        drawn += gain[1:-1, None]  # where the nodes are alike it is their gain, exactly
        skip = start_frame - first * width
        return np.ascontiguousarray(drawn.reshape(-1)[skip : skip + frames], dtype=np.float32)


def node_width(rate_hz: int, node_s: float = 0.001) -> int:
    """Return how many frames a node of ``node_s`` seconds stands for."""
    return max(1, round(rate_hz * node_s))


def node_times(frames: int, width_frames: int, rate_hz: int) -> Floats:
    """Return the time of each node of a sound in seconds."""
    count = -(-frames // width_frames)
    return np.asarray((np.arange(count) + 0.5) * (width_frames / rate_hz))
