"""A layer under each stroke: made to the drum's own pitch, laid in step with it, and only as strong as is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from controlroom.dsp.one_shot import RING_FROM_S, RING_S, stands_out
from controlroom.dsp.onset_frames import Places, mean_power
from controlroom.dsp.spectrum import Floats, decibels

Singles = npt.NDArray[np.float32]

FRONT_S = 0.025
BODY_FROM_S, BODY_TO_S = 0.05, 0.11
"""Where a stroke's front and body lie, from its first sample; as ``transients.KICK`` has them."""
SEARCH_S = 0.001
"""How far a layer is moved to be in step with a stroke."""
PHASES = 16
"""Fractions of a sample at which a layer may stand."""
_LETS_GO = 0.4
_CLICK_S = 0.003
_STICK_HZ = (1000.0, 7000.0)
_SWEEP, _SWEEP_S = 3.0, 0.012
_SEED = 1919
_BATCH = 64


@dataclass(frozen=True, slots=True)
class DrumTone:
    """What a drum rings at, and how long: time constant of its amplitude.

    ``clear`` says whether the tone stands out of what is around it.
    """

    freq_hz: float
    decay_s: float
    clear: bool = True


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What a made layer is: how long, its noise against its tone, where its low end begins."""

    length_s: float
    click_db: float
    low_hz: float


def drum_tone(mid: Singles, rate_hz: int, onsets: Places, low_hz: float, high_hz: float) -> DrumTone:
    """Return the strongest tone that rings after the strokes, between two frequencies.

    Read off the mean power spectrum from 30 to 130 ms after each stroke; the
    decay is the fall from the first to the second half of that.
    """
    size = round(RING_S * rate_hz)
    starts = onsets + round(RING_FROM_S * rate_hz)
    starts = starts[starts + size <= mid.size]
    if starts.size == 0:
        return DrumTone((low_hz * high_hz) ** 0.5, 0.1, clear=False)
    padded = int(fft.next_fast_len(8 * size, real=True))
    window = np.hanning(size)
    total = np.zeros(padded // 2 + 1)
    for start in starts:
        total += np.abs(fft.rfft(mid[start : start + size] * window, padded)) ** 2
    freq = np.arange(total.size) * rate_hz / padded
    inside = np.flatnonzero((freq >= low_hz) & (freq <= high_hz))
    best = int(inside[np.argmax(total[inside])])
    half = size // 2
    early, late = (float(np.sum(mean_power(mid, starts + at, starts + at + half))) for at in (0, half))
    fall = np.log(max(early, 1e-20) / max(late, 1e-20)) / 2.0
    decay_s = float(np.clip(half / rate_hz / max(fall, 0.05), 0.02, 0.3))
    return DrumTone(
        float(freq[best]), decay_s, stands_out(total, freq, best, size / rate_hz, (low_hz, high_hz))
    )


def made_layer(drum: str, tone: DrumTone, shape: LayerShape, rate_hz: int) -> Floats:
    """Return the wave of a stroke's front, made to a drum's own tone; its energy is 1.

    A kick is a sine that falls to the drum's pitch, with a click; a snare two
    modes of its head (1 : 1.59, of a circular membrane) under a burst of noise.
    """
    frames = max(2, round(shape.length_s * rate_hz))
    t = np.arange(frames) / rate_hz
    noise = np.random.default_rng(_SEED).standard_normal(frames)
    if drum == "kick":
        phase = tone.freq_hz * (t + _SWEEP * _SWEEP_S * (1.0 - np.exp(-t / _SWEEP_S)))
        ringing = np.sin(2.0 * np.pi * phase) * np.exp(-t / tone.decay_s)
        hiss = stick(noise, rate_hz) * np.exp(-t / _CLICK_S)
    else:
        ringing = np.sin(2.0 * np.pi * tone.freq_hz * t) + 0.5 * np.sin(2.0 * np.pi * 1.59 * tone.freq_hz * t)
        ringing *= np.exp(-t / tone.decay_s)
        hiss = stick(noise, rate_hz) * np.exp(-t / (3.0 * _CLICK_S))
    wave = unit(ringing) + 10.0 ** (shape.click_db / 20.0) * unit(hiss)
    wave *= np.minimum(1.0, t / 0.0005)
    return finished(wave, shape, rate_hz)


def stick(noise: Floats, rate_hz: int) -> Floats:
    """Return noise between 1 and 7 kHz, gently: what a beater or a stick sounds like against a skin."""
    size = int(fft.next_fast_len(4 * noise.size, real=True))
    freq = np.maximum(fft.rfftfreq(size, 1.0 / rate_hz), 1.0)
    low, high = _STICK_HZ
    gain = 1.0 / np.sqrt((1.0 + (low / freq) ** 4) * (1.0 + (freq / high) ** 4))
    return np.asarray(fft.irfft(fft.rfft(noise, size) * gain, size)[: noise.size])


def finished(wave: Floats, shape: LayerShape, rate_hz: int) -> Floats:
    """Return a layer without its low end, let go over its last part, its energy 1."""
    size = int(fft.next_fast_len(4 * wave.size, real=True))
    freq = fft.rfftfreq(size, 1.0 / rate_hz)
    ratio = shape.low_hz / np.maximum(freq, shape.low_hz * 1e-3)
    out = fft.irfft(fft.rfft(wave, size) / np.sqrt(1.0 + ratio**8), size)[: wave.size]
    ends = max(1, round(_LETS_GO * wave.size))
    out[-ends:] *= 0.5 + 0.5 * np.cos(np.pi * (np.arange(ends) + 1.0) / ends)
    return unit(out)


def own_layer(mid: Singles, rate_hz: int, onsets: Places, shape: LayerShape) -> Floats:
    """Return the mean wave of the strokes with the hardest fronts, in step with each other; its energy is 1.

    The hardest quarter counts, four strokes at least and sixteen at most.
    """
    frames = max(2, round(shape.length_s * rate_hz))
    inside = onsets[onsets + frames <= mid.size]
    if inside.size == 0:
        return np.zeros(frames)
    hardness = front_over_body_db(mid, rate_hz, inside)
    count = int(np.clip(inside.size // 4, 4, 16))
    best = inside[np.argsort(-hardness, kind="stable")[:count]]
    total = np.zeros(frames)
    for onset in best:
        wave = mid[onset : onset + frames].astype(np.float64)
        lag = 0 if not np.any(total) else _best_lag(mid, rate_hz, onset, unit(total))
        moved = mid[max(0, onset + lag) :][:frames].astype(np.float64)
        total += unit(moved if moved.size == frames else wave)
    return finished(total, shape, rate_hz)


def _best_lag(mid: Singles, rate_hz: int, onset: int, wave: Floats) -> int:
    reach = round(SEARCH_S * rate_hz)
    piece = np.pad(mid, (reach, wave.size + reach))[onset : onset + wave.size + 2 * reach]
    return int(np.argmax(np.correlate(piece.astype(np.float64), wave, "valid"))) - reach


def front_over_body_db(mid: Singles, rate_hz: int, onsets: Places) -> Floats:
    """Return the power of each stroke's first 25 ms over that of 50 to 110 ms, in dB."""
    front, body = _front_and_body(mid, rate_hz, onsets)
    return decibels(front) - decibels(body)


