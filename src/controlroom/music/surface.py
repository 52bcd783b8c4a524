"""The surface of a song's sections: level, onset rate, brightness, and how far they follow an intended curve."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from controlroom.music.spectra import Doubles
from controlroom.music.spectra import Floats as Singles

PLACES = 64
LEVEL_RANGE_DB = 12.0
BRIGHTNESS_RANGE_DB = 12.0
CUE_WEIGHTS = (0.5, 0.25, 0.25)
"""Ranges that stand for all of a surface cue: sections rarely differ by more."""
ONSET_FLOOR_DB = 8.0
"""Under the 90th percentile of the level: hits that are lost below it do not count, so a quiet part is not busy."""
ONSET_RISE_DB = 3.0
ONSET_GAP_BLOCKS = 7
SOUNDING_DB = 25.0
"""Under the 90th percentile of the level: where a song begins."""
STRUCK_SHARE = 0.5
"""Least share of the sound, from where it begins, that ends with its last stroke; else it is not struck at all."""
NEAR_SHARE = 0.1
"""A form of so many bars that ends this near to the music's end is laid over it bar by bar too."""


def _decibels(power: float | np.floating) -> float:
    return float(10.0 * np.log10(max(float(power), 1e-14)))


def onset_times_s(power: Doubles, block_s: float) -> Doubles:
    """Return when the sound rises at once by 3 dB and more: drum hits, chords, syllables.

    Parameters
    ----------
    power : float64 array, shape (blocks,)
        Mean square per block of about 10 ms.
    block_s : float
    """
    if power.size < 4:
        return np.zeros(0)
    floor = max(float(np.quantile(power, 0.9)) * 10 ** (-ONSET_FLOOR_DB / 10), 1e-14)
    level = 10.0 * np.log10(power + floor)
    rise = np.zeros(power.size)
    rise[2:] = level[2:] - np.minimum(level[1:-1], level[:-2])
    peak = rise >= ONSET_RISE_DB
    for shift in range(1, ONSET_GAP_BLOCKS + 1):
        peak[shift:] &= rise[shift:] >= rise[:-shift]
        peak[:-shift] &= rise[:-shift] > rise[shift:]
    return np.asarray(np.nonzero(peak)[0] * block_s, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class SurfaceCues:
    """What can be measured on the surface of one section; what it makes anyone feel is not in it.

    Attributes
    ----------
    level_db : float
        Over the loudest section, ≤ 0.
    onsets_per_s : float
    brightness_db : float
        Level of 2.5 to 16 kHz over the brightest section's, ≤ 0.
    energy : float
        0 to 1: the level's half, the others' quarter each; see `section_cues`.
    """

    level_db: float
    onsets_per_s: float
    brightness_db: float
    energy: float


def section_cues(
    edges_s: Doubles, onsets_s: Doubles, bands: Singles, hz: Doubles, times_s: Doubles
) -> list[SurfaceCues]:
    """Return the surface cues of each section.

    Energy is half the level (over 12 dB below the loudest section), a quarter
    the onset rate (over the busiest section's), a quarter the brightness (over
    12 dB below the brightest section). The weights are a choice: they follow
    the arranger's energies of lab/songs best among round ones.

    Parameters
    ----------
    edges_s : float64 array, shape (sections + 1,)
    onsets_s : float64 array
        From `onset_times_s`.
    bands, hz, times_s
        As for `late_highs_loss_db`.
    """
    high = (hz >= 2500.0) & (hz <= 16000.0)
    level, rate, bright = [], [], []
    for start, end in pairwise(edges_s):
        inside = bands[(times_s >= start) & (times_s < end)]
        power = inside.mean(axis=0, dtype=np.float64) if inside.shape[0] else np.zeros(bands.shape[1])
        level.append(_decibels(power.sum()))
        bright.append(_decibels(power[high].sum()))
        hits = np.count_nonzero((onsets_s >= start) & (onsets_s < end))
        rate.append(hits / max(float(end - start), 1e-3))
    loudest, busiest, brightest = max(level), max([*rate, 1e-9]), max(bright)
    cues = []
    for own, hits_per_s, highs in zip(level, rate, bright, strict=True):
        parts = (
            1.0 + (own - loudest) / LEVEL_RANGE_DB,
            hits_per_s / busiest,
            1.0 + (highs - brightest) / BRIGHTNESS_RANGE_DB,
        )
        energy = float(np.dot(np.clip(parts, 0.0, 1.0), CUE_WEIGHTS))
        cues.append(SurfaceCues(own - loudest, hits_per_s, highs - brightest, energy))
    return cues


def curve_agreement(measured: Doubles, at_share: Doubles, intended: Doubles, ends_share: Doubles) -> float:
    """Return the Pearson correlation of two energy curves, −1 to 1; 0 where one of them is constant.

    Both are read at 64 places of the song as steps, so that the number of
    sections need not be the same.

    Parameters
    ----------
    measured, intended : float64 arrays
        Energy per section.
    at_share, ends_share : float64 arrays
        Where each of their sections ends, as a share of the song, rising to 1.
    """
    places = (np.arange(PLACES) + 0.5) / PLACES
    one = measured[np.minimum(np.searchsorted(at_share, places), measured.size - 1)]
    two = intended[np.minimum(np.searchsorted(ends_share, places), intended.size - 1)]
    one, two = one - one.mean(), two - two.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length > 1e-9 else 0.0


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the music of a sound begins and ends, in seconds; what rings out after the last stroke is no part of it."""

    start_s: float
    end_s: float


def music_extent(power: Doubles, block_s: float) -> Extent:
    """Return where the music begins and ends: from the first block that sounds to the last stroke.

    Parameters
    ----------
    power : float64 array, shape (blocks,)
        Mean square per block of about 10 ms.
    block_s : float

    Returns
    -------
    Extent
        To the last block that sounds where strokes end before half of it; all of the sound where it is silent.
    """
    loud = float(np.quantile(power, 0.9)) if power.size else 0.0
    sounding = np.flatnonzero(power > loud * 10 ** (-SOUNDING_DB / 10))
    if sounding.size == 0:
        return Extent(0.0, power.size * block_s)
    start_s, end_s = float(sounding[0]) * block_s, float(sounding[-1] + 1) * block_s
    strokes_s = onset_times_s(power, block_s)
    if strokes_s.size and strokes_s[-1] - start_s >= STRUCK_SHARE * (end_s - start_s):
        end_s = float(strokes_s[-1])
    return Extent(start_s, end_s)


def laid_out(ends_share: Doubles, bars: float, music: Extent, lines_s: Doubles) -> list[Doubles]:
    """Return where the sections of a form may lie in a song: one or two readings, each of their edges in seconds.

    Stretched over the music from its begin to its last stroke; and, where the
    bars that were heard put the form's end within a tenth of there, bar by bar
    from the bar line that is nearest to the begin.

    Parameters
    ----------
    ends_share : float64 array, shape (sections,)
        Where each section ends, as a share of the form, rising to 1.
    bars : float
        The form's length in bars.
    music : Extent
    lines_s : float64 array
        Downbeats that were heard, rising; may be empty.
    """
    length_s = music.end_s - music.start_s
    shares = np.concatenate([[0.0], ends_share])
    laid = [music.start_s + length_s * shares]
    if lines_s.size > 1:
        bar_s = float(np.median(np.diff(lines_s)))
        first_s = float(lines_s[0]) + bar_s * round((music.start_s - float(lines_s[0])) / bar_s)
        if abs(first_s + bars * bar_s - music.end_s) <= NEAR_SHARE * length_s:
            laid.append(first_s + bars * bar_s * shares)
    return laid
