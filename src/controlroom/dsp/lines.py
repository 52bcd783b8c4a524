"""Lines: tones that nobody plays, told from notes by how long they stand.

A note comes and goes; a whine, a hum or a codec's frame rate stands. So the
measure is a low quantile over time of each bin's power: a line that sounds in
more than four fifths of the frames keeps its level there, everything that is
played sinks to the floor between its notes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from controlroom.dsp.spectrum import Floats, Mask, Singles, decibels
from controlroom.model.audio import Samples

_FINE_FRAME_S = 0.08
_BATCH_FRAMES = 64
_SOUNDING_DB = -50.0
_HUM_RATE_HZ = 2000.0
_HUM_FRAME_S = 4.0
_HUM_SHARE = 0.05
_MAINS_OFF = 0.002
_HUM_RANK = 80
_HUM_REACH = 24
_CHANCE = 0.97
_STEADY_DB = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class FineSpectra:
    """Power of the mid over time, in bins of about 11 Hz.

    Parameters
    ----------
    rate_hz, frame_frames : int
        Rate of the sound; frames per analysis frame, half overlapped.
    power : ndarray of float32, shape (stft_frames, bins)
        One-sided powers that sum to the mean square.
    """

    rate_hz: int
    frame_frames: int
    power: Singles

    @property
    def bin_hz(self) -> float:
        """Distance of two bins in hertz."""
        return self.rate_hz / self.frame_frames

    @property
    def hop_s(self) -> float:
        """Distance of two frames in seconds."""
        return self.frame_frames / 2 / self.rate_hz

    def bins(self, low_hz: float, high_hz: float) -> slice:
        """Return the bins in [low_hz, high_hz], clipped to those that there are."""
        low = int(np.ceil(low_hz / self.bin_hz))
        return slice(low, max(low, min(self.power.shape[1], int(high_hz / self.bin_hz) + 1)))


def mid_of(samples: Samples) -> Samples:
    """Return the mid, shape (frames,): the sound itself when it has one channel."""
    return np.asarray(samples[0] if samples.shape[0] == 1 else samples.mean(axis=0, dtype=np.float32))


def fine_spectra(mid: Samples, rate_hz: int) -> FineSpectra:
    """Return the power of a sound of one channel, shape (frames,), over time and frequency.

    Hann frames of the next power of two above 80 ms (4096 at 44.1 and 48 kHz),
    half overlapped; a shorter sound is padded with zeros.
    """
    frame = 1 << int(np.ceil(np.log2(_FINE_FRAME_S * rate_hz)))
    return FineSpectra(rate_hz, frame, _powers(mid, frame, frame // 2))


def _powers(sound: Samples, frame: int, hop: int) -> Singles:
    """Return one-sided Hann powers, shape (stft_frames, bins)."""
    if sound.size < frame:
        sound = np.pad(sound, (0, frame - sound.size))
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(frame) / frame)
    window = (window * np.sqrt(2.0 / (frame * np.sum(window**2)))).astype(np.float32)
    views = np.lib.stride_tricks.sliding_window_view(sound, frame)[::hop]
    power = np.empty((views.shape[0], frame // 2 + 1), dtype=np.float32)
    for first in range(0, views.shape[0], _BATCH_FRAMES):
        spectrum = fft.rfft(views[first : first + _BATCH_FRAMES] * window, axis=-1)
        power[first : first + _BATCH_FRAMES] = spectrum.real**2 + spectrum.imag**2
    return power


def sounding(power: Singles) -> Mask:
    """Return which frames sound at all: within 50 dB of the strongest twentieth."""
    total = power.sum(axis=1)
    mask: Mask = total > np.quantile(total, 0.95) * 10 ** (_SOUNDING_DB / 10)
    return mask


def standing_db(power: Singles, share: float = 0.2) -> Floats:
    """Return the level that each bin keeps in all but ``share`` of the sounding frames, in dB.

    Parameters
    ----------
    power : ndarray, shape (stft_frames, bins)
    """
    return np.asarray(quantiles_db(power, (share,))[0])


def quantiles_db(power: Singles, shares: tuple[float, ...]) -> Floats:
    """Return quantiles over the sounding frames of each bin's level in dB, shape (shares, bins)."""
    rows = power[sounding(power)]
    if rows.shape[0] == 0:
        return decibels(np.zeros((len(shares), power.shape[1])))
    at = [int(share * (rows.shape[0] - 1)) for share in shares]
    parted: Singles = np.partition(rows, at, axis=0)
    return decibels(parted[at])


