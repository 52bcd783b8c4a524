"""How far hats are turned down over time: all of it, more in the tail of each stroke, less under a snare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from controlroom.dsp.onset_frames import Places, exact_onsets, middle
from controlroom.dsp.spectrum import Floats, decibels
from controlroom.dsp.transients import STICK, StrokeEnvelopes, find_hits
from controlroom.model.audio import Samples

SOUNDING_DB = (-40.0, -28.0)
"""Under the hats' loud level: below the first nothing is turned down, above the second all of it."""
LOUD_QUANTILE = 0.95
SOUNDING_S = 0.03
SMOOTH_S = 0.003
SNARE_HOLD_S, SNARE_GONE_S = 0.09, 0.18
"""A snare's wires keep their highs for about a tenth of a second."""
LEAD_S = 0.003
SHELL_OVER_DB = (2.0, 6.0)
"""How far 2 to 7 kHz over 7 to 15 kHz must stand out of what hats alone have there, to be a snare's."""


@dataclass(frozen=True, slots=True)
class HatShape:
    """What is taken off a stroke: ``depth_db`` throughout, and ``tail_db`` more of what rings on.

    The tail begins ``attack_s`` after the stroke and is reached with the time
    constant ``release_s``; ``protect`` is the share that is given back while
    a snare sounds.
    """

    depth_db: float
    tail_db: float
    attack_s: float
    release_s: float
    protect: float


def sounding_share(envelopes: StrokeEnvelopes, times_s: Floats) -> Floats:
    """Return at each time how far the highs (7 to 15 kHz) sound: 0 in pauses, 1 near their loud level."""
    level = decibels(envelopes.power["high"])
    level = ndimage.maximum_filter1d(level, 2 * envelopes.hops(SOUNDING_S) + 1)
    heard = level[level > level.max(initial=-200.0) - 60.0]
    if heard.size == 0 or heard.max() <= -150.0:
        return np.zeros(times_s.size)
    loud = float(np.quantile(heard, LOUD_QUANTILE))
    at = np.interp(times_s, np.arange(level.size) * envelopes.hop_s, level)
    low, high = SOUNDING_DB
    share = np.clip((at - loud - low) / (high - low), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))


def since(times_s: Floats, onsets_s: Floats) -> Floats:
    """Return how long ago the last onset was, at each time; infinite before the first."""
    index = np.searchsorted(onsets_s, times_s, side="right") - 1
    last = np.append(onsets_s, -np.inf)[index]  # index −1 is the one that was appended
    return np.asarray(times_s - last)


def snare_share(times_s: Floats, snares_s: Floats) -> Floats:
    """Return how far a snare sounds at each time: 1 from its stroke on, 0 a little later than its wires."""
    under = since(times_s, snares_s - LEAD_S) - LEAD_S
    fading = np.clip((under - SNARE_HOLD_S) / (SNARE_GONE_S - SNARE_HOLD_S), 0.0, 1.0)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * fading))


def shell_share(envelopes: StrokeEnvelopes, times_s: Floats) -> Floats:
    """Return how far the highs of a whole kit are a snare's at each time, by their colour: 0 where hats are alone.

    Hats have more at 7 to 15 kHz than at 2 to 7, a snare's wires and crack the
    other way round; how hats alone sound is the brightest tenth of the song.
    """
    smooth = envelopes.hops(0.009)
    crack = decibels(ndimage.uniform_filter1d(envelopes.power["crack"], smooth))
    high = decibels(ndimage.uniform_filter1d(envelopes.power["high"], smooth))
    heard = high > high.max(initial=-200.0) - 40.0
    if not np.any(heard):
        return np.zeros(times_s.size)
    colour = crack - high
    over = colour - float(np.quantile(colour[heard], 0.1))
    low, top = SHELL_OVER_DB
    share = np.clip((over - low) / (top - low), 0.0, 1.0)
    share = ndimage.maximum_filter1d(share, envelopes.hops(0.012))
    return np.interp(times_s, np.arange(share.size) * envelopes.hop_s, share)


def hat_reduction_db(
    times_s: Floats, hats_s: Floats, snares: Floats, sounding: Floats, shape: HatShape
) -> Floats:
    """Return by how many dB the hats are turned down at each time, ≥ 0.

    Parameters
    ----------
    times_s : ndarray, shape (nodes,)
        Evenly spaced times.
    hats_s : ndarray, shape (strokes,)
        When hats are struck, rising; may be empty.
    snares, sounding : ndarray, shape (nodes,)
        How far snares (``snare_share``) and hats sound, 0 to 1.
    shape : HatShape
    """
    if times_s.size < 2:
        return np.zeros(times_s.size)
    # the stroke itself is met by the lower reduction: the curve is there a moment before it
    ringing = since(times_s, hats_s - LEAD_S) - LEAD_S - shape.attack_s
    tail = 1.0 - np.exp(-np.maximum(ringing, 0.0) / shape.release_s)
    wanted = (shape.depth_db + shape.tail_db * tail) * (1.0 - shape.protect * snares) * sounding
    width = max(1, round(SMOOTH_S / (times_s[1] - times_s[0])))
    return np.asarray(ndimage.uniform_filter1d(wanted, width, mode="nearest"))


def struck_shells(envelopes: StrokeEnvelopes) -> Places:
    """Return the frames (of the envelopes) at which something with a shell is struck in a whole kit.

    A stroke that sets in at 2 to 7 kHz and at 150 to 500 Hz at once: a snare,
    a clap, a tom, or a kick with a knock. Hats have no shell.
    """
    cracks = find_hits(envelopes, "crack", STICK)
    level = decibels(envelopes.power["body"])
    before, after = envelopes.hops(0.02), envelopes.hops(0.03)
    least = ndimage.minimum_filter1d(level, before, origin=(before - 1) // 2)
    most = ndimage.maximum_filter1d(level, after, origin=-((after - 1) // 2))
    loud = float(np.quantile(level, 0.98)) if level.size else 0.0
    struck = (most[cracks] - least[cracks] >= 9.0) & (most[cracks] >= loud - 18.0)
    return np.asarray(cracks[struck])


def onset_times(samples: Samples, rate_hz: int, envelopes: StrokeEnvelopes, hits: Places) -> Floats:
    """Return the exact times of hits, rising."""
    near = hits * round(envelopes.hop_s * rate_hz)
    return np.asarray(np.unique(exact_onsets(middle(samples), rate_hz, near)) / rate_hz)


def shared_wave(one: Samples, other: Samples) -> float:
    """Return how far two sounds have the same wave, 0 to 1: what leaked from one into the other is in step with it."""
    a, b = middle(one).astype(np.float64), middle(other).astype(np.float64)
    size = min(a.size, b.size)
    both = float(np.dot(a[:size], a[:size]) * np.dot(b[:size], b[:size]))
    return 0.0 if both <= 0.0 else abs(float(np.dot(a[:size], b[:size]))) / both**0.5


def power_change_db(power: npt.NDArray[np.float32], reduction_db: Floats) -> float:
    """Return what a reduction does to the energy of an envelope, in dB (≤ 0)."""
    before = float(np.sum(power, dtype=np.float64))
    after = float(np.sum(power * 10.0 ** (-reduction_db / 10.0)))
    return 0.0 if before <= 0.0 or after <= 0.0 else float(10.0 * np.log10(after / before))