def _front_and_body(mid: Singles, rate_hz: int, onsets: Places) -> tuple[Floats, Floats]:
    at = [onsets + round(s * rate_hz) for s in (0.0, FRONT_S, BODY_FROM_S, BODY_TO_S)]
    # where the next stroke comes within the body, what is left of the body counts
    after = np.append(onsets[1:], mid.size)
    return mean_power(mid, at[0], at[1]), mean_power(
        mid, at[2], np.maximum(np.minimum(at[3], after), at[2] + 1)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Where a layer stands under the strokes of a sound, and how strong.

    Parameters
    ----------
    starts : ndarray of int64, shape (layers,)
        Frame of each one's first sample.
    phases : ndarray of int64, shape (layers,)
        Which row of ``waves`` it is.
    gains : ndarray of float64, shape (layers,)
    waves : ndarray of float64, shape (PHASES, frames)
        The layer, later by n/PHASES of a sample in each row.
    """

    starts: Places
    phases: Places
    gains: Floats
    waves: Floats

    def over(self, start_frame: int, frames: int) -> Floats | None:
        """Return the sum of the layers over a stretch; None where there is none."""
        size = self.waves.shape[1]
        first = int(np.searchsorted(self.starts, start_frame - size, side="right"))
        last = int(np.searchsorted(self.starts, start_frame + frames, side="left"))
        if first >= last:
            return None
        total = np.zeros(frames)
        for index in range(first, last):
            low = int(self.starts[index])
            left, right = max(low, start_frame), min(low + size, start_frame + frames)
            wave = self.waves[self.phases[index], left - low : right - low]
            total[left - start_frame : right - start_frame] += self.gains[index] * wave
        return total


def laid(
    mid: Singles, rate_hz: int, onsets: Places, wave: Floats, front_db: float, most_db: float = 12.0
) -> Layers:
    """Lay a wave under each stroke whose front is weaker than ``front_db`` over its body.

    Each is moved by up to 1 ms to be in step with its stroke, to a sixteenth of
    a sample; the polarity is that in which the layer adds to most of them, and
    is turned for a stroke that it would still take from. The gain is what
    brings the front to ``front_db``, no more: a strong stroke gets none, and a
    second layer finds nothing to add.

    Parameters
    ----------
    wave : ndarray, shape (frames,)
        Of energy 1.
    front_db : float
        Power of the first 25 ms over that of 50 to 110 ms.
    most_db : float
        Most that a front is raised: what has next to none is no stroke of this drum.
    """
    lags, steps = _in_step(mid, rate_hz, onsets, wave)
    sign = 1.0 if float(np.sum(steps)) >= 0.0 else -1.0
    if sign < 0.0:
        wave = -wave
        lags, steps = _in_step(mid, rate_hz, onsets, wave)
    front, body = _front_and_body(mid, rate_hz, onsets)
    frames = round(FRONT_S * rate_hz)
    inside = float(np.sum(wave[:frames] ** 2))
    missing = np.minimum(10.0 ** (front_db / 10.0) * body, 10.0 ** (most_db / 10.0) * front) - front
    missing *= frames
    wanted = np.flatnonzero((missing > 0.0) & (body > 0.0) & (inside > 0.0))
    turned = np.where(steps < 0.0, -1.0, 1.0)
    along = np.abs(steps)
    # energy of stroke and layer: front + 2·gain·along + gain²·inside
    gains = (np.sqrt(along**2 + inside * np.maximum(missing, 0.0)) - along) / max(inside, 1e-12)
    whole = np.floor(lags)
    phases = np.minimum(((lags - whole) * PHASES).astype(np.int64), PHASES - 1)
    starts = onsets + whole.astype(np.int64)
    order = wanted[np.argsort(starts[wanted], kind="stable")]
    return Layers(starts[order], phases[order], (gains * turned)[order], delayed(wave))


def delayed(wave: Floats) -> Floats:
    """Return a wave later by 0, 1/16, … 15/16 of a sample, one row each, one frame longer."""
    size = int(fft.next_fast_len(wave.size + 64, real=True))
    turns = fft.rfftfreq(size) * 2.0 * np.pi
    spectrum = fft.rfft(wave, size)
    rows = [fft.irfft(spectrum * np.exp(-1j * turns * (n / PHASES)), size) for n in range(PHASES)]
    return np.asarray(rows)[:, : wave.size + 1]


def _in_step(mid: Singles, rate_hz: int, onsets: Places, wave: Floats) -> tuple[Floats, Floats]:
    """Return for each stroke where the wave is most in step with it, in frames, and its product with it there."""
    reach, size = max(1, round(SEARCH_S * rate_hz)), wave.size
    padded = np.pad(mid, (reach, size + reach))
    views = np.lib.stride_tricks.sliding_window_view(padded, size + 2 * reach)
    lags, products = np.zeros(onsets.size), np.zeros(onsets.size)
    for first in range(0, onsets.size, _BATCH):
        pieces = np.lib.stride_tricks.sliding_window_view(views[onsets[first : first + _BATCH]], size, axis=1)
        steps = np.einsum("slf,f->sl", pieces, wave.astype(np.float32), optimize=True).astype(np.float64)
        best = np.clip(np.argmax(steps, axis=1), 1, steps.shape[1] - 2)
        rows = np.arange(best.size)
        left, here, right = steps[rows, best - 1], steps[rows, best], steps[rows, best + 1]
        bend = left - 2.0 * here + right
        fine = np.where(np.abs(bend) > 1e-20, 0.5 * (left - right) / np.where(bend == 0.0, 1.0, bend), 0.0)
        lags[first : first + _BATCH] = best - reach + np.clip(fine, -0.5, 0.5)
        products[first : first + _BATCH] = here
    return lags, products


def unit(wave: Floats) -> Floats:
    """Return a wave with an energy of 1; silence as it is."""
    energy = float(np.dot(wave, wave))
    return wave if energy <= 0.0 else np.asarray(wave / energy**0.5)
