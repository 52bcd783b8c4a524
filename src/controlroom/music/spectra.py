"""The two spectrograms that every musical measurement shares.

Rhythm needs fine time and pitch needs fine frequency, so one decimated mono
signal is looked at twice: *fast* (46 ms windows, 11.6 ms hop, log-spaced
bands) and *slow* (a quarter of the rate, 372 ms windows, 46 ms hop, linear bins).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

BASE_RATE_HZ = 22050.0
FAST_WINDOW_S = 1024 / 22050
FAST_HOP_S = 256 / 22050
SLOW_RATE_HZ = 5512.0
SLOW_WINDOW_S = 2048 / 5512.5
SLOW_HOP_S = 256 / 5512.5
BANDS_PER_OCTAVE = 12
LOWEST_BAND_HZ = 30.0
HIGHEST_BAND_HZ = 11000.0
COMPRESSION = 300.0
"""Gain before log1p: a bin at the song's typical magnitude reads ln(301); 50 dB below it reads 0.7."""
SILENCE_POWER = 1e-9
"""Mean square of -90 dBFS: below it there is nothing to hear."""
BLOCK_FRAMES = 1024


@dataclass(frozen=True, slots=True, eq=False)
class FastSpectrum:
    """Log-magnitudes in log-spaced bands.

    Attributes
    ----------
    levels : float32 array, shape (frames, bands)
        ``log1p(COMPRESSION * magnitude / reference)``; independent of the song's gain.
    centres_hz : float64 array, shape (bands,)
        Centre frequency of each band.
    hop_s : float
        Time from one frame's centre to the next; frame 0 is centred at 0 s.
    power : float32 array, shape (frames,)
        Power of each frame relative to the song's typical frame.
    """

    levels: Floats
    centres_hz: Doubles
    hop_s: float
    power: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SlowSpectrum:
    """Linear magnitudes with the resolution that pitch needs.

    Attributes
    ----------
    magnitudes : float32 array, shape (frames, bins)
        Relative to the song's typical frame, so independent of gain.
    bin_hz : float
        Distance of two bins.
    hop_s : float
        Time from one frame's centre to the next; frame 0 is centred at 0 s.
    """

    magnitudes: Floats
    bin_hz: float
    hop_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Both looks at one sound; see `look`."""

    fast: FastSpectrum
    slow: SlowSpectrum
    duration_s: float
    silent: bool


def to_mono(samples: Floats) -> Floats:
    """Return one channel that holds the music, whatever the polarity of the channels.

    The mean of the channels, or, where that cancels (less than a tenth of the
    power is left), half the difference of the first two.

    Parameters
    ----------
    samples : float32 array, shape (channels, frames) or (frames,)
    """
    if samples.ndim == 1:
        return np.asarray(samples, dtype=np.float32)
    if samples.shape[0] == 1:
        return np.asarray(samples[0], dtype=np.float32)
    mid = np.asarray(np.mean(samples, axis=0, dtype=np.float32), dtype=np.float32)
    total = float(np.mean([np.vdot(channel, channel) for channel in samples]))
    if float(np.vdot(mid, mid)) >= 0.1 * total:
        return mid
    return np.asarray(0.5 * (samples[0] - samples[1]), dtype=np.float32)


def decimate(mono: Floats, factor: int) -> Floats:
    """Return every ``factor``-th sample of the low-passed signal (polyphase FIR, zero phase)."""
    from scipy import signal  # late: it brings scipy.stats along, a second of CPU

    if factor <= 1:
        return mono
    half = 10 * factor
    taps = signal.firwin(2 * half + 1, 0.92 / factor, window=("kaiser", 6.0)).astype(np.float32)
    kept = -(-mono.shape[0] // factor)
    # the filter's middle meets sample 0 after `half` inputs, which are ten outputs
    return np.asarray(signal.upfirdn(taps, mono, 1, factor)[10 : 10 + kept], dtype=np.float32)


def band_edges(rate_hz: float, bin_hz: float) -> NDArray[np.int64]:
    """Return the first bin of each log-spaced band, and the end of the last.

    Twelve bands per octave from 30 Hz to 11 kHz or the Nyquist frequency,
    each at least one bin wide.
    """
    top_hz = min(HIGHEST_BAND_HZ, 0.49 * rate_hz)
    octaves = np.log2(top_hz / LOWEST_BAND_HZ)
    edges_hz = LOWEST_BAND_HZ * 2.0 ** (np.arange(int(octaves * BANDS_PER_OCTAVE) + 1) / BANDS_PER_OCTAVE)
    edges = np.unique(np.round(edges_hz / bin_hz).astype(np.int64))
    return edges[edges >= 1]


def _framed(mono: Floats, length: int, hop: int) -> Floats:
    """Return overlapping windows centred at 0, hop, 2 hop ... (a view of a zero-padded copy)."""
    padded = np.pad(mono, (length // 2, length))
    frames = 1 + mono.shape[0] // hop
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::hop][:frames]


def _reference(power: Doubles) -> float:
    """Return the power of a typical sounding frame: Σp²/Σp, which silence does not move."""
    total = float(power.sum())
    return float((power * power).sum()) / total if total > 0 else 0.0


def _fast(mono: Floats, rate_hz: float) -> FastSpectrum:
    length = fft.next_fast_len(round(FAST_WINDOW_S * rate_hz), real=True)
    hop = max(1, round(FAST_HOP_S * rate_hz))
    bin_hz = rate_hz / length
    edges = band_edges(rate_hz, bin_hz)
    window = np.hanning(length).astype(np.float32)
    frames = _framed(mono, length, hop)
    sums = np.empty((frames.shape[0], edges.size - 1), dtype=np.float32)
    for at in range(0, frames.shape[0], BLOCK_FRAMES):
        spectrum = np.abs(fft.rfft(frames[at : at + BLOCK_FRAMES] * window, axis=1))
        sums[at : at + BLOCK_FRAMES] = np.add.reduceat(spectrum[:, : edges[-1]], edges[:-1], axis=1)
    sums /= np.sqrt(np.diff(edges)).astype(np.float32)
    power = np.einsum("fb,fb->f", sums, sums, dtype=np.float64)
    reference = _reference(power)
    scale = COMPRESSION / np.sqrt(reference / sums.shape[1]) if reference > 0 else 0.0
    levels = np.log1p(sums * np.float32(scale))
    relative = power / reference if reference > 0 else power
    centres = np.sqrt(edges[:-1] * edges[1:].astype(np.float64)) * bin_hz
    return FastSpectrum(levels, centres, hop / rate_hz, relative.astype(np.float32))


def _slow(mono: Floats, rate_hz: float) -> SlowSpectrum:
    length = fft.next_fast_len(round(SLOW_WINDOW_S * rate_hz), real=True)
    hop = max(1, round(SLOW_HOP_S * rate_hz))
    window = np.hanning(length).astype(np.float32)
    frames = _framed(mono, length, hop)
    bins = min(length // 2 + 1, int(2700.0 * length / rate_hz))
    magnitudes = np.empty((frames.shape[0], bins), dtype=np.float32)
    for at in range(0, frames.shape[0], BLOCK_FRAMES):
        spectrum = fft.rfft(frames[at : at + BLOCK_FRAMES] * window, axis=1)
        magnitudes[at : at + BLOCK_FRAMES] = np.abs(spectrum[:, :bins])
    power = np.einsum("fb,fb->f", magnitudes, magnitudes, dtype=np.float64)
    reference = _reference(power)
    if reference > 0:
        magnitudes *= np.float32(1.0 / np.sqrt(reference))
    return SlowSpectrum(magnitudes, rate_hz / length, hop / rate_hz)


def look(samples: Floats, rate_hz: int) -> Spectra:
    """Return both spectrograms of a sound.

    Parameters
    ----------
    samples : float32 array, shape (channels, frames) or (frames,)
        Full scale is ±1. May be empty or silent.
    rate_hz : int
        Sample rate, 8 kHz and up.

    Returns
    -------
    Spectra
        ``silent`` is set below -90 dBFS RMS of the loudest tenth of a second.
    """
    mono = to_mono(samples)
    duration_s = mono.shape[0] / rate_hz
    base = decimate(mono, max(1, int(rate_hz // BASE_RATE_HZ)))
    base_rate_hz = rate_hz / max(1, int(rate_hz // BASE_RATE_HZ))
    slow_factor = max(1, int(base_rate_hz // SLOW_RATE_HZ))
    low = decimate(base, slow_factor)
    step = max(1, round(0.1 * base_rate_hz))
    loudest = max(
        (
            float(np.vdot(base[at : at + step], base[at : at + step])) / step
            for at in range(0, base.shape[0], step)
        ),
        default=0.0,
    )
    silent = loudest < SILENCE_POWER
    return Spectra(_fast(base, base_rate_hz), _slow(low, base_rate_hz / slow_factor), duration_s, silent)
