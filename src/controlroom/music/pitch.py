"""Pitch content: tuning, log-frequency spectrum, and chroma by non-negative least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from controlroom.music.spectra import Doubles, Floats, SlowSpectrum

LOWEST_NOTE = 28
HIGHEST_NOTE = 98
BINS_PER_SEMITONE = 3
OVERTONE_DECAY = 0.7
OVERTONES = 16
NNLS_STEPS = 30
TUNING_LOW_HZ = 90.0
TUNING_HIGH_HZ = 1600.0
CHANGE_S = 0.6
LEAST_CHANGE = 0.02
"""Standard deviation of harmonic change below which the harmony counts as standing still."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Offset of the tuning from A = 440 Hz.

    Attributes
    ----------
    cents : float
        −50 to 50.
    confidence : float
        0 to 1: length of the mean vector of the partials' offsets (1: all agree, 0: anywhere).
    """

    cents: float
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Chroma:
    """Pitch classes per time span (frames, beats, or bars).

    Attributes
    ----------
    treble : float64 array, shape (spans, 12)
        From C; notes above about G3, ≥ 0.
    bass : float64 array, shape (spans, 12)
        From C; notes below about C4, ≥ 0.
    """

    treble: Doubles
    bass: Doubles


def estimate_tuning(slow: SlowSpectrum) -> Tuning | None:
    """Return the circular mean of the partials' distances from the equal-tempered grid.

    Spectral peaks of every second frame between 90 Hz and 1.6 kHz are placed
    by a parabola through three log-magnitudes, weighted by the root of their size.

    Returns
    -------
    Tuning or None
        None where there are no partials.
    """
    first, last = int(TUNING_LOW_HZ / slow.bin_hz), int(TUNING_HIGH_HZ / slow.bin_hz)
    levels = slow.magnitudes[::2, first:last]
    if levels.shape[0] == 0 or levels.shape[1] < 3:
        return None
    floor = 0.1 * levels.max(axis=1, keepdims=True) + 1e-7
    mid = levels[:, 1:-1]
    peaks = (mid > levels[:, :-2]) & (mid >= levels[:, 2:]) & (mid > floor)
    row, column = np.nonzero(peaks)
    if row.size < 10:
        return None
    left, top, right = (np.log(levels[row, column + i] + 1e-9).astype(np.float64) for i in range(3))
    bend = np.minimum(left - 2 * top + right, -1e-9)
    exact_hz = (first + column + 1 + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) * slow.bin_hz
    weight = np.exp(0.5 * top)
    vector = np.sum(weight * np.exp(2j * np.pi * 12 * np.log2(exact_hz / 440.0))) / weight.sum()
    return Tuning(float(np.angle(vector) / (2 * np.pi) * 100.0), float(np.abs(vector)))


def note_hz(note: Doubles, tuning_cents: float = 0.0) -> Doubles:
    """Return the frequency of MIDI notes in a tuning."""
    return np.asarray(440.0 * 2.0 ** ((note - 69.0 + tuning_cents / 100.0) / 12.0))


def log_frequency_map(bins: int, bin_hz: float, tuning_cents: float) -> Floats:
    """Return the matrix that reads thirds of semitones off linear bins.

    Triangles around each centre, as wide as the log bin or two linear bins, whichever is more.

    Returns
    -------
    float32 array, shape (bins, log bins)
        Columns sum to 1, or 0 above the spectrum's end.
    """
    steps = (HIGHEST_NOTE - LOWEST_NOTE + 1) * BINS_PER_SEMITONE
    notes = LOWEST_NOTE + (np.arange(steps) - (BINS_PER_SEMITONE - 1) / 2) / BINS_PER_SEMITONE
    centres = note_hz(notes, tuning_cents)
    width = np.maximum(centres * (2 ** (1 / (12 * BINS_PER_SEMITONE)) - 1), bin_hz)
    frequencies = np.arange(bins) * bin_hz
    weight = np.maximum(1.0 - np.abs(frequencies[:, None] - centres[None, :]) / width[None, :], 0.0)
    weight /= np.maximum(weight.sum(axis=0, keepdims=True), 1e-9)
    return weight.astype(np.float32)


def whiten(levels: Floats) -> Floats:
    """Return how far each log bin stands above its surrounding octave, in its standard deviations, ≥ 0.

    Spectral whitening before NNLS (Mauch and Dixon, ISMIR 2010): takes timbre's slope and the drums' breadth out.
    """
    span = 12 * BINS_PER_SEMITONE + 1
    mean = ndimage.uniform_filter1d(levels, span, axis=1, mode="reflect")
    square = ndimage.uniform_filter1d(levels * levels, span, axis=1, mode="reflect")
    spread = np.sqrt(np.maximum(square - mean * mean, 0.0))
    floor = 1e-3 * float(np.sqrt(np.mean(levels * levels))) + 1e-9
    return np.asarray(np.maximum(levels - mean, 0.0) / (spread + floor), dtype=np.float32)


def log_spectrum(slow: SlowSpectrum, tuning_cents: float) -> Floats:
    """Return the whitened log-frequency spectrum, shape (frames, log bins)."""
    matrix = log_frequency_map(slow.magnitudes.shape[1], slow.bin_hz, tuning_cents)
    return whiten(np.sqrt(slow.magnitudes @ matrix))


def tone_dictionary() -> Floats:
    """Return the log-frequency shape of one tone per note, shape (notes, log bins), unit length."""
    notes = HIGHEST_NOTE - LOWEST_NOTE + 1
    shapes = np.zeros((notes, notes * BINS_PER_SEMITONE))
    bins = np.arange(shapes.shape[1])
    for note in range(notes):
        for partial in range(1, OVERTONES + 1):
            centre = (note + 12 * np.log2(partial)) * BINS_PER_SEMITONE + (BINS_PER_SEMITONE - 1) / 2
            shapes[note] += OVERTONE_DECAY ** (partial - 1) * np.maximum(1 - np.abs(bins - centre) / 1.5, 0)
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True)
    return shapes.astype(np.float32)


def note_activity(spectrum: Floats) -> Floats:
    """Return how strongly each note sounds, by non-negative least squares.

    Multiplicative updates (Lee and Seung 1999) of all spans at once.

    Parameters
    ----------
    spectrum : float32 array, shape (spans, log bins)
        From `log_spectrum`, averaged over spans.

    Returns
    -------
    float32 array, shape (spans, notes)
        Notes from `LOWEST_NOTE` up.
    """
    tones = tone_dictionary()
    wanted = spectrum @ tones.T
    gram = tones @ tones.T
    activity = wanted.copy()
    for _ in range(NNLS_STEPS):
        activity *= wanted / (activity @ gram + 1e-6)
    return activity


def _window(notes: Doubles, low: float, high: float, soft: float) -> Doubles:
    rise = np.clip((notes - low) / soft + 0.5, 0.0, 1.0)
    fall = np.clip((high - notes) / soft + 0.5, 0.0, 1.0)
    return np.asarray(rise * fall)


def fold_octaves(activity: Floats) -> Chroma:
    """Return treble and bass chroma of note activities."""
    notes = np.arange(LOWEST_NOTE, HIGHEST_NOTE + 1)
    to_class = np.zeros((notes.size, 12))
    to_class[np.arange(notes.size), notes % 12] = 1.0
    treble = _window(notes.astype(np.float64), 53.0, 88.0, 8.0)
    bass = _window(notes.astype(np.float64), 28.0, 52.0, 8.0)
    return Chroma(activity @ (to_class * treble[:, None]), activity @ (to_class * bass[:, None]))


def average_spans(frames: Floats, hop_s: float, edges_s: Doubles) -> Floats:
    """Return the mean of frames between consecutive times.

    Parameters
    ----------
    frames : float32 array, shape (frames, columns)
    hop_s : float
        Frame ``n`` is centred at ``n * hop_s``.
    edges_s : float64 array, shape (spans + 1,)
        Rising times.

    Returns
    -------
    float32 array, shape (spans, columns)
        A span shorter than a frame takes the frame it lies in.
    """
    edges = np.clip(np.round(edges_s / hop_s).astype(np.int64), 0, frames.shape[0] - 1)
    starts, stops = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    sums = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, axis=0, dtype=np.float64)])
    means = (sums[stops] - sums[starts]) / (stops - starts)[:, None]
    return np.asarray(means, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class HarmonicChange:
    """How much the harmony differs after a moment from before it.

    Attributes
    ----------
    curve : float64 array, shape (points,)
        In standard deviations of the song.
    hop_s : float
        Distance of two points.
    start_s : float
        Time of the first point.
    """

    curve: Doubles
    hop_s: float
    start_s: float

    def at(self, times_s: Doubles) -> Doubles:
        """Return the curve at the nearest points."""
        index = np.round((times_s - self.start_s) / self.hop_s).astype(np.int64)
        return np.asarray(self.curve[np.clip(index, 0, self.curve.size - 1)])


def no_change() -> HarmonicChange:
    """Return the harmonic change of a sound without notes: none, ever."""
    return HarmonicChange(np.zeros(1), 1.0, 0.0)


def harmonic_change(chroma: Chroma, hop_s: float, first_s: float) -> HarmonicChange:
    """Return one minus the cosine between the chroma of 0.6 s before and 0.6 s after each moment.

    Parameters
    ----------
    chroma : Chroma
        Per frame.
    hop_s : float
        Frame distance.
    first_s : float
        Centre of the first frame.
    """
    both = np.sqrt(np.hstack([chroma.treble, chroma.bass]).astype(np.float64))
    count = both.shape[0]
    sums = np.vstack([np.zeros((1, both.shape[1])), np.cumsum(both, axis=0)])
    at = np.arange(count + 1)
    reach = max(1, round(CHANGE_S / hop_s))
    before = sums - sums[np.maximum(at - reach, 0)]
    after = sums[np.minimum(at + reach, count)] - sums
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    cosine = np.einsum("tc,tc->t", before, after) / np.maximum(lengths, 1e-12)
    change = np.where(lengths > 0, 1.0 - cosine, 0.0)
    curve = (change - change.mean()) / max(float(change.std()), LEAST_CHANGE)
    return HarmonicChange(np.asarray(curve), hop_s, first_s - 0.5 * hop_s)


@dataclass(frozen=True, slots=True, eq=False)
class NoteFrames:
    """Note activity over time.

    Attributes
    ----------
    activity : float32 array, shape (frames, notes)
        Notes from `LOWEST_NOTE` up, ≥ 0.
    hop_s : float
        Frame distance.
    first_s : float
        Centre of frame 0.
    """

    activity: Floats
    hop_s: float
    first_s: float

    def average(self, edges_s: Doubles) -> Floats:
        """Return the mean activity between consecutive times."""
        return average_spans(self.activity, self.hop_s, edges_s - self.first_s)


def note_frames(spectrum: Floats, hop_s: float) -> NoteFrames:
    """Return note activity for pairs of frames (about every 93 ms).

    Parameters
    ----------
    spectrum : float32 array, shape (frames, log bins)
        From `log_spectrum`.
    hop_s : float
        Its frame distance.
    """
    pairs = spectrum.shape[0] // 2
    if pairs == 0:
        return NoteFrames(note_activity(spectrum), hop_s, 0.0)
    halved = spectrum[: 2 * pairs].reshape(pairs, 2, -1).mean(axis=1)
    return NoteFrames(note_activity(halved), 2 * hop_s, 0.5 * hop_s)
