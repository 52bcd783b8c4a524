"""New beginnings for smeared strokes, taken from clean strokes of the same drum."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from controlroom.dsp.onset_frames import Places, middle
from controlroom.dsp.spectrum import Floats
from controlroom.model.audio import Samples

Singles = npt.NDArray[np.float32]

ENVELOPE_S = 0.004
SEARCH_S = 0.035
"""How far a smeared stroke's beginning may lie from where its envelope shows it."""
IN_STEP_S = 0.001
WHOLE_S = (-0.03, 0.07)
"""What a donor is chosen, and matched in level and colour, by: a smear moves energy about, and keeps it."""
EDGES_HZ = (60.0, 150.0, 300.0, 600.0, 1200.0, 2400.0, 4800.0, 9600.0, 18000.0)
MOST_TILT_DB = 6.0
FEWEST = 4
_COMPARED_S = 0.1
_FADE_IN_S = 0.003
_READY_S = 0.001


@dataclass(frozen=True, slots=True)
class PatchShape:
    """How much of a stroke is new: from ``before_s`` ahead of it, whole for ``length_s``, faded over half of that."""

    before_s: float
    length_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """What is put in, and how far the sound gives way to it.

    Parameters
    ----------
    starts : ndarray of int64, shape (patches,)
    waves : ndarray of float32, shape (patches, channels, frames)
    weight : ndarray of float32, shape (frames,)
        1 where the patch alone is heard.
    """

    starts: Places
    waves: Singles
    weight: Singles

    def laid_into(self, samples: Samples, start_frame: int, amount: float) -> Samples:
        """Return a stretch of the sound, which begins at ``start_frame``, with its patches."""
        out = samples.copy()
        size, frames = self.weight.size, samples.shape[1]
        first = int(np.searchsorted(self.starts, start_frame - size, side="right"))
        last = int(np.searchsorted(self.starts, start_frame + frames, side="left"))
        kept = np.sqrt(1.0 - self.weight**2).astype(np.float32)
        for index in range(first, last):
            low = int(self.starts[index])
            left, right = max(low, start_frame), min(low + size, start_frame + frames)
            here, part = slice(left - start_frame, right - start_frame), slice(left - low, right - low)
            new = self.waves[index][:, part] * self.weight[part] + samples[:, here] * kept[part]
            out[:, here] += np.float32(amount) * (new - samples[:, here])
        return out


