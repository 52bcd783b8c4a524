"""Clicks and dropouts, read off peaks in blocks of one millisecond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from controlroom.dsp.spectrum import Mask, Singles
from controlroom.model.audio import Samples

_CHUNK_BLOCKS = 4096
FRONT_BLOCKS = 38
ALIKE_DB = 6.0
FRONT_LOUDER_DB = 4.0
FRONT_BRIGHTER_DB = 8.0
"""By how much 38 ms after a click may differ from those before it; of 542 clicks planted in real music nine in ten stay within."""
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class MillisecondPeaks:
    """Peaks of a sound and of its bend in consecutive blocks of about 1 ms.

    Parameters
    ----------
    block_frames, rate_hz : int
    level, bend : ndarray of float32, shape (channels, blocks)
        Largest absolute sample, and largest absolute fourth difference, which
        is a high-pass of 24 dB per octave: music is weak there, a step is not.
    """

    block_frames: int
    rate_hz: int
    level: Singles
    bend: Singles

    @property
    def block_s(self) -> float:
        """Length of a block in seconds."""
        return self.block_frames / self.rate_hz


def millisecond_peaks(samples: Samples, rate_hz: int) -> MillisecondPeaks:
    """Return peaks in blocks of 1 ms; what is left over at the end is not measured."""
    block = max(8, round(rate_hz / 1000))
    blocks = max(0, (samples.shape[1] - 4) // block)
    level = np.zeros((samples.shape[0], blocks), dtype=np.float32)
    bend = np.zeros_like(level)
    for first in range(0, blocks, _CHUNK_BLOCKS):
        last = min(first + _CHUNK_BLOCKS, blocks)
        part = samples[:, first * block : last * block + 4]
        shape = (samples.shape[0], last - first, block)
        inner = part[:, 2:-2].reshape(shape)
        level[:, first:last] = np.maximum(inner.max(axis=2), -inner.min(axis=2))
        curved = np.diff(part, n=4, axis=1).reshape(shape)
        bend[:, first:last] = np.maximum(curved.max(axis=2), -curved.min(axis=2))
    return MillisecondPeaks(block, rate_hz, level, bend)


def click_places(peaks: MillisecondPeaks, over_db: float, reach_ms: int = 12) -> Places:
    """Return the blocks in which something clicks: isolated, wide-band, without decay.

    The bend of one or two blocks stands ``over_db`` over the greatest bend of
    the ``reach_ms`` before *and* after: a stroke rings on for longer, so what
    follows it is nearly as strong as its front. Where a new sound begins (the
    beater's click before a kick swells, a hard edit) it is that sound's front.

    References
    ----------
    standards.md 5.8: gate by "isolated in time < 1 ms, wide-band, no following decay".
    """
    bend = peaks.bend.max(axis=0, initial=0.0)
    if bend.size < 2 * reach_ms + 5:
        return np.empty(0, dtype=np.int64)
    around = ndimage.maximum_filter1d(bend, reach_ms, mode="nearest")
    half = reach_ms // 2
    # a click may fall on the border of two blocks, so the nearest block on either side is not asked
    before = np.roll(around, reach_ms - half + 1)
    after = np.roll(around, -(half + 2))
    limit = np.float32(10 ** (over_db / 20))
    floor = np.maximum(np.maximum(before, after), 1e-5 * peaks.level.max(initial=0.0))
    inside = np.ones(bend.size, dtype=np.bool_)
    inside[: reach_ms + 3] = inside[-reach_ms - 3 :] = False
    hit: Mask = (bend > limit * floor) & inside & (bend >= ndimage.maximum_filter1d(bend, 3))
    places = np.flatnonzero(hit)
    fronts = np.array([_is_front(peaks, int(at)) for at in places], dtype=np.bool_)
    if 2 * np.count_nonzero(fronts) >= places.size > 0:
        # mostly one instrument's beater: what is as strong as that is the same, where a bass covers its swell
        height_db = 20.0 * np.log10(bend[places] + 1e-12)
        fronts |= np.abs(height_db - np.median(height_db[fronts])) <= ALIKE_DB
    return np.asarray(places[~fronts], dtype=np.int64)


def _is_front(peaks: MillisecondPeaks, at: int) -> bool:
    """Return whether what sounds after a block is another sound than before it: louder, or brighter."""
    before = slice(max(0, at - FRONT_BLOCKS - 2), at - 2)
    after = slice(at + 3, at + 3 + FRONT_BLOCKS)
    power = [float(np.mean(np.square(peaks.level[:, part], dtype=np.float64))) for part in (before, after)]
    bend = [float(np.median(peaks.bend[:, part].max(axis=0))) for part in (before, after)]
    louder_db = 10.0 * np.log10((power[1] + 1e-12) / (power[0] + 1e-12))
    brighter_db = 20.0 * np.log10((bend[1] + 1e-9) / (bend[0] + 1e-9))
    return bool(louder_db >= FRONT_LOUDER_DB or brighter_db >= FRONT_BRIGHTER_DB)


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Stretches in which a sound drops out, in blocks: ``start`` and ``length``, shape (gaps,)."""

    start: Places
    length: Places


def dropouts(
    peaks: MillisecondPeaks, under_db: float = 40.0, longest_ms: int = 150, reach_ms: int = 20
) -> Gaps:
    """Return short gaps with loud sound hard on both sides.

    A gap is a run of 2 to ``longest_ms`` blocks that are ``under_db`` below
    what sounds within ``reach_ms`` before *and* after it, and that is entered
    and left within two blocks: a pause decays, a dropout is cut.
    """
    level = peaks.level.max(axis=0, initial=0.0)
    if level.size < 2 * reach_ms:
        return Gaps(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    # what sounds nearby, whichever side is weaker, bounds what a gap may still hold
    limit = np.float32(10 ** (-under_db / 20))
    loudest = ndimage.maximum_filter1d(level, 2 * (longest_ms + reach_ms) + 1)
    quiet = level < limit * loudest
    edges = np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    keep = (ends - starts >= 2) & (ends - starts <= longest_ms) & (starts >= reach_ms)
    keep &= ends <= level.size - reach_ms
    starts, ends = starts[keep], ends[keep]
    chosen = []
    for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
        inner = float(level[start:end].max())
        before = float(np.min(ndimage.maximum_filter1d(level[start - reach_ms : start - 1], 7)))
        after = float(np.min(ndimage.maximum_filter1d(level[end + 1 : end + reach_ms], 7)))
        if min(before, after) * limit > inner:
            chosen.append(index)
    return Gaps(starts[chosen], (ends - starts)[chosen])
