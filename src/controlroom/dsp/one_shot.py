"""A one-shot that a person brought: where it begins, whether it has a tone, and how it sounds at another pitch."""

from __future__ import annotations

import numpy as np
import soxr
from scipy import fft

from controlroom.dsp.spectrum import Floats

Span = tuple[float, float]
"""Two frequencies in Hz, the lower first."""

BEGINS_DB = 30.0
"""A one-shot begins where it first comes this near to its peak: what lies before is room, or a silent lead."""
RING_FROM_S, RING_S = 0.03, 0.1
"""Where a drum's tone is read, from its first sample: after a kick's sweep and a stick's click; as ``layering``."""
CLEAR_SHARE = 0.4
"""A tone is one when it holds this share of the power around it. Of 400 bursts of noise of 100 ms none reaches it
between 120 and 400 Hz (white at most 0.19, pink 0.28, brown 0.38), nor white noise between 35 and 120 Hz (0.29); a
thump of low noise can't be told from a tone in so short a time."""
AROUND_OCTAVES = 2.0
"""How far above and below the range the power counts that a tone must stand out of."""
_LOBE_BINS = 2.0
"""Half of a Hann window's main lobe, in 1/seconds of the window."""
_PADDED = 8
_LEAST_PERIODS = 2.0
_LEAD_S = 0.005


def begins_at(wave: Floats) -> int:
    """Return the first frame that comes within ``BEGINS_DB`` of the peak; 0 for silence."""
    level = np.abs(wave)
    return int(np.argmax(level >= level.max(initial=0.0) * 10.0 ** (-BEGINS_DB / 20.0))) if wave.size else 0


def stands_out(power: Floats, hz: Floats, at: int, window_s: float, between_hz: Span) -> bool:
    """Return whether a peak of a spectrum holds ``CLEAR_SHARE`` of the power around it.

    Parameters
    ----------
    power, hz : ndarray, shape (bins,)
        A power spectrum through a Hann window of ``window_s``, and its frequencies.
    at : int
        The peak's bin.
    between_hz : (float, float)
        Where the peak was looked for; what lies up to ``AROUND_OCTAVES`` beyond counts.
    """
    reach = 2.0**AROUND_OCTAVES
    whole = float(np.sum(power[(hz >= between_hz[0] / reach) & (hz <= between_hz[1] * reach)]))
    peak = float(np.sum(power[np.abs(hz - hz[at]) <= _LOBE_BINS / window_s]))
    return peak > 0.0 and peak >= CLEAR_SHARE * whole


def tone_hz(wave: Floats, rate_hz: int, between_hz: Span) -> float | None:
    """Return the tone that a one-shot rings at, between two frequencies; None where it has no clear one.

    Read off the power spectrum from 30 to 130 ms after its beginning (of a short
    one its last two thirds), the peak between two bins by a parabola through the
    logarithms.

    Parameters
    ----------
    wave : ndarray, shape (frames,)
        One channel.
    rate_hz : int
        Its rate, > 0.
    between_hz : (float, float)
        Where the tone is looked for.
    """
    heard = wave[begins_at(wave) :]
    first = min(round(RING_FROM_S * rate_hz), heard.size // 3)
    ring = heard[first : first + round(RING_S * rate_hz)].astype(np.float64)
    if ring.size < _LEAST_PERIODS * rate_hz / between_hz[0]:
        return None
    padded = int(fft.next_fast_len(_PADDED * ring.size, real=True))
    power = np.abs(fft.rfft(ring * np.hanning(ring.size), padded)) ** 2
    hz = np.arange(power.size) * rate_hz / padded
    inside = np.flatnonzero((hz >= between_hz[0]) & (hz <= between_hz[1]))
    best = int(inside[np.argmax(power[inside])])
    if not stands_out(power, hz, best, ring.size / rate_hz, between_hz):
        return None
    left, here, right = np.log(power[best - 1 : best + 2] + 1e-30)
    bend = left - 2.0 * here + right
    return float((best + (0.5 * (left - right) / bend if bend < 0.0 else 0.0)) * rate_hz / padded)


def played(wave: Floats, from_hz: int, to_hz: int, ratio: float, length_s: float) -> Floats:
    """Return a one-shot's first ``length_s`` at another rate and ``ratio`` times its pitch, from where it begins.

    Pitch and length move together, as on a tape that runs faster: nothing is
    stretched. One band-limited resampling does both (libsoxr's VHQ recipe).

    Parameters
    ----------
    wave : ndarray, shape (frames,)
        One channel at ``from_hz``.
    ratio : float
        > 0; 2 is an octave up.
    length_s : float
        Of what is returned; silence follows where the one-shot is shorter.
    """
    wanted = max(2, round(length_s * to_hz))
    lead = round(_LEAD_S * from_hz)
    reach = begins_at(wave) + int(np.ceil((length_s + 2.0 * _LEAD_S) * ratio * from_hz))
    # silence before it, so that the filter's own lead is not cut into
    source = np.concatenate([np.zeros(lead), wave[:reach], np.zeros(lead)])
    moved = (
        soxr.resample(source, from_hz * ratio, to_hz, quality="VHQ") if from_hz * ratio != to_hz else source
    )
    heard = np.asarray(moved[begins_at(moved) :][:wanted], dtype=np.float64)
    return np.pad(heard, (0, wanted - heard.size))
