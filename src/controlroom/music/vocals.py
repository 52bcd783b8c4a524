"""When somebody sings: measured on the voice's stem, or estimated from the mix and marked so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field
from scipy import ndimage

from controlroom.model.base import Record
from controlroom.music.pitch import BINS_PER_SEMITONE, LOWEST_NOTE
from controlroom.music.spectra import Doubles, FastSpectrum, Floats, to_mono

FRAME_S = 0.05
OPEN_BELOW_DB = 22.0
"""A frame sounds from this far under the stem's loud level …"""
STAY_BELOW_DB = 30.0
"""… and goes on sounding down to this far."""
FAINT_DBFS = -55.0
"""A stem that is nowhere louder holds no voice: generators export empty stems near here (standards 4.2)."""
BRIDGE_S = 0.35
LEAST_S = 0.15
LOWEST_VOICE_NOTE = 50
HIGHEST_VOICE_NOTE = 84
SMOOTH_S = 1.0
FORMANTS_LOW_HZ = 900.0
FORMANTS_HIGH_HZ = 4000.0
LEAST_WANDER = 0.305
"""Off-grid share that the busiest fifth of a song must reach: the best divide of the even seeds of lab/songs."""
LEAST_ESTIMATE_S = 10.0
ESTIMATE_CAP = 0.5
"""An estimate from the mix never claims more."""


class VocalSpan(Record):
    """One stretch of singing."""

    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)


class VocalActivity(Record):
    """When somebody sings.

    Attributes
    ----------
    spans : tuple of VocalSpan
        Rising, apart.
    share : float
        0 to 1, of the song.
    estimated : bool
        True if it was guessed from the mix: findings that lean on it are capped.
    confidence : float
        0 to 1.
    """

    spans: tuple[VocalSpan, ...] = ()
    share: float = Field(default=0.0, ge=0, le=1)
    estimated: bool
    confidence: float = Field(default=0.0, ge=0, le=1)


def gate(levels_db: Doubles, open_db: float, stay_db: float) -> np.ndarray:
    """Return where a level is above ``stay_db`` in a run that reaches ``open_db`` (hysteresis)."""
    runs, count = ndimage.label(levels_db >= stay_db)
    if count == 0:
        return np.zeros(levels_db.size, dtype=bool)
    opened = np.zeros(count + 1, dtype=bool)
    opened[np.unique(runs[levels_db >= open_db])] = True
    opened[0] = False
    return np.asarray(opened[runs])


def to_activity(
    active: np.ndarray, hop_s: float, duration_s: float, *, estimated: bool, confidence: float
) -> VocalActivity:
    """Return the runs of active frames, short gaps bridged and blips dropped."""
    bridged = ~_drop_short(~active, round(BRIDGE_S / hop_s), inner_only=True)
    kept = _drop_short(bridged, round(LEAST_S / hop_s), inner_only=False)
    turns = np.nonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))[0]
    spans = tuple(
        VocalSpan(start_s=float(start * hop_s), end_s=float(min(stop * hop_s, duration_s)))
        for start, stop in zip(turns[::2], turns[1::2], strict=True)
    )
    total = sum(span.end_s - span.start_s for span in spans)
    share = min(1.0, total / duration_s) if duration_s > 0 else 0.0
    return VocalActivity(spans=spans, share=share, estimated=estimated, confidence=confidence)


def _drop_short(active: np.ndarray, least: int, *, inner_only: bool) -> np.ndarray:
    runs, count = ndimage.label(active)
    lengths = np.bincount(runs, minlength=count + 1)
    short = lengths < least
    short[0] = False
    if inner_only and count:
        short[[runs[0], runs[-1]]] = False
    return np.asarray(active & ~short[runs])


def measure_vocals(vocal: Floats, rate_hz: int) -> VocalActivity:
    """Return when the voice's stem sounds.

    Parameters
    ----------
    vocal : float32 array, shape (channels, frames) or (frames,)
        The stem; bleed up to 22 dB under its loud level is taken for silence.
    rate_hz : int
        Its rate.
    """
    mono = to_mono(vocal)
    step = max(1, round(FRAME_S * rate_hz))
    count = mono.shape[0] // step
    if count == 0:
        return VocalActivity(estimated=False)
    frames = mono[: count * step].reshape(count, step)
    power = np.einsum("fs,fs->f", frames, frames, dtype=np.float64) / step
    levels = 10.0 * np.log10(np.maximum(power, 1e-12))
    loud = float(np.quantile(levels, 0.98))
    if loud < FAINT_DBFS:
        return VocalActivity(estimated=False, confidence=0.9)
    active = gate(levels, loud - OPEN_BELOW_DB, loud - STAY_BELOW_DB)
    return to_activity(active, step / rate_hz, mono.shape[0] / rate_hz, estimated=False, confidence=0.9)


