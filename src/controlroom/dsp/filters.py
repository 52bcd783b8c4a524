"""Filters that shift nothing: zero-phase finite impulse responses from magnitude curves.

A processor designs a response once, as a curve in dB over frequency, and runs
it by fast convolution on blocks that carry their own context. The response is
symmetric about its own centre, so nothing is delayed and no phase is turned.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import fft

from controlroom.dsp.spectrum import Floats
from controlroom.model.audio import Samples

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ZeroPhaseFilter:
    """A symmetric impulse response, ready for fast convolution.

    Parameters
    ----------
    half : ndarray of float64, shape (reach + 1,)
        The response from its centre outwards: ``half[0]`` is the centre tap,
        ``half[k]`` stands at +k and at −k.
    """

    half: Floats
    _spectra: dict[int, Singles] = field(default_factory=dict, repr=False)

    @property
    def reach_frames(self) -> int:
        """How many frames on either side an output sample depends on."""
        return int(self.half.size - 1)

    def spectrum(self, size: int) -> Singles:
        """Return the real frequency response on ``size // 2 + 1`` bins; kept, as blocks are alike."""
        if size not in self._spectra:
            taps = np.zeros(size)
            taps[: self.half.size] = self.half
            taps[size - self.reach_frames :] += self.half[:0:-1]
            self._spectra[size] = fft.rfft(taps).real.astype(np.float32)
        return self._spectra[size]

    def gain_db(self, freq_hz: npt.ArrayLike, rate_hz: int) -> Floats:
        """Return the gain that the filter truly has at ``freq_hz``, in dB."""
        freq = np.atleast_1d(np.asarray(freq_hz, dtype=np.float64))
        turns = 2.0 * np.pi * freq / rate_hz
        phases = np.cos(turns[:, None] * np.arange(1, self.half.size))
        gain = np.abs(self.half[0] + 2.0 * phases @ self.half[1:])
        return np.asarray(20.0 * np.log10(np.maximum(gain, 1e-10)))


def zero_phase_filter(gain: Floats, reach_frames: int, beta: float = 6.0) -> ZeroPhaseFilter:
    """Design a zero-phase filter from a magnitude on a uniform grid from 0 to Nyquist.

    The inverse transform of the real magnitude is its impulse response; a
    Kaiser window cuts it to ``reach_frames`` on either side.

    Parameters
    ----------
    gain : ndarray, shape (n + 1,)
        Linear gain at 0, Nyquist/n, …, Nyquist. ``n`` ≥ ``reach_frames``.
    reach_frames : int
        Taps kept on either side of the centre.
    beta : float
        Kaiser window parameter: 6 holds the ripple near −63 dB.

    References
    ----------
    A. V. Oppenheim and R. W. Schafer, *Discrete-Time Signal Processing*, 3rd
    ed., 7.5 (windowed design) and 7.5.3 (Kaiser).
    """
    if gain.size - 1 < reach_frames:
        raise ValueError(f"a grid of {gain.size} points can't hold a reach of {reach_frames} frames")
    response = fft.irfft(gain, n=2 * (gain.size - 1))[: reach_frames + 1]
    window = np.kaiser(2 * reach_frames + 1, beta)[reach_frames:]
    return ZeroPhaseFilter(np.asarray(response * window, dtype=np.float64))


def from_curve_db(curve_db: Floats, reach_frames: int) -> ZeroPhaseFilter:
    """Design a zero-phase filter from gains in dB on a uniform grid from 0 to Nyquist."""
    return zero_phase_filter(np.asarray(10.0 ** (curve_db / 20.0)), reach_frames)


