"""Where strokes begin, to the sample, and how strong each of them is.

``transients.find_hits`` finds strokes on steps of 3 ms. What shapes, layers or
mends a stroke must know its first sample: it is where the power of the wave
changes most, read off the samples themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.spectrum import Floats, decibels
from controlroom.model.audio import Samples

Places = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

APART_S = 0.05
_AROUND_S = (0.016, 0.014)
_AROUND_LOW_S = (0.012, 0.026)
"""The envelope of a low tone sees a stroke up to 20 ms before it comes."""
_LEAD_S = 0.016
_MARGIN_S = 0.001
_STEP, _STEP_UNDER = 10.0, 0.01
"""A step is clear when its power is 10 dB over what is before it, and not 20 dB under what follows."""
_FLOOR = 1e-4
"""What rings 40 dB under a stroke before it (a filter's forerunner) is not its beginning."""
_BATCH = 256


def middle(samples: Samples) -> Singles:
    """Return the mid signal of one or two channels."""
    both = samples[0] if samples.shape[0] == 1 else (samples[0] + samples[1]) * np.float32(0.5)
    return np.asarray(both, dtype=np.float32)


def exact_onsets(mid: Singles, rate_hz: int, near_frames: Places, *, low: bool = False) -> Places:
    """Return the first frame of each stroke that begins near ``near_frames``.

    In a window of 30 ms the wave is taken for two stretches of steady power,
    and the border that makes them most likely is where the stroke begins. A
    stroke without a front gains its power in two steps: what lies before the
    border is looked through once more, and a clear step there is the beginning.

    Parameters
    ----------
    mid : ndarray of float32, shape (frames,)
        One channel.
    rate_hz : int
        Its rate, > 0.
    near_frames : ndarray of int64, shape (strokes,)
        Frames within about 10 ms of each beginning.
    low : bool
        The places were read off the envelope of a low tone, which sees a stroke early.

    References
    ----------
    N. Maeda, "A method for reading and checking phase times in auto-processing
    system of seismic wave data", Zisin 38 (1985): the Akaike information
    criterion of two variances, k·log σ₁² + (n − k)·log σ₂², is least at the onset.

    Notes
    -----
    Read off the wave's differences from sample to sample: that tilt lets the
    stick's edge count for more than a low tone's own swing.
    """
    if near_frames.size == 0:
        return near_frames.astype(np.int64)
    wave = np.diff(mid, prepend=np.float32(0.0))
    before, after = (round(s * rate_hz) for s in (_AROUND_LOW_S if low else _AROUND_S))
    found = _borders(wave, rate_hz, near_frames, before, after)
    lead = round(_LEAD_S * rate_hz)
    sooner = _borders(wave, rate_hz, found - margin_frames(rate_hz), lead, 0)
    quiet = mean_power(wave, sooner - lead // 2, sooner)
    step = mean_power(wave, sooner, found)
    loud = mean_power(wave, found, found + after)
    clear = (step >= _STEP * quiet) & (step >= _STEP_UNDER * loud)
    return np.where(clear, sooner, found)


def margin_frames(rate_hz: int) -> int:
    """Return how near to a window's ends no border is looked for."""
    return max(2, round(_MARGIN_S * rate_hz))


def _borders(wave: Singles, rate_hz: int, at: Places, before: int, after: int) -> Places:
    """Return the most likely border of two powers between ``before`` and ``after`` frames around each place."""
    margin, size = margin_frames(rate_hz), before + after
    padded = np.pad(wave, (before, after))
    views = np.lib.stride_tricks.sliding_window_view(padded, size)
    count = np.arange(1, size, dtype=np.float64)
    found = np.empty(at.size, dtype=np.int64)
    for first in range(0, at.size, _BATCH):
        here = np.clip(at[first : first + _BATCH], 0, views.shape[0] - 1)
        energy = np.cumsum(np.square(views[here], dtype=np.float64), axis=1)
        floor = _FLOOR * energy[:, -1:] / size + 1e-30
        left = np.log(energy[:, :-1] / count + floor)
        right = np.log((energy[:, -1:] - energy[:, :-1]) / (size - count) + floor)
        cost = count * left + (size - count) * right
        best = margin + np.argmin(cost[:, margin:-margin], axis=1)
        found[first : first + _BATCH] = here - before + best + 1
    return np.clip(found, 0, max(0, wave.size - 1))


@dataclass(frozen=True, slots=True, eq=False)
class StrokeList:
    """Strokes of one drum, in order.

    Parameters
    ----------
    frames : ndarray of int64, shape (strokes,)
        First frame of each.
    level_db : ndarray of float64, shape (strokes,)
        Power of its first 60 ms (less where the next one comes sooner).
    """

    frames: Places
    level_db: Floats

    @property
    def count(self) -> int:
        """Number of strokes."""
        return int(self.frames.size)


def strokes_at(mid: Singles, rate_hz: int, near_frames: Places, *, low: bool = False) -> StrokeList:
    """Return the strokes that begin near some frames: exact, 50 ms apart at least, with their levels."""
    frames = np.unique(exact_onsets(mid, rate_hz, near_frames, low=low))
    if frames.size:
        keep = np.concatenate([[True], np.diff(frames) >= round(APART_S * rate_hz)])
        frames = frames[keep]
    length = round(0.06 * rate_hz)
    ends = np.minimum(frames + length, np.append(frames[1:], mid.size))
    return StrokeList(frames, decibels(mean_power(mid, frames, ends)))


def mean_power(mid: Singles, starts: Places, stops: Places) -> Floats:
    """Return the mean square from each start to its stop (at least one frame; clipped to the sound)."""
    low = np.clip(starts, 0, mid.size)
    high = np.clip(stops, 0, mid.size)
    # stroke by stroke: a running sum over a whole song costs ten times what a few hundred strokes do
    energy = [np.sum(np.square(mid[a:b], dtype=np.float64)) for a, b in zip(low, high, strict=True)]
    return np.asarray(np.asarray(energy, dtype=np.float64) / np.maximum(high - low, 1))
