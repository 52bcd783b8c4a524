"""Beats: a constant grid where the music keeps one, else a path of least surprise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from controlroom.music.onsets import Onsets, stand_out
from controlroom.music.spectra import Doubles

GROUP_WEIGHTS = (1.0, 0.7, 0.7, 0.3)
"""Beats are carried by kick, bass, snare and chords more than by hats, which love the off-beat."""
TIGHTNESS = 100.0
"""Weight of squared log deviation from the expected period (Ellis 2007)."""
FIT_SPAN = 0.03
HARMONICS = 8
DRIFT_WINDOW_S = 16.0
STEADY_S = 0.03
"""A grid is steady while the music of each window stays this close to it (the ±70 ms of beat scoring, halved)."""
PULSE_S = 0.012
PHASES_PER_FRAME = 2


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A constant grid of beats.

    Attributes
    ----------
    period_frames : float
        Beat period in onset frames.
    steady_share : float
        Share of the song's energy-bearing windows in which the music is within `STEADY_S` of the grid.
    """

    period_frames: float
    steady_share: float


def beat_envelope(onsets: Onsets) -> Doubles:
    """Return the onset envelope with the bands weighted by how well they carry beats, smoothed by 12 ms."""
    curve = np.zeros(onsets.groups.shape[0])
    for group, weight in enumerate(GROUP_WEIGHTS):
        curve += weight * onsets.groups[:, group]
    return np.asarray(ndimage.gaussian_filter1d(stand_out(curve, onsets.hop_s), PULSE_S / onsets.hop_s))


def refine_period(envelope: Doubles, period_frames: float) -> float:
    """Return the period within ±3 % whose harmonics hold the most energy of the envelope.

    The squared DFT at f, 2f … 8f is the variance of the envelope folded at 1/f,
    so this is a least-squares fit of a constant grid over all phases at once.
    """
    size = fft.next_fast_len(16 * envelope.size, real=True)
    power = np.abs(fft.rfft(envelope - envelope.mean(), size)) ** 2
    # the eighth harmonic's peak is an eighth of a DFT bin wide here: four steps across it
    step = 1.0 / (32.0 * envelope.size)
    centre = 1.0 / period_frames
    count = max(1, int(FIT_SPAN * centre / step))
    tried = centre + step * np.arange(-count, count + 1)
    bins = np.arange(power.size)
    score = sum(np.interp(h * tried * size, bins, power) for h in range(1, HARMONICS + 1))
    best = int(np.argmax(score))
    if 0 < best < tried.size - 1:
        left, mid, right = score[best - 1 : best + 2]
        bend = left - 2 * mid + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        return float(1.0 / (tried[best] + shift * step))
    return float(1.0 / tried[best])


def fold(envelope: Doubles, period_frames: float, first: int = 0, last: int | None = None) -> Doubles:
    """Return the mean envelope against phase, in half frames."""
    bins = max(4, round(period_frames * PHASES_PER_FRAME))
    frames = np.arange(first, envelope.size if last is None else min(last, envelope.size))
    where = (frames / period_frames) % 1.0 * bins
    low = where.astype(np.int64) % bins
    part = where - np.floor(where)
    values = envelope[frames]
    total = np.bincount(low, values * (1 - part), bins) + np.bincount((low + 1) % bins, values * part, bins)
    weight = np.bincount(low, 1 - part, bins) + np.bincount((low + 1) % bins, part, bins)
    return np.asarray(total / np.maximum(weight, 1e-9))


def _centroid(smooth: Doubles, best: int) -> float:
    near = np.arange(best - 3, best + 4)
    weight = np.maximum(smooth[near % smooth.size] - smooth.min(), 0.0)
    return float((near * weight).sum() / max(weight.sum(), 1e-12) / smooth.size % 1.0)


def peak_phases(profile: Doubles) -> list[float]:
    """Return the phases (0 to 1) of a folded profile's peak, and of the highest point 0.3 to 0.7 away.

    The second is the off-beat, wherever swing has put it.
    """
    smooth = ndimage.gaussian_filter1d(profile, 1.5, mode="wrap")
    best = int(np.argmax(smooth))
    away = (best + np.arange(int(0.3 * smooth.size), int(0.7 * smooth.size) + 1)) % smooth.size
    second = int(away[np.argmax(smooth[away])])
    return [_centroid(smooth, best), _centroid(smooth, second)]


