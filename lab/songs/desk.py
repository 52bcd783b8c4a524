"""The mixing desk: tone, place, room and level of each stem, all of it linear.

Each stem goes through one stereo pair of FIR filters, so the stems add up to
the mix exactly, and the mix bus curve is part of every stem's filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import fft, signal

BLOCK = 65536
HOP = 32768
CENTRES_HZ = 25.0 * 2.0 ** (np.arange(29) / 3)
"""Third-octave centres, 25 Hz to 16 kHz."""

ROOM_CHANNELS = 2
EQ_TAPS = 8192


@dataclass(frozen=True, slots=True)
class Strip:
    """One channel of the desk.

    ``pan`` is −1 to 1; ``points`` are (Hz, dB) of the tone curve; ``low_hz``
    and ``high_hz`` where the second-order cuts sit; ``wet_db`` room against
    direct sound.
    """

    pan: float = 0.0
    wet_db: float = -60.0
    low_hz: float = 20.0
    high_hz: float = 19000.0
    points: tuple[tuple[float, float], ...] = ()


STRIPS: Mapping[str, Strip] = {
    "kick": Strip(low_hz=32, points=((60, 0), (300, -4), (1000, -1), (4000, 2))),
    "snare": Strip(pan=0.06, wet_db=-16, low_hz=110, points=((200, 0), (450, -3), (2000, 0), (6000, 1))),
    "hats": Strip(pan=0.3, wet_db=-20, low_hz=3000, high_hz=17000),
    "cymbals": Strip(pan=-0.25, wet_db=-16, low_hz=700, high_hz=17000),
    "toms": Strip(pan=-0.2, wet_db=-15, low_hz=60, points=((100, 0), (400, -4), (3000, 2))),
    "bass": Strip(low_hz=34, points=((80, 0), (250, -2), (700, 1), (1500, 1))),
    "pads": Strip(wet_db=-8, low_hz=170, points=((200, -1), (800, 0), (2500, -3), (9000, 2))),
    "keys": Strip(pan=-0.1, wet_db=-12, low_hz=150, points=((300, -2), (1000, 0), (2500, -2), (8000, 2))),
    "guitar": Strip(pan=0.12, wet_db=-14, low_hz=120, points=((250, -2), (1000, 0), (2500, -2), (8000, 2))),
    "lead": Strip(pan=-0.15, wet_db=-9, low_hz=250, points=((500, -1), (2500, -2), (8000, 1))),
    "vocals": Strip(wet_db=-13, low_hz=110, points=((250, -1), (1000, 0), (3000, 2), (10000, 3))),
}


def target_curve_db(frequencies_hz: np.ndarray, tilt_db_per_octave: float) -> np.ndarray:
    """Return the long-term curve that a mix is brought near: a slope, with soft ends.

    Density per third octave, so white noise would rise by 3 dB per octave in it.
    """
    octave = np.log2(np.maximum(frequencies_hz, 10.0) / 1000.0)
    slope = (tilt_db_per_octave + 3.0) * octave
    low_end = -3.5 * np.clip(np.log2(105.0 / np.maximum(frequencies_hz, 10.0)), 0, None) ** 1.5
    high_end = -1.2 * np.clip(np.log2(np.maximum(frequencies_hz, 10.0) / 4000.0), 0, None) ** 1.5
    return slope + low_end + high_end


def k_weight_db(frequencies_hz: np.ndarray) -> np.ndarray:
    """Return the K-weighting (BS.1770-5 annex 1, its 48 kHz biquads) in dB."""
    shelf = (
        [1.53512485958697, -2.69169618940638, 1.19839281085285],
        [1, -1.69065929318241, 0.73248077421585],
    )
    high_pass = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
    grid = np.clip(frequencies_hz, 1.0, 23000.0)
    response = np.ones_like(grid, dtype=np.complex128)
    for b, a in (shelf, high_pass):
        response *= signal.freqz(b, a, grid, fs=48000)[1]
    return 20 * np.log10(np.abs(response) + 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """A dry stem in overlap-add blocks: spectra (channels, sounding blocks, bins) and which blocks sound."""

    spectra: np.ndarray
    sounding: np.ndarray
    frames: int

    def band_power(self, rate_hz: int) -> np.ndarray:
        """Return power per third octave, summed over the song, shape (29,)."""
        power = np.zeros(self.spectra.shape[-1])
        for block in self.spectra.reshape(-1, self.spectra.shape[-1]):
            power += block.real**2 + block.imag**2
        return bands_of(power, rate_hz)


def bands_of(power: np.ndarray, rate_hz: int) -> np.ndarray:
    """Sum bin powers into the third octaves of ``CENTRES_HZ``."""
    edges = np.concatenate([CENTRES_HZ * 2 ** (-1 / 6), CENTRES_HZ[-1:] * 2 ** (1 / 6)])
    at = np.searchsorted(np.linspace(0, rate_hz / 2, power.size), edges)
    total = np.concatenate([[0.0], np.cumsum(power)])
    return np.diff(total[np.minimum(at, power.size)]) + 1e-20


def split(dry: np.ndarray) -> Blocks:
    """Cut (channels, frames) into blocks of HOP frames and transform each."""
    channels, frames = dry.shape
    count = -(-frames // HOP)
    padded = np.zeros((channels, count * HOP), dtype=np.float32)
    padded[:, :frames] = dry
    rows = padded.reshape(channels, count, HOP)
    sounding = np.flatnonzero(rows.any(axis=(0, 2)))
    return Blocks(fft.rfft(rows[:, sounding], BLOCK, axis=2), sounding, frames)


def room(seconds: float, rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return a stereo room response (2, taps): decaying noise after 12 ms, 200 Hz to 7 kHz, energy 1."""
    taps = min(HOP - EQ_TAPS, int((1.6 * seconds + 0.012) * rate_hz))
    t = np.arange(taps) / rate_hz
    noise = rng.standard_normal((ROOM_CHANNELS, taps)) * np.exp(-6.9 * t / (1.4 * seconds)) * (t > 0.012)
    sos = signal.butter(1, [220, 6500], "bandpass", fs=rate_hz, output="sos")
    tail = signal.sosfilt(sos, noise, axis=1) * np.clip((t[-1] - t) / 0.03, 0, 1)
    return tail / np.sqrt(np.sum(tail**2, axis=1, keepdims=True))


