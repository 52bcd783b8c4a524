"""Scores of evaluation: pure functions of arrays, no files, no detectors.

Beats, keys, chords and boundaries are scored by ``mir_eval`` in the evaluation
itself; what is here is what it lacks, or what tests need without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal, stats

Floats = npt.NDArray[np.float64]

SILENT_DB = -100.0


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and F of a matching."""

    precision: float
    recall: float
    f: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % confidence interval."""

    value: float
    low: float
    high: float


def si_sdr_db(estimate: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Return the scale-invariant signal-to-distortion ratio in dB, over all channels together.

    References
    ----------
    J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR – half-baked or well
    done?", ICASSP 2019, eq. 5. Means are not removed.
    """
    s = np.asarray(reference, dtype=np.float64).ravel()
    e = np.asarray(estimate, dtype=np.float64).ravel()
    if s.size != e.size:
        raise ValueError(f"estimate has {e.size} samples, the reference {s.size}")
    energy = float(np.dot(s, s))
    if energy == 0:
        raise ValueError("the reference is silent")
    target = np.dot(e, s) / energy * s
    noise = float(np.sum((e - target) ** 2))
    return float(10 * np.log10((np.dot(target, target) + 1e-30) / (noise + 1e-30)))


def sdr_db(estimate: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Return the plain signal-to-distortion ratio in dB: gain errors count."""
    s = np.asarray(reference, dtype=np.float64)
    noise = float(np.sum((np.asarray(estimate, dtype=np.float64) - s) ** 2))
    return float(10 * np.log10((np.sum(s**2) + 1e-30) / (noise + 1e-30)))


def log_spectral_distance_db(
    estimate: npt.ArrayLike,
    reference: npt.ArrayLike,
    rate_hz: int,
    *,
    floor_db: float = -60.0,
    free_gain: bool = False,
) -> float:
    """Return the log-spectral distance in dB: RMS over bins, mean over frames.

    Hann frames of 2048 at 44.1 and 48 kHz, half overlapped; powers below
    ``floor_db`` under the loudest bin of the reference count as that floor, so
    silence against near-silence costs nothing.

    Parameters
    ----------
    free_gain : bool
        Take the best broadband gain (in the log domain) out first.

    References
    ----------
    A. H. Gray, J. D. Markel, "Distance measures for speech processing", IEEE
    Trans. ASSP 24 (1976).
    """
    frame = 1 << round(np.log2(0.0464 * rate_hz))
    powers = []
    for sound in (estimate, reference):
        x = np.atleast_2d(np.asarray(sound, dtype=np.float64))
        _, _, spectra = signal.stft(x, rate_hz, nperseg=frame, noverlap=frame // 2, boundary=None)
        powers.append(np.mean(np.abs(spectra) ** 2, axis=0))
    count = min(p.shape[1] for p in powers)
    floor = powers[1].max() * 10 ** (floor_db / 10) + 1e-30
    a, b = (10 * np.log10(np.maximum(p[:, :count], floor)) for p in powers)
    heard = b > 10 * np.log10(floor) + 1e-9
    difference = a - b
    if free_gain and np.any(heard):
        difference = np.where(heard, difference - np.median(difference[heard]), difference)
    frames = np.any(heard, axis=0)
    if not np.any(frames):
        return 0.0
    return float(np.mean(np.sqrt(np.mean(difference[:, frames] ** 2, axis=0))))


def matches(estimated: npt.ArrayLike, truth: npt.ArrayLike, window: float) -> int:
    """Return the size of the largest one-to-one matching within ``window``.

    Greedy from the left is optimal for sorted points on a line.
    """
    found = np.sort(np.asarray(estimated, dtype=np.float64))
    real = np.sort(np.asarray(truth, dtype=np.float64))
    i = j = count = 0
    while i < found.size and j < real.size:
        if abs(found[i] - real[j]) <= window:
            count, i, j = count + 1, i + 1, j + 1
        elif found[i] < real[j]:
            i += 1
        else:
            j += 1
    return count


def event_scores(estimated: npt.ArrayLike, truth: npt.ArrayLike, window_s: float = 0.05) -> Scores:
    """Return precision, recall and F of events (onsets at ±50 ms; beats at ±70 ms; boundaries at 0.5 or 3 s)."""
    found, real = np.size(estimated), np.size(truth)
    if found == 0 and real == 0:
        return Scores(1.0, 1.0, 1.0)
    hit = matches(estimated, truth, window_s)
    precision, recall = (hit / found if found else 0.0), (hit / real if real else 0.0)
    f = 2 * precision * recall / (precision + recall) if hit else 0.0
    return Scores(precision, recall, f)


def tempo_is_right(
    estimated_bpm: float, truth_bpm: float, *, tolerance: float = 0.01, octave: bool = False
) -> bool:
    """Whether a tempo is within ``tolerance`` (a share), with ``octave`` also at half or double."""
    ratios = (0.5, 1.0, 2.0) if octave else (1.0,)
    return any(abs(estimated_bpm / (ratio * truth_bpm) - 1) <= tolerance for ratio in ratios)


def overlap_share(found: tuple[float, float], planted: Sequence[tuple[float, float]]) -> float:
    """Return the share of a found span that lies in planted spans (which may overlap each other)."""
    start, end = found
    if end <= start:
        return float(any(a <= start <= b for a, b in planted))
    edges = np.linspace(start, end, 1001)
    middle = (edges[1:] + edges[:-1]) / 2
    inside = np.zeros(middle.size, dtype=bool)
    for a, b in planted:
        inside |= (middle >= a) & (middle <= b)
    return float(np.mean(inside))


def share_interval(hits: int, trials: int) -> Interval:
    """Return a share with its exact 95 % interval.

    References
    ----------
    C. J. Clopper, E. S. Pearson, Biometrika 26 (1934).
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} hits of {trials} trials is no share")
    low = stats.beta.ppf(0.025, hits, trials - hits + 1) if hits else 0.0
    high = stats.beta.ppf(0.975, hits + 1, trials - hits) if hits < trials else 1.0
    return Interval(hits / trials, float(low), float(high))


