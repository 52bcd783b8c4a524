"""Where the energy lies: one short-time Fourier pass that every spectral ear shares.

The pass keeps, for each frame, the power of mid and side in third-octave bands
and under the K-weighting; what needs finer bins is averaged over the song on
the way. A 3.5-minute stereo song costs about a third of a second and 2 MB.

Powers are mean squares: the bands of a full-scale sine sum to 0.5 (−3.01 dB),
pink noise is level in third-octave bands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from controlroom.model.audio import Samples

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

POWER_FLOOR = 1e-20
"""Power that stands for nothing at all: −200 dB."""

NOMINAL_HZ = (
    20.0, 25.0, 31.5, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0, 500.0, 630.0,
    800.0, 1000.0, 1250.0, 1600.0, 2000.0, 2500.0, 3150.0, 4000.0, 5000.0, 6300.0, 8000.0, 10000.0, 12500.0,
    16000.0, 20000.0,
)  # fmt: skip
"""Nominal third-octave mid-frequencies of IEC 61260-1, 20 Hz to 20 kHz."""

_FRAME_S = 0.25
_BATCH_FRAMES = 16
_SHORT_TERM_S = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class BandSpectra:
    """What one short-time Fourier pass over a sound keeps.

    Parameters
    ----------
    rate_hz, frame_frames, hop_frames : int
        Rate of the sound; length and distance of the analysis frames.
    centres_hz : ndarray, shape (bands,)
        Exact base-ten mid-frequencies of the third-octave bands that lie whole
        below the Nyquist frequency; ``nominal_hz`` holds their everyday names.
    mid, side, cross : ndarray of float32, shape (stft_frames, bands)
        Power of M = (L+R)/2, of S = (L−R)/2, and Re(M·S*). For a mono sound M
        is the sound, and the other two are zero.
    loud_mid, loud_side : ndarray of float32, shape (stft_frames,)
        K-weighted power over all bins.
    mean_mid, mean_side : ndarray of float64, shape (bins,)
        Power per bin, averaged over the song.
    """

    rate_hz: int
    frame_frames: int
    hop_frames: int
    centres_hz: Floats
    nominal_hz: Floats
    mid: Singles
    side: Singles
    cross: Singles
    loud_mid: Singles
    loud_side: Singles
    mean_mid: Floats
    mean_side: Floats

    @property
    def bin_hz(self) -> float:
        """Distance of two bins in hertz."""
        return self.rate_hz / self.frame_frames

    @property
    def frames_s(self) -> Floats:
        """Centre of each analysis frame in seconds, shape (stft_frames,)."""
        starts = np.arange(self.mid.shape[0]) * self.hop_frames
        return np.asarray((starts + self.frame_frames / 2) / self.rate_hz)

    def between(self, low_hz: float, high_hz: float) -> Mask:
        """Return which bands have their nominal mid-frequency in [low_hz, high_hz]."""
        return np.asarray((self.nominal_hz >= low_hz) & (self.nominal_hz <= high_hz))


def decibels(power: npt.ArrayLike) -> Floats:
    """Return 10·log10 of a power, with nothing at all at −200 dB."""
    return np.asarray(10.0 * np.log10(np.maximum(np.asarray(power, dtype=np.float64), POWER_FLOOR)))


def third_octave_centres(rate_hz: int) -> Floats:
    """Return the exact mid-frequencies whose whole band lies below Nyquist.

    References
    ----------
    IEC 61260-1:2014, 5.2: base-ten bands, f = 1000·10^(n/10), edges at ·10^(±1/20).
    """
    centres = 1000.0 * 10.0 ** (np.arange(-17, 14) / 10.0)
    return np.asarray(centres[centres * 10**0.05 <= rate_hz / 2])


def band_weights(edges_low_hz: Floats, edges_high_hz: Floats, bin_hz: float, bins: int) -> Floats:
    """Return the share of each bin in each band, shape (bins, bands).

    A bin stands for the hertz from half a bin below it to half a bin above, so
    narrow bands at the low end get fractions of bins instead of none.
    """
    low = (np.arange(bins) - 0.5)[:, None] * bin_hz
    overlap = np.minimum(low + bin_hz, edges_high_hz) - np.maximum(low, edges_low_hz)
    return np.asarray(np.clip(overlap / bin_hz, 0.0, 1.0))


def k_weighting_power(freq_hz: npt.ArrayLike) -> Floats:
    """Return the power gain of the K-weighting at ``freq_hz``.

    The two sections of BS.1770-5, Annex 1, tables 1 and 2, evaluated on the
    unit circle at 48 kHz; above 24 kHz the value at 24 kHz is held.
    """
    z = np.exp(-2j * np.pi * np.minimum(np.asarray(freq_hz, dtype=np.float64), 24000.0) / 48000.0)
    shelf_up = 1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2
    shelf_down = 1.0 - 1.69065929318241 * z + 0.73248077421585 * z**2
    high_up = 1.0 - 2.0 * z + z**2
    high_down = 1.0 - 1.99004745483398 * z + 0.99007225036621 * z**2
    return np.asarray(np.abs(shelf_up * high_up / (shelf_down * high_down)) ** 2)


def band_spectra(samples: Samples, rate_hz: int) -> BandSpectra:
    """Measure a whole sound in one short-time Fourier pass.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        One or two channels; a sound shorter than one frame is padded with zeros.
    rate_hz : int
        Its rate, > 0.

    Notes
    -----
    Hann frames of the next power of two above 0.25 s (16 384 at 44.1 and
    48 kHz: 2.7 to 2.9 Hz per bin), half overlapped. A constant offset reaches
    bins 0 and 1 only. What is left over at the end, less than one hop, is not
    measured.
    """
    frame = 1 << int(np.ceil(np.log2(_FRAME_S * rate_hz)))
    hop = frame // 2
    if samples.shape[1] < frame:
        samples = np.pad(samples, ((0, 0), (0, frame - samples.shape[1])))
    count = 1 + (samples.shape[1] - frame) // hop
    centres = third_octave_centres(rate_hz)
    k_weights = k_weighting_power(np.arange(hop + 1) * rate_hz / frame).astype(np.float32)
    edges = _BandEdges.of(centres, rate_hz / frame)
    pairs = 1 if samples.shape[0] == 1 else 2
    bands = np.zeros((3, count, centres.size), dtype=np.float32)
    loud = np.zeros((2, count), dtype=np.float32)
    means = np.zeros((2, hop + 1))
    for first in range(0, count, _BATCH_FRAMES):
        last = min(first + _BATCH_FRAMES, count)
        spectra = _frame_spectra(samples, first, last, frame)
        for index in range(pairs):
            power = spectra[index].real ** 2 + spectra[index].imag ** 2
            bands[index, first:last] = edges.sums(power)
            # no matrix product: its library would start threads for a few microseconds of work
            loud[index, first:last] = np.einsum("fb,b->f", power, k_weights)
            means[index] += power.sum(axis=0, dtype=np.float64)
        if pairs == 2:
            cross = spectra[0].real * spectra[1].real + spectra[0].imag * spectra[1].imag
            bands[2, first:last] = edges.sums(cross)
    return BandSpectra(
        rate_hz=rate_hz,
        frame_frames=frame,
        hop_frames=hop,
        centres_hz=centres,
        nominal_hz=np.array(NOMINAL_HZ[: centres.size]),
        mid=bands[0],
        side=bands[1],
        cross=bands[2],
        loud_mid=loud[0],
        loud_side=loud[1],
        mean_mid=means[0] / count,
        mean_side=means[1] / count,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _BandEdges:
    """Where adjoining bands meet: the bin that holds each edge, and the share of it below the edge."""

    bins: npt.NDArray[np.int64]
    below: Singles

    @classmethod
    def of(cls, centres_hz: Floats, bin_hz: float) -> _BandEdges:
        edges = np.append(centres_hz * 10**-0.05, centres_hz[-1:] * 10**0.05) / bin_hz + 0.5
        whole = np.floor(edges).astype(np.int64)
        return cls(whole, (edges - whole).astype(np.float32))

    def sums(self, power: Singles) -> Singles:
        """Return band powers, shape (frames, bands): the same as ``power @ band_weights(...)``."""
        at_edges = power[:, self.bins] * self.below
        # reduceat gives the bin itself where two edges share it: nothing lies between them
        whole = np.add.reduceat(power, self.bins, axis=1)[:, :-1] * (np.diff(self.bins) > 0)
        return np.asarray(whole + at_edges[:, 1:] - at_edges[:, :-1])


def _frame_spectra(samples: Samples, first: int, last: int, frame: int) -> npt.NDArray[np.complex64]:
    """Return scaled spectra of frames first to last, shape (mid and side, frames, bins)."""
    hop = frame // 2
    part = samples[:, first * hop : (last - 1) * hop + frame]
    if part.shape[0] > 1:
        part = np.stack([part[0] + part[1], part[0] - part[1]]) * np.float32(0.5)
    window = _hann(frame)
    views = np.lib.stride_tricks.sliding_window_view(part, frame, axis=1)[:, ::hop]
    # float32 in, complex64 out: one-sided powers then sum to the mean square
    return np.asarray(fft.rfft(views * window, axis=-1), dtype=np.complex64)


def _hann(frame: int) -> Singles:
    """Return a periodic Hann window scaled so that one-sided bin powers sum to the mean square."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(frame) / frame)
    return np.asarray(window * np.sqrt(2.0 / (frame * np.sum(window**2))), dtype=np.float32)