def strip_curve_db(strip: Strip, frequencies_hz: np.ndarray) -> np.ndarray:
    """Return the tone of a strip in dB."""
    safe = np.maximum(frequencies_hz, 1.0)
    curve = -10 * np.log10(1 + (strip.low_hz / safe) ** 4) - 10 * np.log10(1 + (safe / strip.high_hz) ** 8)
    if strip.points:
        hz, db = np.array(strip.points).T
        curve = curve + np.interp(np.log(safe), np.log(hz), db)
    return np.maximum(curve, -80.0)


def strip_filters(
    strip: Strip, extra_db: np.ndarray, gain_db: float, tail: np.ndarray, channels: int, rate_hz: int
) -> np.ndarray:
    """Return the filters [input channel, output channel, bin] of a strip.

    ``extra_db`` is the bus curve at ``CENTRES_HZ``. The tone is linear-phase
    and its delay is taken out again, so onsets stay where they were played.
    """
    bins = fft.rfftfreq(BLOCK, 1 / rate_hz)
    bus = np.interp(np.log(np.maximum(bins, 1.0)), np.log(CENTRES_HZ), extra_db)
    tone = np.fft.irfft(10 ** ((strip_curve_db(strip, bins) + bus + gain_db) / 20))
    short = np.roll(tone, EQ_TAPS // 2)[:EQ_TAPS] * np.hanning(EQ_TAPS)
    direct = fft.rfft(short, BLOCK) * np.exp(2j * np.pi * bins / rate_hz * (EQ_TAPS // 2))
    wet = 10 ** (strip.wet_db / 20) * fft.rfft(tail, BLOCK, axis=1)
    angle = (strip.pan + 1) * np.pi / 4
    places = np.sqrt(2) * np.array([np.cos(angle), np.sin(angle)])
    matrix = np.zeros((channels, 2, bins.size), dtype=np.complex64)
    for source in range(channels):
        for side in range(2):
            dry = places[side] * (1.0 if channels == 1 or source == side else 0.0)
            matrix[source, side] = direct * (dry + wet[side] / np.sqrt(channels))
    return matrix


def pass_through(blocks: Blocks, matrix: np.ndarray) -> np.ndarray:
    """Run a stem through its strip: overlap-add, stereo, shape (2, frames)."""
    count = -(-blocks.frames // HOP)
    out = np.zeros((2, (count + 3) * HOP), dtype=np.float32)
    half = EQ_TAPS // 2
    same = bool(np.array_equal(matrix[:, 0], matrix[:, 1]))
    for side in range(1 if same else 2):
        shaped = blocks.spectra[0] * matrix[0, side]
        for source in range(1, blocks.spectra.shape[0]):
            shaped += blocks.spectra[source] * matrix[source, side]
        sound = fft.irfft(shaped, BLOCK, axis=1, overwrite_x=True)
        # zero-phase tone reaches before its block's start: the end of the circle belongs to the block before
        for at, block in zip(blocks.sounding, sound, strict=True):
            start = (at + 1) * HOP
            out[side, start : start + BLOCK - half] += block[: BLOCK - half]
            out[side, start - half : start] += block[BLOCK - half :]
    if same:
        out[1] = out[0]
    return out[:, HOP : HOP + blocks.frames]


def bus_curve_db(bands: np.ndarray, tilt_db_per_octave: float) -> np.ndarray:
    """Return the mix-bus correction at ``CENTRES_HZ``: 0.85 of the smoothed miss, within ±9 dB."""
    measured = 10 * np.log10(bands)
    miss = target_curve_db(CENTRES_HZ, tilt_db_per_octave) - measured
    middle = slice(6, 26)
    miss -= np.mean(miss[middle])
    kernel = np.hanning(7)[1:-1]
    smooth = np.convolve(np.pad(miss, 2, mode="edge"), kernel / kernel.sum(), mode="valid")
    return np.clip(0.85 * smooth, -9, 9)
