"""Where an exported stem sits in its mix: offset, drift and polarity.

A stem's place is found by deconvolution: the cross-spectrum with the mix,
divided by the stem's own power, is the response that leads from the stem to the
mix, one spike where the stem is in it. Unlike plain correlation the spike does
not depend on the stem's colour. The same at several places of the song gives
the drift. How loud it is there is told in ``levels``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.model.audio import Audio, Samples

_PLACE_S = 12.0
_PLACES = 9
_ROUNDS = 3
_CLEAR = 8.0  # a spike this many times the response's root mean square is a place


@dataclass(frozen=True)
class Place:
    """Where a stem sits in the mix.

    ``offset_frames`` > 0: the stem is late by that much at the song's start;
    ``drift_ppm`` > 0: it runs slow, later and later. ``clarity`` is the spike
    over the response's root mean square, median over the places that were
    looked at; below 8 nothing was found, and offset and drift are zero.
    """

    offset_frames: float
    drift_ppm: float
    polarity: int
    clarity: float

    @property
    def found(self) -> bool:
        """Whether the stem was found in the mix at all."""
        return self.clarity >= _CLEAR


def locate(stem: Audio, mix: Audio, max_offset_s: float = 2.0) -> Place:
    """Find a stem in its mix.

    Parameters
    ----------
    stem, mix : Audio
        At the same rate; compared in mono.
    max_offset_s : float
        Searched in both directions.

    Returns
    -------
    Place
        Offsets are refined below a frame by a parabola through the spike.

    Raises
    ------
    ValueError
        If the rates differ.
    """
    if stem.rate_hz != mix.rate_hz:
        raise ValueError(f"rates differ: {stem.rate_hz} and {mix.rate_hz} Hz")
    one, two = stem.samples.mean(axis=0), mix.samples.mean(axis=0)
    reach = round(max_offset_s * mix.rate_hz)
    size = min(one.size, round(_PLACE_S * mix.rate_hz))
    starts = _loud_places(one, size)
    slope, offset = 0.0, 0.0
    for _ in range(_ROUNDS):
        # within a place a drift smears the spike: from the second round on, pieces are retimed first
        spikes = np.array([_spike(one, two, int(start), size, reach, slope) for start in starts])
        clear = spikes[spikes[:, 2] >= _CLEAR]
        clarity = float(np.median(spikes[:, 2]))
        if clarity < _CLEAR or len(clear) == 0:
            return Place(0.0, 0.0, 1, clarity)
        slope, offset = _line(clear[:, 3] + (0.0 if slope else size / 2), clear[:, 0])
        if slope == 0.0:
            break
    polarity = 1 if np.median(clear[:, 1]) >= 0 else -1
    return Place(offset, slope * 1e6, polarity, clarity)


def locate_anywhere(stem: Audio, mix: Audio) -> float:
    """Return the likeliest offset of a stem of another length, in frames, from its loudest 12 s.

    Whether it is there at all is for ``locate`` to say.
    """
    one, two = stem.samples.mean(axis=0), mix.samples.mean(axis=0)
    size = min(one.size, round(_PLACE_S * mix.rate_hz))
    starts = range(0, max(1, one.size - size + 1), max(1, size // 4))
    start = max(starts, key=lambda at: float(np.vdot(one[at : at + size], one[at : at + size])))
    reach = max(one.size, two.size)
    return _spike(one, two, start, size, reach, 0.0)[0]


def _loud_places(mono: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.int64]:
    """Return up to nine starts, spread over the sound, where something sounds."""
    if mono.size <= size or size == 0:
        return np.zeros(1, np.int64)
    starts = np.linspace(0, mono.size - size, _PLACES).astype(np.int64)
    power = np.array([np.mean(np.square(mono[s : s + size])) for s in starts])
    return np.asarray(starts[power > 0.01 * power.max()] if power.max() > 0 else starts[:1], np.int64)


def _spike(
    stem: npt.NDArray[np.float32],
    mix: npt.NDArray[np.float32],
    start: int,
    size: int,
    reach: int,
    drift: float,
) -> tuple[float, float, float, float]:
    """Return lag, signed height, clarity and start of the response's highest spike."""
    from scipy.fft import irfft, next_fast_len, rfft

    piece = stem[start : start + size]
    if drift:
        piece = _retimed(piece[None], 1 + drift)[0, :size]
    around = np.zeros(size + 2 * reach, np.float32)
    first, last = max(0, start - reach), min(mix.size, start + size + reach)
    if last > first:
        around[first - (start - reach) : last - (start - reach)] = mix[first:last]
    length = next_fast_len(around.size + size, real=True)
    own, other = rfft(piece, length), rfft(around, length)
    power = np.abs(own) ** 2
    response = irfft(other * np.conj(own) / (power + 0.02 * power.mean() + 1e-20), length)[: 2 * reach + 1]
    at = int(np.argmax(np.abs(response)))
    spread = float(np.sqrt(np.mean(response**2))) + 1e-20
    lag = float(at - reach)
    if 0 < at < response.size - 1:
        before, top, after = np.abs(response[at - 1 : at + 2])
        lag += 0.5 * float((before - after) / min(-1e-20, before - 2 * top + after))
    # the mix is later than the stem by lag: the stem is early, so its offset is the negative
    return -lag, float(response[at]), float(abs(response[at])) / spread, float(start)


def _line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return slope and intercept by Theil and Sen: medians, so a stray place does no harm."""
    if len(x) < 3 or np.ptp(y) < 0.3:  # a parabola through the spike is good to a few tenths
        return np.array([0.0, float(np.median(y))])
    i, j = np.triu_indices(len(x), 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i])))
    return np.array([slope, float(np.median(y - slope * x))])


def placed(stem: Audio, place: Place, frames: int) -> Audio:
    """Return the stem moved to where it belongs, ``frames`` long, polarity righted.

    Whole-frame offsets without drift only shift, so that samples stay as they
    were; drift and fractions of a frame are resampled (soxr, very high quality)
    or shifted in the frequency domain.
    """
    samples = stem.samples
    offset = place.offset_frames
    if abs(place.drift_ppm) >= 0.05:
        samples = _retimed(samples, 1 + place.drift_ppm * 1e-6)
        offset /= 1 + place.drift_ppm * 1e-6
    whole = round(offset)
    fraction = offset - whole
    if abs(fraction) > 0.1:
        samples = _shifted(samples, fraction)
    out = np.zeros((samples.shape[0], frames), np.float32)
    first, last = max(0, -whole), min(frames, samples.shape[1] - whole)
    if last > first:
        out[:, first:last] = samples[:, first + whole : last + whole]
    if place.polarity < 0:
        np.negative(out, out=out)
    return Audio(out, stem.rate_hz)


def _retimed(samples: Samples, ratio: float) -> Samples:
    """Return the sound sped up by ``ratio``, as reading ``x(ratio·t)``."""
    import soxr

    channels = [soxr.resample(channel, ratio * 1e6, 1e6, quality="VHQ") for channel in samples]
    return np.stack(channels).astype(np.float32, copy=False)


def _shifted(samples: Samples, fraction: float) -> Samples:
    """Return ``x(n + fraction)`` by a linear phase in the frequency domain."""
    from scipy.fft import irfft, next_fast_len, rfft

    frames = samples.shape[1]
    length = next_fast_len(frames + 4096, real=True)
    turn = np.exp(2j * np.pi * np.arange(length // 2 + 1) / length * fraction).astype(np.complex64)
    out = [irfft(rfft(channel, length) * turn, length)[:frames] for channel in samples]
    return np.stack(out).astype(np.float32, copy=False)