def loudest_frames(spectra: BandSpectra, share: float = 1 / 3) -> Mask:
    """Return which analysis frames make up the loudest ``share`` of the song.

    Frames are ranked by K-weighted power smoothed over 3 s, the length of
    EBU short-term loudness, so the answer is a few long stretches (choruses),
    not single beats.

    Parameters
    ----------
    share : float
        0 to 1; at least one frame is always returned.

    Returns
    -------
    ndarray of bool, shape (stft_frames,)
    """
    loud = (spectra.loud_mid + spectra.loud_side).astype(np.float64)
    width = max(1, min(loud.size, round(_SHORT_TERM_S * spectra.rate_hz / spectra.hop_frames)))
    sums = np.concatenate([[0.0], np.cumsum(loud)])
    start = np.clip(np.arange(loud.size) - width // 2, 0, loud.size - width)
    smooth = (sums[start + width] - sums[start]) / width
    wanted = max(1, round(share * loud.size))
    order = np.argsort(-smooth, kind="stable")
    mask = np.zeros(loud.size, dtype=np.bool_)
    mask[order[:wanted]] = True
    return mask


def third_octave_levels(spectra: BandSpectra, frames: Mask | None = None) -> Floats:
    """Return third-octave levels in dBFS over all channels, shape (bands,).

    The power averaged over the chosen frames (all by default) and over
    channels: (L² + R²)/2 = M² + S².
    """
    chosen = slice(None) if frames is None else frames
    mid = spectra.mid[chosen].mean(axis=0, dtype=np.float64)
    side = spectra.side[chosen].mean(axis=0, dtype=np.float64)
    return decibels(mid + side)


def octave_fraction_levels(
    spectra: BandSpectra, per_octave: int = 12, low_hz: float = 20.0
) -> tuple[Floats, Floats]:
    """Return frequencies and whole-song levels in 1/``per_octave``-octave bands, for drawing.

    Bands narrower than two bins at the low end are widened to two bins; the
    level is then scaled back to the band's own width.
    """
    top = min(20000.0, spectra.rate_hz / 2.2)
    count = int(np.floor(np.log2(top / low_hz) * per_octave)) + 1
    centres = low_hz * 2.0 ** (np.arange(count) / per_octave)
    half = np.maximum(centres * (2 ** (0.5 / per_octave) - 1), spectra.bin_hz)
    power = (spectra.mean_mid + spectra.mean_side) @ band_weights(
        centres - half, centres + half, spectra.bin_hz, spectra.mean_mid.size
    )
    own_width = centres * (2 ** (0.5 / per_octave) - 2 ** (-0.5 / per_octave))
    return centres, decibels(power * own_width / (2 * half))


def broadband_gain_db(levels_db: Floats, target_db: Floats, fit: Mask) -> float:
    """Return the one gain that best lays ``target_db`` over ``levels_db``, in dB.

    The median of the differences over the bands in ``fit``: bands that are far
    off are what is looked for, so they must not pull the fit towards themselves.
    """
    return float(np.median((levels_db - target_db)[fit])) if np.any(fit) else 0.0


def outside_db(residual_db: Floats, low_db: Floats, high_db: Floats) -> Floats:
    """Return how far each residual lies outside [low, high]: negative below, 0 inside."""
    return np.asarray(residual_db - np.clip(residual_db, low_db, high_db))


def infrasonic_power(samples: Samples, rate_hz: int, below_hz: float = 20.0) -> float:
    """Return the mean-square power between 3 Hz and ``below_hz``, over channels.

    Averaging to about 1.5 kHz (its own zeros hold what folds down, by 37 dB or
    more), then Welch's method with 2 s Blackman-Harris frames, whose side lobes
    stay 92 dB down: a loud bass note at 30 Hz can't pass for rumble.

    References
    ----------
    F. J. Harris, "On the use of windows for harmonic analysis with the discrete
    Fourier transform", Proc. IEEE 66 (1978): four-term window, −92 dB.
    """
    step = max(1, rate_hz // 1500)
    whole = samples.shape[1] // step
    low = samples[:, : whole * step].reshape(samples.shape[0], whole, step).mean(axis=2, dtype=np.float32)
    rate = rate_hz / step
    frame = round(2.0 * rate)
    if low.shape[1] < frame:
        low = np.pad(low, ((0, 0), (0, frame - low.shape[1])))
    turns = 2.0 * np.pi * np.arange(frame) / frame
    window = 0.35875 - 0.48829 * np.cos(turns) + 0.14128 * np.cos(2 * turns) - 0.01168 * np.cos(3 * turns)
    views = np.lib.stride_tricks.sliding_window_view(low, frame, axis=1)[:, :: frame // 2]
    power = np.mean(np.abs(fft.rfft(views * window, axis=-1)) ** 2, axis=(0, 1))
    power *= 2.0 / (frame * np.sum(window**2))
    freq = np.arange(power.size) * rate / frame
    return float(np.sum(power[(freq >= 3.0) & (freq < below_hz)]))


def erb_number(freq_hz: npt.ArrayLike) -> Floats:
    """Return the place on the ERB-rate scale of ``freq_hz``.

    References
    ----------
    B. R. Glasberg and B. C. J. Moore, "Derivation of auditory filter shapes from
    notched-noise data", Hearing Research 47 (1990), eq. 4.
    """
    return np.asarray(21.4 * np.log10(1.0 + 0.00437 * np.asarray(freq_hz, dtype=np.float64)))


def erb_frequency(number: npt.ArrayLike) -> Floats:
    """Return the frequency in hertz at a place on the ERB-rate scale."""
    return np.asarray((10.0 ** (np.asarray(number, dtype=np.float64) / 21.4) - 1.0) / 0.00437)


def erb_edges(low_hz: float, high_hz: float, bands: int) -> Floats:
    """Return ``bands + 1`` edges in hertz, evenly spaced on the ERB-rate scale."""
    return erb_frequency(np.linspace(float(erb_number(low_hz)), float(erb_number(high_hz)), bands + 1))