@dataclass(frozen=True, slots=True, eq=False)
class OffGrid:
    """Tonal energy off and on the semitone grid, each of shape (frames,)."""

    off: Doubles
    on: Doubles


def off_grid(spectrum: Floats) -> OffGrid:
    """Return the tonal energy off and on the semitone grid, from D3 to C6.

    A voice glides and sways; keys, frets and samples stay on their notes.
    Of the three bins per semitone, the outer two (halved) against all.
    """
    first = (LOWEST_VOICE_NOTE - LOWEST_NOTE) * BINS_PER_SEMITONE
    last = (HIGHEST_VOICE_NOTE - LOWEST_NOTE) * BINS_PER_SEMITONE
    bins = spectrum[:, first:last]
    on = bins[:, 1::3].sum(axis=1, dtype=np.float64)
    off = 0.5 * (bins[:, 0::3].sum(axis=1, dtype=np.float64) + bins[:, 2::3].sum(axis=1, dtype=np.float64))
    return OffGrid(off, on)


def two_classes(values: Doubles) -> float:
    """Return the threshold that parts values into the two classes that differ most (Otsu 1979)."""
    tried = np.quantile(values, np.linspace(0.05, 0.95, 61))
    above = values[None, :] >= tried[:, None]
    count = above.sum(axis=1)
    high = (above * values).sum(axis=1) / np.maximum(count, 1)
    low = (values.sum() - (above * values).sum(axis=1)) / np.maximum(values.size - count, 1)
    share = count / values.size
    return float(tried[int(np.argmax(share * (1 - share) * (high - low) ** 2))])


def estimate_vocals(
    spectrum: Floats, hop_s: float, fast: FastSpectrum, duration_s: float
) -> VocalActivity | None:
    """Return when somebody probably sings, judged from the mix alone.

    Where tonal energy leaves the semitone grid more than elsewhere in this
    song, and the band of the voice's formants is louder than elsewhere. It
    can't tell a voice from a gliding lead instrument, so it is marked as
    estimated and its confidence stays at or below `ESTIMATE_CAP`.

    Parameters
    ----------
    spectrum : float32 array, shape (frames, log bins)
        From `controlroom.music.pitch.log_spectrum`.
    hop_s : float
        Its frame distance.
    fast : FastSpectrum
        Of the same sound.
    duration_s : float
        Length of the sound.

    Returns
    -------
    VocalActivity or None
        Without spans where nothing leaves the grid; None below ten seconds.
    """
    if duration_s < LEAST_ESTIMATE_S:
        return None
    window = max(1, round(SMOOTH_S / hop_s))
    sides = off_grid(spectrum)
    off, on = (ndimage.uniform_filter1d(part, window) for part in (sides.off, sides.on))
    wander = off / np.maximum(on + off, 1e-9)
    reach = float(np.quantile(wander, 0.8))
    if reach < LEAST_WANDER:
        return VocalActivity(estimated=True, confidence=0.5 * ESTIMATE_CAP)
    voiced = (fast.centres_hz > FORMANTS_LOW_HZ) & (fast.centres_hz < FORMANTS_HIGH_HZ)
    levels = fast.levels[:, voiced].mean(axis=1, dtype=np.float64)
    levels = ndimage.uniform_filter1d(levels, max(1, round(SMOOTH_S / fast.hop_s)))
    times = np.arange(wander.size) * hop_s
    formants = np.interp(times, np.arange(levels.size) * fast.hop_s, levels)
    score = _standard(wander) + _standard(formants)
    confidence = ESTIMATE_CAP * float(np.clip((reach - LEAST_WANDER) / LEAST_WANDER * 5.0, 0.2, 1.0))
    return to_activity(score >= two_classes(score), hop_s, duration_s, estimated=True, confidence=confidence)


def _standard(values: Doubles) -> Doubles:
    return np.asarray((values - values.mean()) / (values.std() + 1e-9))
