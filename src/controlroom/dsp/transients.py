"""Strokes: band envelopes fine enough for an attack, the hits in them, and how each hit begins.

Everything is read off one pair of short-time Fourier passes of the mid signal
(three-millisecond steps); a 3.5-minute song costs about a third of a second.
All figures are ratios, so gain does not move them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from controlroom.dsp.spectrum import decibels
from controlroom.model.audio import Samples

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

BANDS_HZ: Mapping[str, tuple[float, float]] = {
    "low": (40.0, 130.0),
    "body": (150.0, 500.0),
    "crack": (2000.0, 7000.0),
    "high": (7000.0, 15000.0),
}
"""Where a kick thumps, a snare's head sounds, sticks crack, and hats hiss."""

FRAME_S = 256 / 44100
LOW_FRAME_HOPS = 4
LOW_STEP_FRAMES = 16
FEWEST = 4
"""Strokes that are needed before anything is said of them."""
QUIET_DB = -110.0
_BATCH = 4096


@dataclass(frozen=True, slots=True, eq=False)
class StrokeEnvelopes:
    """Power over time in the bands that drums are told apart by.

    Parameters
    ----------
    hop_s : float
        Distance of two frames, about 3 ms; frame n is centred at n·hop_s.
    power : mapping of str to ndarray of float32, shape (frames,)
        Mean square of the mid signal by name of ``BANDS_HZ``, and of ``all``;
        ``slow`` is ``all`` averaged over 12 ms.
    """

    hop_s: float
    power: Mapping[str, Singles]

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.power["all"].size)

    def hops(self, seconds: float) -> int:
        """Return a length in whole hops, at least one."""
        return max(1, round(seconds / self.hop_s))

    def joined(self, other: StrokeEnvelopes) -> StrokeEnvelopes:
        """Return the powers of two sounds together, as if nothing in them were in step; the shorter one counts."""
        size = min(self.frames, other.frames)
        return StrokeEnvelopes(
            self.hop_s, {name: self.power[name][:size] + other.power[name][:size] for name in self.power}
        )


@dataclass(frozen=True, slots=True)
class Strokes:
    """How the strokes in one band begin.

    ``front_db`` is the median of the power in the front over that of the body
    after it; ``rise_ms`` the lower quartile of the time from 10 dB under the
    peak to 2 dB under it; ``crest_db`` the median of the peak over the mean of
    the 100 ms from the onset.
    """

    count: int
    per_second: float
    front_db: float
    rise_ms: float
    crest_db: float


@dataclass(frozen=True, slots=True)
class Shape:
    """Where in a stroke its front and its body lie, and how deep under its peak it begins."""

    front_s: float
    body_from_s: float
    body_to_s: float
    begin_db: float
    below_db: float


KICK = Shape(0.025, 0.05, 0.11, 20.0, 18.0)
STICK = Shape(0.012, 0.04, 0.1, 10.0, 24.0)
"""Snares, hats and whatever is struck with a stick."""


def stroke_envelopes(samples: Samples, rate_hz: int) -> StrokeEnvelopes:
    """Return band powers of the mid signal every 3 ms.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        May be empty.
    rate_hz : int
        Its rate, > 0.

    Notes
    -----
    Hann frames of 5.8 ms, half overlapped. The low band needs longer ones:
    23 ms of the signal averaged down to about 2.8 kHz, at the same steps.
    """
    hop = max(LOW_STEP_FRAMES, round(FRAME_S * rate_hz / 2 / LOW_STEP_FRAMES) * LOW_STEP_FRAMES)
    mid = samples[0] if samples.shape[0] == 1 else (samples[0] + samples[1]) * np.float32(0.5)
    count = max(1, mid.size // hop)
    padded = np.pad(mid, (hop, hop + max(0, count * hop - mid.size)))
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    freq = np.arange(hop + 1) * rate_hz / (2 * hop)
    scale = np.float32(2.0 / (2 * hop * float(np.sum(window.astype(np.float64) ** 2))))
    names = [name for name in BANDS_HZ if name != "low"]
    picks = [(freq >= BANDS_HZ[n][0]) & (freq < BANDS_HZ[n][1]) for n in names]
    weights = np.stack([*picks, np.ones(freq.size)], axis=1).astype(np.float32)
    sums = np.empty((count, weights.shape[1]), dtype=np.float32)
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]
    for first in range(0, count, _BATCH):
        spectra = fft.rfft(views[first : min(first + _BATCH, count)] * window, axis=1)
        power = spectra.real**2 + spectra.imag**2
        sums[first : first + power.shape[0]] = np.einsum("fb,bn->fn", power, weights, optimize=False)
    sums *= scale
    power_of = {name: np.ascontiguousarray(sums[:, i]) for i, name in enumerate([*names, "all"])}
    power_of["low"] = _low_power(mid, rate_hz, hop, count)
    # a kick swings through zero every 10 ms: four steps see its power, not its wave
    power_of["slow"] = ndimage.uniform_filter1d(power_of["all"], 4)
    return StrokeEnvelopes(hop / rate_hz, power_of)