def _offsets(envelope: Doubles, period_frames: float, hop_s: float) -> Doubles:
    """Return how far each window's folded profile lies from the whole song's, in seconds."""
    whole = fold(envelope, period_frames)
    spectrum = np.conj(fft.rfft(whole - whole.mean()))
    length = round(DRIFT_WINDOW_S / hop_s)
    offsets = []
    for at in range(0, max(1, envelope.size - length + 1), max(1, length // 2)):
        part = fold(envelope, period_frames, at, at + length)
        match = fft.irfft(fft.rfft(part - part.mean()) * spectrum, whole.size)
        shift = int(np.argmax(match))
        shift -= whole.size if shift > whole.size // 2 else 0
        offsets.append(shift / PHASES_PER_FRAME * hop_s)
    return np.asarray(offsets)


def fit_grid(envelope: Doubles, hop_s: float, period_frames: float) -> Grid:
    """Return the constant grid that collects most of the envelope near a period.

    Parameters
    ----------
    envelope : float64 array, shape (frames,)
        From `beat_envelope`.
    hop_s : float
        Frame distance.
    period_frames : float
        First guess of the period, good to ±3 %.
    """
    period = refine_period(envelope, period_frames)
    offsets = np.abs(_offsets(envelope, period, hop_s))
    return Grid(period, float(np.mean(offsets <= STEADY_S)))


def grid_frames(period_frames: float, phase_frames: float, frames: int) -> Doubles:
    """Return the (fractional) frames of a grid's beats."""
    return np.arange(phase_frames, frames - 1, period_frames, dtype=np.float64)


def local_periods(windows: Doubles, starts: Doubles, period_frames: float, frames: int) -> Doubles:
    """Return a beat period for each frame, from windowed autocorrelations within ±8 % of the song's.

    Parameters
    ----------
    windows : float64 array, shape (windows, lags)
        From a `Tempogram`.
    starts : float64 array, shape (windows,)
        Centre frame of each window.
    period_frames : float
        The song's period.
    frames : int
        Length of the result.
    """
    ratios = np.exp(np.linspace(-0.08, 0.08, 33))
    lags = np.arange(windows.shape[1])
    score = np.stack(
        [
            np.mean(
                [np.interp(ratios * period_frames * m, lags, row, right=0.0) for m in (1, 2, 3, 4)], axis=0
            )
            for row in windows
        ]
    )
    steps = np.abs(np.arange(33)[:, None] - np.arange(33)[None, :])
    cost = 0.01 * steps
    path = _viterbi(score, cost)
    return np.asarray(np.interp(np.arange(frames), starts, period_frames * ratios[path]))


def _viterbi(score: Doubles, cost: Doubles) -> np.ndarray:
    best = score[0].copy()
    back = np.zeros(score.shape, dtype=np.int64)
    for at in range(1, score.shape[0]):
        reached = best[:, None] - cost
        back[at] = np.argmax(reached, axis=0)
        best = reached[back[at], np.arange(cost.shape[0])] + score[at]
    path = np.empty(score.shape[0], dtype=np.int64)
    path[-1] = int(np.argmax(best))
    for at in range(score.shape[0] - 1, 0, -1):
        path[at - 1] = back[at, path[at]]
    return path


def track(envelope: Doubles, periods: Doubles) -> Doubles:
    """Return beat frames by dynamic programming (Ellis, JNMR 2007).

    Each frame's score is its onset strength plus the best score about one
    period earlier, less a penalty for the squared log deviation. As nothing
    closer than half a period is looked at, half a period is computed at once.

    Parameters
    ----------
    envelope : float64 array, shape (frames,)
        From `beat_envelope`.
    periods : float64 array, shape (frames,)
        Expected beat period at each frame, in frames.
    """
    shortest = max(1, int(np.floor(0.5 * periods.min())))
    longest = int(np.ceil(2.0 * periods.max()))
    lags = np.arange(shortest, longest + 1)
    strength = envelope / (envelope.std() + 1e-12)
    total = np.concatenate([np.zeros(longest), strength])
    back = np.full(envelope.size, -1, dtype=np.int64)
    for at in range(0, envelope.size, shortest):
        frames = np.arange(at, min(at + shortest, envelope.size))
        penalty = TIGHTNESS * np.log(lags[None, :] / periods[frames][:, None]) ** 2
        reached = total[frames[:, None] + longest - lags[None, :]] - penalty
        best = np.argmax(reached, axis=1)
        gain = reached[np.arange(frames.size), best]
        total[frames + longest] += np.maximum(gain, 0.0)
        back[frames] = np.where(gain > 0, frames - lags[best], -1)
    ending = total[longest:][-int(periods[-1]) - 1 :]
    at = envelope.size - ending.size + int(np.argmax(ending))
    beats = []
    while at >= 0:
        beats.append(at)
        at = int(back[at])
    return np.asarray(beats[::-1], dtype=np.float64)