def patches(samples: Samples, rate_hz: int, clean: Places, smeared: Places, shape: PatchShape) -> Patches:
    """Make the new beginnings.

    Parameters
    ----------
    samples : ndarray of float32, shape (channels, frames)
        The drum's stem.
    rate_hz : int
    clean : ndarray of int64
        First frames of the strokes that may lend theirs; fewer than four lend nothing.
    smeared : ndarray of int64
        Frames near which the strokes begin that get a new beginning.
    shape : PatchShape

    Notes
    -----
    A donor is the clean stroke that is most alike in colour. It is
    placed where the two envelopes agree best, then moved by up to 1 ms to be in
    step with the wave that it hands over to, and matched to it band by band.
    The two are unrelated at high frequencies: they cross at equal power.
    """
    before, length = round(shape.before_s * rate_hz), round(shape.length_s * rate_hz)
    size = before + length + length // 2
    weight = _weight(before, length, size, rate_hz)
    inside = clean[(clean >= before) & (clean + size + rate_hz // 8 < samples.shape[1])]
    if inside.size < FEWEST or smeared.size == 0:
        return Patches(np.zeros(0, np.int64), np.zeros((0, samples.shape[0], size), np.float32), weight)
    mid = middle(samples)
    power = ndimage.uniform_filter1d(mid.astype(np.float64) ** 2, max(1, round(ENVELOPE_S * rate_hz)))
    envelope = np.maximum(power, 0.0)
    colours = np.array([_bands(mid, rate_hz, int(at)) for at in inside])
    usual = _usual(envelope, rate_hz, inside)
    starts, waves = [], []
    for near in smeared:
        onset = _agreed(envelope, rate_hz, usual, int(near))
        wanted = _bands(mid, rate_hz, onset)
        best = int(np.argmin(np.std(colours - wanted, axis=1)))
        donor = int(inside[best])
        onset += _step(mid, rate_hz, donor, onset, length)
        if onset < before or onset + size > samples.shape[1]:
            continue
        piece = samples[:, donor - before : donor - before + size]
        starts.append(onset - before)
        waves.append(_matched(piece, rate_hz, wanted - colours[best]))
    order = np.argsort(starts, kind="stable")
    kept = [i for n, i in enumerate(order) if n == 0 or starts[i] - starts[order[n - 1]] >= size]
    if not kept:
        return Patches(np.zeros(0, np.int64), np.zeros((0, samples.shape[0], size), np.float32), weight)
    return Patches(np.array([starts[i] for i in kept], np.int64), np.stack([waves[i] for i in kept]), weight)


def _weight(before: int, length: int, size: int, rate_hz: int) -> Singles:
    """Return how far a patch counts: in over 3 ms, whole, and out over the last third, as sines."""
    out = np.ones(size)
    rise = max(1, min(round(_FADE_IN_S * rate_hz), before - round(_READY_S * rate_hz)))
    out[:rise] = np.sin(0.5 * np.pi * (np.arange(rise) + 0.5) / rise)
    fall = size - before - length
    if fall:
        out[-fall:] = np.cos(0.5 * np.pi * (np.arange(fall) + 0.5) / fall)
    return out.astype(np.float32)


def _usual(envelope: Floats, rate_hz: int, clean: Places) -> Floats:
    """Return the mean power of the clean strokes, from 35 ms before to 100 ms after, each of energy 1."""
    hop, size, ahead = _hop(rate_hz), round(_COMPARED_S * rate_hz), round(SEARCH_S * rate_hz)
    at = np.arange(-ahead, size, hop)
    pieces = envelope[np.clip(clean[:, None] + at, 0, envelope.size - 1)]
    return np.asarray(np.mean(pieces / np.maximum(pieces.sum(axis=1, keepdims=True), 1e-20), axis=0))


def _hop(rate_hz: int) -> int:
    return max(1, rate_hz // 2000)


def _agreed(envelope: Floats, rate_hz: int, usual: Floats, near: int) -> int:
    """Return the frame near ``near`` at which a stroke of the usual power over time explains most of what is there."""
    hop, reach = _hop(rate_hz), round(SEARCH_S * rate_hz)
    low = near - 2 * reach
    at = np.arange(low, near + reach + round(_COMPARED_S * rate_hz), hop)
    there = envelope[np.clip(at, 0, envelope.size - 1)]
    places = np.correlate(there, usual, "valid")
    return max(0, low + int(np.argmax(places)) * hop + reach)


def _step(mid: Singles, rate_hz: int, donor: int, onset: int, length: int) -> int:
    """Return by how many frames to move the donor so that it is in step where it hands over."""
    reach = round(IN_STEP_S * rate_hz)
    first, last = length, length + length // 2
    wave = mid[donor + first : donor + last].astype(np.float64)
    there = mid[max(0, onset + first - reach) : onset + last + reach].astype(np.float64)
    if there.size < wave.size + 2 * reach:
        return 0
    return int(np.argmax(np.correlate(there, wave, "valid"))) - reach


def _bands(mid: Singles, rate_hz: int, onset: int) -> Floats:
    """Return the levels in octave bands of a whole stroke, smear and all, in dB."""
    first, last = (max(0, onset + round(s * rate_hz)) for s in WHOLE_S)
    piece = mid[first:last].astype(np.float64)
    if piece.size < 64:
        return np.full(len(EDGES_HZ) - 1, -120.0)
    power = np.abs(fft.rfft(piece)) ** 2
    freq = fft.rfftfreq(piece.size, 1.0 / rate_hz)
    sums = [np.sum(power[(freq >= a) & (freq < b)]) for a, b in pairwise(EDGES_HZ)]
    return np.asarray(10.0 * np.log10(np.maximum(sums, 1e-12)))


def _matched(piece: Samples, rate_hz: int, change_db: Floats) -> Singles:
    """Return a patch turned up and coloured like what it replaces: its level free, its tilt within ±6 dB."""
    level = float(np.median(change_db))
    tilt = np.clip(change_db - level, -MOST_TILT_DB, MOST_TILT_DB)
    frames = piece.shape[1]
    size = int(fft.next_fast_len(2 * frames, real=True))
    freq = np.maximum(fft.rfftfreq(size, 1.0 / rate_hz), 1.0)
    centres = np.sqrt(np.array(EDGES_HZ[:-1]) * np.array(EDGES_HZ[1:]))
    curve = np.interp(np.log(freq), np.log(centres), tilt) + level
    done = fft.irfft(fft.rfft(piece, size, axis=1) * 10.0 ** (curve / 20.0), size, axis=1)
    return np.asarray(done[:, :frames], dtype=np.float32)