def _low_power(mid: Singles, rate_hz: int, hop: int, count: int) -> Singles:
    """Return the power of the low band at the same steps, from the averaged-down signal."""
    step = hop // 8 if hop % 8 == 0 else 1
    whole = mid.size // step
    small = mid[: whole * step].reshape(whole, step).mean(axis=1)
    per_hop = hop // step
    frame = 8 * per_hop
    padded = np.pad(small, (frame // 2, frame // 2 + max(0, count * per_hop - whole)))
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    freq = np.arange(frame // 2 + 1) * rate_hz / step / frame
    inside = (freq >= BANDS_HZ["low"][0]) & (freq < BANDS_HZ["low"][1])
    views = np.lib.stride_tricks.sliding_window_view(padded, frame)[::per_hop][:count]
    out = np.empty(count, dtype=np.float32)
    for first in range(0, count, _BATCH):
        spectra = fft.rfft(views[first : first + _BATCH] * window, axis=1)[:, inside]
        out[first : first + spectra.shape[0]] = (spectra.real**2 + spectra.imag**2).sum(axis=1)
    return out * np.float32(2.0 / (frame * float(np.sum(window.astype(np.float64) ** 2))))


def find_hits(envelopes: StrokeEnvelopes, band: str, shape: Shape = STICK, rise_db: float = 9.0) -> Places:
    """Return the frames at which strokes begin in a band.

    A stroke is a peak that stands ``rise_db`` over the least level of the
    80 ms before it and lies near the band's loud level (its 99th percentile);
    it begins where the level first falls to ``shape.begin_db`` under the peak,
    looking back from it. Strokes keep 60 ms apart.
    """
    level = decibels(envelopes.power[band])
    if level.size < envelopes.hops(0.2):
        return np.zeros(0, dtype=np.int64)
    lookback = envelopes.hops(0.08)
    before = ndimage.minimum_filter1d(level, lookback, origin=(lookback - 1) // 2)
    highest = ndimage.maximum_filter1d(level, 2 * envelopes.hops(0.06) + 1)
    least = max(float(np.quantile(level, 0.99)) - shape.below_db, QUIET_DB)
    peaks = np.flatnonzero((level == highest) & (level - before >= rise_db) & (level > least))
    return _beginnings(level, peaks, level[peaks], shape, lookback)


def find_fronts(envelopes: StrokeEnvelopes, band: str, shape: Shape = STICK, rise_db: float = 9.0) -> Places:
    """Return the frames at which a band's level rises fastest, to near its loud level.

    Where ``find_hits`` looks back from a peak, this looks for the rise itself: a
    drum that swells or rings on for a tenth of a second has its peak too late.
    The rise is taken over 12 ms; fronts keep 60 ms apart.
    """
    level = decibels(envelopes.power[band])
    if level.size < envelopes.hops(0.2):
        return np.zeros(0, dtype=np.int64)
    loud = float(np.quantile(level, 0.99))
    half = 2
    # out of silence any forerunner rises furthest: what is 40 dB under the strokes counts as silence
    padded = np.pad(np.maximum(level, loud - 40.0), half, mode="edge")
    rise = padded[2 * half :] - padded[: -2 * half]
    highest = ndimage.maximum_filter1d(rise, 2 * envelopes.hops(0.06) + 1)
    reach = envelopes.hops(0.04)
    gets = ndimage.maximum_filter1d(level, reach, origin=-((reach - 1) // 2))
    least = max(loud - shape.below_db, QUIET_DB)
    fronts = np.flatnonzero((rise == highest) & (rise >= rise_db) & (gets > least))
    return _beginnings(level, fronts, gets[fronts], shape, envelopes.hops(0.04))


def _beginnings(level: Floats, at: Places, tops: Floats, shape: Shape, lookback: int) -> Places:
    """Return where the level was ``shape.begin_db`` under each top, looking back from a frame; else where it was least."""
    if at.size == 0:
        return at.astype(np.int64)
    window = level[np.maximum(at[:, None] - np.arange(lookback), 0)]
    under = window < (tops - shape.begin_db)[:, None]
    back = np.where(under.any(axis=1), under.argmax(axis=1), np.argmin(window, axis=1))
    return np.unique(np.maximum(at - back, 0)).astype(np.int64)


def colours(envelopes: StrokeEnvelopes, hits: Places, over_s: float = 0.05) -> Mapping[str, Floats]:
    """Return the level of each band over some time from each hit on, in dB: what kind of drum it was."""
    last = envelopes.hops(over_s)
    return {name: decibels(_around(envelopes.power[name], hits, 0, last)) for name in BANDS_HZ}


def _around(power: Singles, starts: Places, first: int, last: int) -> Floats:
    """Return the mean power from ``first`` to ``last`` frames after each start."""
    sums = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    low = np.clip(starts + first, 0, power.size)
    high = np.clip(starts + last, 0, power.size)
    return np.asarray((sums[high] - sums[low]) / np.maximum(high - low, 1))


def rises_ms(envelopes: StrokeEnvelopes, band: str, hits: Places) -> Floats:
    """Return how long each stroke takes from its beginning to 2 dB under its peak in the 100 ms after, in ms."""
    power = envelopes.power[band]
    at = np.minimum(hits[:, None] + np.arange(envelopes.hops(0.1)), power.size - 1)
    pieces = decibels(power[at])
    return np.asarray(
        (pieces >= (pieces.max(axis=1) - 2.0)[:, None]).argmax(axis=1) * envelopes.hop_s * 1000.0
    )


def describe(envelopes: StrokeEnvelopes, band: str, hits: Places, shape: Shape = STICK) -> Strokes | None:
    """Return how the strokes that begin at ``hits`` do so in a band; None for fewer than four."""
    if hits.size < FEWEST:
        return None
    power, hops = envelopes.power[band], envelopes.hops
    front = decibels(_around(power, hits, 0, hops(shape.front_s)))
    body = decibels(_around(power, hits, hops(shape.body_from_s), hops(shape.body_to_s)))
    reach = hops(0.1)
    whole = decibels(_around(power, hits, 0, reach))
    pieces = decibels(power[np.minimum(hits[:, None] + np.arange(reach), power.size - 1)])
    peak = pieces.max(axis=1)
    rise = rises_ms(envelopes, band, hits)
    return Strokes(
        count=int(hits.size),
        per_second=float(hits.size / (envelopes.frames * envelopes.hop_s)),
        front_db=float(np.median(front - body)),
        rise_ms=float(np.quantile(rise, 0.25)),
        crest_db=float(np.median(peak - whole)),
    )


def occupancy(envelopes: StrokeEnvelopes, band: str, within_db: float = 10.0) -> float:
    """Return the share of time that a band lies within ``within_db`` of its loud level (95th percentile).

    Read at 12 ms, so that single samples of noise don't count: 1 is a hiss
    that never pauses, short hats on eighth notes stay under a half.
    """
    level = decibels(ndimage.uniform_filter1d(envelopes.power[band], envelopes.hops(0.012)))
    sounding = level > max(float(level.max(initial=-200.0)) - 50.0, -110.0)
    if not np.any(sounding):
        return 0.0
    loud = float(np.quantile(level[sounding], 0.95))
    return float(np.mean(level > loud - within_db))