def prominence_db(levels_db: Floats, reach: int = 30) -> Floats:
    """Return how far each bin stands over the median of the ``2·reach + 1`` bins around it."""
    return np.asarray(levels_db - ndimage.median_filter(levels_db, 2 * reach + 1, mode="nearest"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line: where it stands, and how far over its surroundings."""

    freq_hz: float
    prominence_db: float


def strongest_line(spectra: FineSpectra, low_hz: float, high_hz: float) -> Line:
    """Return the most prominent standing line in a range; 0 dB when there is none.

    A line stands when it is there in four fifths of the frames *and* its level
    stays: between the 20 % and the 60 % quantile it moves by less than 2.5 dB.
    A note that is held, or struck often, moves more.

    References
    ----------
    standards.md 5.5 (a): lines present in more than 80 % of the frames, over a
    local median, uncorrelated with pitch.
    """
    chosen = spectra.bins(low_hz, high_hz)
    standing, later = quantiles_db(spectra.power[:, chosen], (0.2, 0.6))
    if standing.size == 0:
        return Line(low_hz, 0.0)
    levels = np.where(later - standing < _STEADY_DB, prominence_db(standing), 0.0)
    at = int(np.argmax(levels))
    return Line((chosen.start + at) * spectra.bin_hz, max(0.0, float(levels[at])))


def hum(mid: Samples, rate_hz: int, harmonics: int = 8, needed: int = 4) -> Line:
    """Return the mains comb that stands out most: 50 or 60 Hz, and how far.

    Parameters
    ----------
    mid : ndarray of float32, shape (frames,)
    harmonics, needed : int
        Of so many harmonics the ``needed``-th most prominent is what is
        returned: one or two standing lines are a drone, a comb is mains.

    Notes
    -----
    At about 2 kHz, Hann frames of 4 s, a quarter apart: bins of 0.25 Hz. Mains
    may be off by 0.2 %, all harmonics alike: tied together they hit notes
    seldom, each on its own they would often. A machine's pattern at 125
    BPM is a comb of 2.083 Hz, of which every 24th tooth is 50 Hz; so the comb is
    held against the upper fifth of the 6 Hz around each harmonic, and against
    what combs on other grounds (42 to 70 Hz, their 97 % point) reach in the
    same sound; the lesser of the two counts.
    """
    from scipy import signal  # late: it brings scipy.stats along, a second of CPU

    low = signal.resample_poly(mid, 1, max(1, round(rate_hz / _HUM_RATE_HZ)))
    rate = rate_hz / max(1, round(rate_hz / _HUM_RATE_HZ))
    frame = round(_HUM_FRAME_S * rate)
    power = _powers(np.asarray(low, dtype=np.float32), frame, frame // 4)
    # the least of a few frames is chance: at least two must lie below what is taken
    share = max(_HUM_SHARE, min(0.5, 2.0 / max(1, int(np.count_nonzero(sounding(power))))))
    standing = standing_db(power, share)
    sharp = standing - ndimage.percentile_filter(standing, _HUM_RANK, 2 * _HUM_REACH + 1, mode="nearest")
    over = prominence_db(standing, 40)
    spread = 1.0 + np.linspace(-_MAINS_OFF, _MAINS_OFF, 9)
    frames_hz = frame / rate

    def fourth(levels: Floats, ground_hz: Floats) -> Floats:
        at = np.round(np.multiply.outer(ground_hz, np.arange(1, harmonics + 1)) * frames_hz).astype(int)
        return np.asarray(np.sort(levels[np.minimum(at, levels.size - 1)], axis=1)[:, -needed])

    others = np.arange(42.0, 70.0, 0.1)
    others = others[np.all(np.abs(others[:, None] - [45.0, 50.0, 60.0, 200.0 / 3.0]) > 0.6, axis=1)]
    chance = float(np.quantile(fourth(over, others), _CHANCE))
    best = Line(50.0, 0.0)
    for mains_hz in (50.0, 60.0):
        own = mains_hz * spread
        found = float(np.max(np.minimum(fourth(sharp, own), fourth(over, own) - chance)))
        if found > best.prominence_db:
            best = Line(mains_hz, found)
    return best


def birdie_density(spectra: FineSpectra, low_hz: float, high_hz: float, over_db: float = 12.0) -> float:
    """Return how many short-lived lines sound at once in a range, on average over the sounding frames.

    A cell counts when it stands ``over_db`` over the median of its 32 bins, is
    the top of its neighbours, and goes on, in its own bin or the next, for two
    more frames (0.14 s in all). In noise one cell in 10⁷ does. Bins that are
    occupied in more than half of the frames hold a whine, and do not count.
    """
    chosen = spectra.bins(low_hz, high_hz)
    width = (chosen.stop - chosen.start) // 32 * 32
    rows = spectra.power[sounding(spectra.power), chosen.start : chosen.start + width]
    if width == 0 or rows.shape[0] < 3:
        return 0.0
    blocks = rows.reshape(rows.shape[0], -1, 32)
    floor = np.partition(blocks, 16, axis=2)[:, :, 16:17]
    high = (blocks > floor * np.float32(10 ** (over_db / 10))).reshape(rows.shape)
    top = high.copy()
    top[:, 1:] &= rows[:, 1:] > rows[:, :-1]
    top[:, :-1] &= rows[:, :-1] >= rows[:, 1:]
    wide = top.copy()
    wide[:, 1:] |= top[:, :-1]
    wide[:, :-1] |= top[:, 1:]
    lasting = top[1:-1] & wide[:-2] & wide[2:]
    lasting &= np.mean(high, axis=0) < 0.5
    return float(np.count_nonzero(lasting) / lasting.shape[0])
