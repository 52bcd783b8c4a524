"""How a change of a part enters the mix: added, and only where the part is in the mix as a wave.

A separator's stem, or one that a generator sang again, may sound like the part
and not be it. Where stem and mix are not coherent, taking a decibel from the
stem adds noise instead; there the change is left out of the overlay, band by
band, and the person is told (design.md, promise 2).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from controlroom.dsp.filters import ZeroPhaseFilter, convolve_same, grid_hz, zero_phase_filter
from controlroom.model.audio import Audio, Samples
from controlroom.model.proposals import FrequencyBand
from controlroom.model.song import StemTrust

REACH_S = 0.04
"""Half the length of the filter that leaves a refused band out: an edge at 60 Hz falls within a third octave."""
_CHUNK_FRAMES = 1 << 20


def refused_bands(trust: StemTrust | None, min_coherence: float) -> tuple[FrequencyBand, ...]:
    """Return the bands in which a stem's changes may not be laid over the mix, neighbours joined.

    A band in which the stem is silent (``StemTrust.silent``) is not refused: a
    part that is not there can't be wrong.
    """
    if trust is None or not trust.coherence:
        return ()
    silent = trust.silent or (False,) * len(trust.coherence)
    found: list[FrequencyBand] = []
    bands = zip(pairwise(trust.coherence_edges_hz), trust.coherence, silent, strict=True)
    for (low_hz, high_hz), coherence, quiet in bands:
        if quiet or coherence >= min_coherence:
            continue
        from_hz = found.pop().low_hz if found and found[-1].high_hz == low_hz else low_hz
        found.append(FrequencyBand(low_hz=from_hz, high_hz=high_hz))
    return tuple(found)


def overlay_filter(bands: tuple[FrequencyBand, ...], trust: StemTrust, rate_hz: int) -> ZeroPhaseFilter:
    """Return the zero-phase filter that lets a change through outside the refused bands.

    Refused bands that reach the first or last measured edge are left out down to
    0 Hz, or up to half the rate: what nobody measured is trusted as its neighbour.
    """
    reach = round(REACH_S * rate_hz)
    hz = grid_hz(rate_hz, reach)
    gain = np.ones(hz.size)
    lowest, highest = trust.coherence_edges_hz[0], trust.coherence_edges_hz[-1]
    for band in bands:
        low_hz = 0.0 if band.low_hz <= lowest else band.low_hz
        high_hz = rate_hz if band.high_hz >= highest else band.high_hz
        gain[(hz >= low_hz) & (hz < high_hz)] = 0.0
    return zero_phase_filter(gain, reach)


def allowed_change(before: Audio, after: Audio, response: ZeroPhaseFilter) -> Audio:
    """Return ``before`` with only that part of the change that the filter lets through."""
    out = np.empty_like(before.samples)
    reach = response.reach_frames
    for start in range(0, before.frames, _CHUNK_FRAMES):
        stop = min(before.frames, start + _CHUNK_FRAMES)
        left, right = max(0, start - reach), min(before.frames, stop + reach)
        change = after.samples[:, left:right] - before.samples[:, left:right]
        if np.any(change):
            change = convolve_same(change, response)
        out[:, start:stop] = before.samples[:, start:stop] + change[:, start - left : stop - left]
    return Audio(out, before.rate_hz)


class Changes:
    """What all parts changed by, summed in float64; nothing is held while nothing changed."""

    def __init__(self) -> None:
        self._total: npt.NDArray[np.float64] | None = None

    def add(self, before: Audio, after: Audio) -> None:
        """Add ``after − before``."""
        self._reach(before.channels, before.frames)
        assert self._total is not None
        for start in range(0, before.frames, _CHUNK_FRAMES):
            here = slice(start, start + _CHUNK_FRAMES)
            self._total[:, here] += after.samples[:, here]
            self._total[:, here] -= before.samples[:, here]

    def _reach(self, channels: int, frames: int) -> None:
        """Make room: parts may be of other lengths than each other and the mix."""
        if self._total is None:
            self._total = np.zeros((channels, frames))
        elif frames > self._total.shape[1]:
            self._total = np.pad(self._total, ((0, 0), (0, frames - self._total.shape[1])))

    def laid_over(self, sound: Audio) -> Audio:
        """Return ``sound`` plus the changes; where nothing changed its samples are kept bit for bit."""
        if self._total is None:
            return sound
        out = sound.samples.copy()
        frames = min(sound.frames, self._total.shape[1])
        for start in range(0, frames, _CHUNK_FRAMES):
            here = slice(start, min(frames, start + _CHUNK_FRAMES))
            out[:, here] = _added(out[:, here], self._total[:, here])
        return Audio(out, sound.rate_hz)


def laid_over(sound: Audio, before: Audio, after: Audio) -> Audio:
    """Return ``sound`` with the change from ``before`` to ``after`` laid over it."""
    changes = Changes()
    changes.add(before, after)
    return changes.laid_over(sound)


def _added(sound: Samples, change: npt.NDArray[np.float64]) -> Samples:
    # −0.0 + 0.0 would change bits
    return np.where(change != 0.0, sound + change, sound).astype(np.float32)