def rate_interval(events: int, tracks: int) -> Interval:
    """Return events per track with the exact 95 % interval of a Poisson rate.

    References
    ----------
    F. Garwood, Biometrika 28 (1936).
    """
    if events < 0 or tracks <= 0:
        raise ValueError(f"{events} events in {tracks} tracks is no rate")
    low = stats.chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    high = stats.chi2.ppf(0.975, 2 * events + 2) / 2
    return Interval(events / tracks, float(low / tracks), float(high / tracks))


def strength_at_half_recall(strengths: Sequence[float], recalls: Sequence[float]) -> float | None:
    """Return the strength at which recall first passes one half, interpolated; None when it never does.

    ``strengths`` are in order of grade and may rise or fall (a low-pass gets
    worse downwards). When the weakest is already found by half, that is returned.
    """
    if not recalls or max(recalls) < 0.5:
        return None
    at = next(i for i, recall in enumerate(recalls) if recall >= 0.5)
    if at == 0:
        return float(strengths[0])
    before, after = recalls[at - 1], recalls[at]
    share = (0.5 - before) / (after - before)
    return float(strengths[at - 1] + share * (strengths[at] - strengths[at - 1]))


def onset_strength_ratio(
    processed: npt.ArrayLike, original: npt.ArrayLike, onsets_s: npt.ArrayLike, rate_hz: int
) -> float:
    """Return how much of the rise at onsets is left, in dB (0 is all of it), in the median over onsets.

    The rise is the energy of the 10 ms after an onset over that of 10 ms that
    end 2 ms before it.
    """

    def rises(sound: npt.ArrayLike) -> Floats:
        power = np.sum(np.atleast_2d(np.asarray(sound, dtype=np.float64)) ** 2, axis=0)
        total = np.concatenate([[0.0], np.cumsum(power)])
        window, guard = int(0.01 * rate_hz), int(0.002 * rate_hz)
        at = np.round(np.asarray(onsets_s) * rate_hz).astype(int)
        at = at[(at > window + guard) & (at + window < power.size)]
        after = total[at + window] - total[at]
        before = total[at - guard] - total[at - guard - window]
        return np.asarray(10 * np.log10((after + 1e-12) / (before + 1e-12)))

    return float(np.median(rises(processed) - rises(original)))