def grid_hz(rate_hz: int, reach_frames: int) -> Floats:
    """Return the frequencies, 0 to Nyquist, on which a filter of this reach is designed."""
    size = int(fft.next_fast_len(4 * reach_frames, real=True))
    size += size % 2
    return np.asarray(np.arange(size // 2 + 1) * (rate_hz / size), dtype=np.float64)


def high_pass(rate_hz: int, stop_hz: float, pass_hz: float, attenuation_db: float = 60.0) -> ZeroPhaseFilter:
    """Design a steep zero-phase high-pass between two edges.

    Kaiser-windowed ideal high-pass with its corner midway: ``attenuation_db``
    down below ``stop_hz``, flat within the same ripple above ``pass_hz``.

    References
    ----------
    J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window
    function", Proc. IEEE ISCAS (1974).
    """
    from scipy import signal  # late: it brings scipy.stats along, a second of CPU

    taps, beta = signal.kaiserord(attenuation_db, (pass_hz - stop_hz) / (rate_hz / 2.0))
    reach = taps // 2 + 1
    away = np.arange(1, reach + 1)
    corner = (stop_hz + pass_hz) / rate_hz  # in cycles per sample, doubled
    half = np.concatenate([[1.0 - corner], -np.sin(np.pi * corner * away) / (np.pi * away)])
    half *= np.kaiser(2 * reach + 1, beta)[reach:]
    return ZeroPhaseFilter(half)


def gentle_high_pass_db(freq_hz: Floats, corner_hz: float, slope_db_per_octave: float) -> Floats:
    """Return the curve of a Butterworth-like high-pass: −3 dB at the corner, then the slope."""
    order = slope_db_per_octave / 6.0
    ratio = corner_hz / np.maximum(freq_hz, corner_hz * 1e-3)
    return np.asarray(-10.0 * np.log10(1.0 + ratio ** (2.0 * order)))


def bell_db(freq_hz: Floats, centre_hz: float, gain_db: float, q: float) -> Floats:
    """Return the curve of a peaking band, in dB.

    The analogue prototype of the audio-EQ cookbook, on the hertz axis itself:
    no cramping towards Nyquist. Its skirts are the same for boost and cut.

    References
    ----------
    R. Bristow-Johnson, "Audio EQ cookbook": H(s) = (s² + s·A/Q + 1)/(s² + s/(A·Q) + 1).
    """
    amp = 10.0 ** (gain_db / 40.0)
    w = np.maximum(freq_hz, 1e-3) / centre_hz
    real = (1.0 - w**2) ** 2
    return np.asarray(10.0 * np.log10((real + (w * amp / q) ** 2) / (real + (w / (amp * q)) ** 2)))


def shelf_db(freq_hz: Floats, corner_hz: float, gain_db: float, q: float, *, high: bool) -> Floats:
    """Return the curve of a low or high shelf, in dB; half the gain at the corner.

    References
    ----------
    R. Bristow-Johnson, "Audio EQ cookbook": H(s) = A·(s² + s·√A/Q + A)/(A·s² + s·√A/Q + 1)
    for the low shelf; the high shelf is its mirror about the corner.
    """
    amp = 10.0 ** (gain_db / 40.0)
    w = np.maximum(freq_hz, 1e-3) / corner_hz
    if high:
        w = 1.0 / w
    slope = amp * (w / q) ** 2
    up = (amp - w**2) ** 2 + slope
    down = (1.0 - amp * w**2) ** 2 + slope
    return np.asarray(10.0 * np.log10(amp**2 * up / down))


def convolve_same(samples: Samples, response: ZeroPhaseFilter) -> Samples:
    """Return ``samples`` through a zero-phase filter: same shape, nothing delayed.

    Beyond both ends the sound is taken as zeros. float32 transforms: the error
    stays near −140 dB of the loudest sample.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
    """
    frames = samples.shape[1]
    if frames == 0:
        return samples.copy()
    size = int(fft.next_fast_len(frames + response.reach_frames, real=True))
    size = max(size, int(fft.next_fast_len(2 * response.reach_frames + 1, real=True)))
    spectrum = fft.rfft(samples, n=size, axis=1)
    spectrum *= response.spectrum(size)
    out = fft.irfft(spectrum, n=size, axis=1)[:, :frames]
    return np.ascontiguousarray(out, dtype=np.float32)
