"""Gains that move over time in some bands of a sound, and nothing else: no delay, no phase.

Bands tile a stretch of the spectrum on the ear's scale (ERB) with squared
cosines, which add up to one inside it. What is taken off is the sum of the
bands, each times its own cut; a band that is not cut is not touched. The bands
are worked on at a lower rate, just above their top, since nothing of them lies
higher.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import fft

from controlroom.dsp.filters import Singles, ZeroPhaseFilter, grid_hz, zero_phase_filter
from controlroom.dsp.spectrum import Floats, erb_frequency, erb_number
from controlroom.model.audio import Samples

Weights = Callable[[Floats], Floats]
"""Frequencies in hertz, shape (freqs,), to linear gains of each band, shape (bands, freqs)."""

OVER_TOP = 1.12
"""Nyquist frequency of the lower rate over the bands' top: the filters' stop band lies between."""


@dataclass(frozen=True, slots=True, eq=False)
class BandSplit:
    """Zero-phase bands of a sound.

    Parameters
    ----------
    rate_hz : int
    factor : int
        The bands are worked on at ``rate_hz / factor``.
    bands : list of ZeroPhaseFilter
        All of one reach.
    """

    rate_hz: int
    factor: int
    bands: tuple[ZeroPhaseFilter, ...]
    _responses: dict[int, list[Singles]] = field(default_factory=dict, repr=False)

    @property
    def reach_frames(self) -> int:
        """How many frames on either side an output sample depends on."""
        return self.bands[0].reach_frames

    def responses(self, size: int) -> list[Singles]:
        """Return each band's frequency response up to the lower rate's Nyquist; kept, as blocks are alike."""
        if size not in self._responses:
            low = size // self.factor // 2 + 1
            self._responses[size] = [np.ascontiguousarray(band.spectrum(size)[:low]) for band in self.bands]
            for band in self.bands:
                band._spectra.clear()  # noqa: SLF001 -- the long ones are not needed again
        return self._responses[size]


@dataclass(frozen=True, slots=True, eq=False)
class BandCuts:
    """How much of each band is taken off over time, linear between nodes.

    Parameters
    ----------
    first_frame, node_frames : float
        Frame of the first node, and distance of nodes, in frames of the sound.
    cut : ndarray of float64, shape (nodes, bands)
        1 − gain: 0 leaves a band as it is, 1 removes it, negative values raise it.
    """

    first_frame: float
    node_frames: float
    cut: Floats

    def silent(self, first: float, last: float) -> bool:
        """Return whether nothing is cut from frame ``first`` to frame ``last``."""
        low = max(0, math.floor((first - self.first_frame) / self.node_frames))
        high = max(low, math.ceil((last - self.first_frame) / self.node_frames)) + 1
        return not np.any(self.cut[min(low, len(self.cut) - 1) : high])

    def at(self, frames: Floats, band: int) -> Singles:
        """Return the cut of one band at rising frames; the ends' values are held beyond the ends."""
        nodes = (frames - self.first_frame) / self.node_frames
        low = int(np.clip(math.floor(nodes[0]), 0, len(self.cut) - 1))
        high = int(np.clip(math.ceil(nodes[-1]), low, len(self.cut) - 1)) + 1
        # a block's own stretch alone: a whole song's nodes would be walked through for each block
        curve = np.interp(nodes, np.arange(low, high, dtype=np.float64), self.cut[low:high, band])
        return np.asarray(curve, dtype=np.float32)


def erb_weights(freq_hz: Floats, low_hz: float, high_hz: float, bands: int) -> Floats:
    """Return squared cosines on the ERB scale from ``low_hz`` to ``high_hz``, shape (bands, freqs).

    They add up to one between the outermost centres, which are ``low_hz`` and
    ``high_hz`` themselves, and fall off over one spacing beyond.
    """
    centres = np.linspace(float(erb_number(low_hz)), float(erb_number(high_hz)), bands)
    spacing = float(centres[1] - centres[0])
    away = (erb_number(freq_hz)[None, :] - centres[:, None]) / spacing
    return np.asarray(np.where(np.abs(away) < 1.0, np.cos(0.5 * np.pi * away) ** 2, 0.0))


def erb_top_hz(low_hz: float, high_hz: float, bands: int) -> float:
    """Return where the uppermost of ``erb_weights`` ends."""
    low, high = float(erb_number(low_hz)), float(erb_number(high_hz))
    return float(erb_frequency(high + (high - low) / (bands - 1)))


def erb_split(rate_hz: int, low_hz: float, high_hz: float, bands: int, reach_s: float) -> BandSplit:
    """Design bands on the ERB scale; bands over Nyquist pass what there is of them.

    Parameters
    ----------
    low_hz, high_hz : float
        Centres of the outermost bands.
    bands : int
        Two or more.
    reach_s : float
        Half the length of their impulse responses.
    """
    return split_of(
        rate_hz,
        lambda freq: erb_weights(freq, low_hz, high_hz, bands),
        erb_top_hz(low_hz, high_hz, bands),
        reach_s,
    )


def split_of(rate_hz: int, weights: Weights, top_hz: float, reach_s: float) -> BandSplit:
    """Design bands from their gains over frequency, nothing of them above ``top_hz``."""
    reach = math.floor(reach_s * rate_hz)
    gains = weights(grid_hz(rate_hz, reach))
    factor = 1
    while rate_hz / (4 * factor) > OVER_TOP * top_hz:
        factor *= 2
    return BandSplit(rate_hz, factor, tuple(zero_phase_filter(row, reach) for row in gains))


def cut_bands(samples: Samples, start_frame: int, split: BandSplit, cuts: BandCuts) -> Samples:
    """Return the samples with each band turned down by its own curve.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        Its first and last ``split.reach_frames`` come out wrong where sound
        goes on beyond them: hand in that much more.
    start_frame : int
        Frame of ``samples[:, 0]`` on the clock of ``cuts``.
    """
    frames = samples.shape[1]
    if frames == 0 or cuts.silent(start_frame, start_frame + frames):
        return samples.copy()
    step = split.factor
    low_size = 2 * int(fft.next_fast_len(-(-(frames + split.reach_frames) // (2 * step)), real=True))
    size = low_size * step
    at = start_frame + step * np.arange(-(-frames // step), dtype=np.float64)
    curves = [cuts.at(at, band) for band in range(len(split.bands))]
    out = np.empty_like(samples)
    for channel, row in enumerate(samples):
        spectrum = fft.rfft(row, n=size)[: low_size // 2 + 1]
        total = np.zeros(at.size, dtype=np.float32)
        for response, curve in zip(split.responses(size), curves, strict=True):
            if np.any(curve):
                total += curve * fft.irfft(spectrum * response, n=low_size)[: at.size]
        if step == 1:
            out[channel] = row - total
            continue
        taken = fft.rfft(total, n=low_size)
        taken[-1] = 0.0
        # both transforms are normalised by their own length: the factors of the lower rate cancel
        out[channel] = row - fft.irfft(taken, n=size)[:frames]
    return out
