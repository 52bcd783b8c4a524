"""When a part sounds and when only its bleed does: a soft gate's gain, with hysteresis and look-ahead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from controlroom.dsp.spectrum import Floats

Flags = npt.NDArray[np.bool_]

LOUD_QUANTILE = 0.98
KNEE_DB = 6.0
"""What lies just under its closing level a gate takes nothing off, and all of its range this much further down."""


@dataclass(frozen=True, slots=True)
class GateShape:
    """How a gate works; levels are under the part's own loud level.

    It opens at ``open_db``, closes ``hysteresis_db`` below, is open ``attack_s``
    before what opens it, stays so for ``hold_s`` after, and then takes
    ``release_s`` to be ``range_db`` down.
    """

    open_db: float
    hysteresis_db: float
    range_db: float
    attack_s: float
    hold_s: float
    release_s: float


def open_times(under_loud_db: Floats, shape: GateShape) -> Flags:
    """Return where a gate is open by level alone: above its closing level, where that run also reaches the opening one."""
    above = under_loud_db > shape.open_db - shape.hysteresis_db
    runs, count = ndimage.label(above)
    if count == 0:
        return np.zeros(under_loud_db.size, dtype=np.bool_)
    reached = np.zeros(count + 1, dtype=np.bool_)
    reached[np.unique(runs[under_loud_db > shape.open_db])] = True
    reached[0] = False
    return np.asarray(reached[runs])


def gate_reduction_db(level_db: Floats, hop_s: float, shape: GateShape) -> Floats:
    """Return by how many dB a part is turned down at each frame of its level, 0 to ``range_db``.

    Parameters
    ----------
    level_db : ndarray, shape (frames,)
        Levels, ``hop_s`` apart. Loud is their 98th percentile.
    """
    if level_db.size == 0 or float(level_db.max()) <= -150.0:
        return np.zeros(level_db.size)
    under = level_db - float(np.quantile(level_db, LOUD_QUANTILE))
    opened = open_times(under, shape)
    if not np.any(opened):
        return np.zeros(level_db.size)
    # one frame more on either side: a stroke may begin anywhere within its frame
    opened = ndimage.binary_dilation(opened)
    at = np.arange(level_db.size)
    last = np.maximum.accumulate(np.where(opened, at, -1))
    following = np.minimum.accumulate(np.where(opened, at, at.size * 2)[::-1])[::-1]
    since = np.where(last < 0, np.inf, (at - last) * hop_s) - shape.hold_s
    until = np.where(following >= at.size * 2, np.inf, (following - at) * hop_s)
    share = np.minimum(since / shape.release_s, until / shape.attack_s)
    return np.asarray(_depth_db(under, opened, shape) * np.where(opened, 0.0, np.clip(share, 0.0, 1.0)))


def _depth_db(under_loud_db: Floats, opened: Flags, shape: GateShape) -> Floats:
    """Return how far each stretch between strokes may be turned down: by its own level, one depth per stretch."""
    runs, count = ndimage.label(~opened)
    if count == 0:
        return np.zeros(opened.size)
    level = ndimage.median(under_loud_db, runs, np.arange(1, count + 1))
    share = np.clip((shape.open_db - shape.hysteresis_db - level) / KNEE_DB, 0.0, 1.0)
    return np.asarray(shape.range_db * np.concatenate([[0.0], share])[runs])
