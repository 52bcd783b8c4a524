"""A ring that every sound passes through: told from notes by what lies *between* the partials.

A note raises its own partials and goes; a resonance raises everything near one
frequency alike, the breath, the room and the noise between the partials too.
So the level is read at the floor of each narrow cell, not at its peaks.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from controlroom.dsp.lines import Line, sounding
from controlroom.dsp.spectrum import Floats, Singles, decibels

FRAME_S = 0.74
"""Bins of 1.35 Hz: a semitone at 300 Hz has 13 of them, enough to have a floor."""
LOW_HZ, HIGH_HZ = 220.0, 2650.0
JUDGED_HZ = (300.0, 2550.0)
"""Above, few songs have partials dense enough that a floor between them says anything."""
PER_OCTAVE = 24
CELL_OCTAVES = 0.1
FLOOR_SHARE = 0.3
TIME_SHARE, OFTEN_SHARE = 0.3, 0.8
AROUND_CELLS = 15
"""The baseline is the median of 5/8 of an octave around a cell."""
NOTE_DB = 20.0
"""What stands out more is a note that is held or comes back in nearly every frame …"""
NOTE_RANGE_DB = 19.0
"""… and so is what ranges over more between three tenths and four fifths of the time: measured on
lab/songs, a ring of 16 dB always ranges over less, the home note of a lone voice over more."""
LEAST_FRAMES = 8
_BATCH = 128


def strongest_resonance(sound: Singles, rate_hz: float) -> Line:
    """Return the narrow band that stands out most of the floor between the partials, and by how much.

    In frames of 0.74 s, half overlapped, the floor of a cell of a tenth of an
    octave is the 30 % point of its bins; held against the median floor of 5/8 of
    an octave around it; the 30 % point over time is what it seldom falls below
    while notes come and go.

    Parameters
    ----------
    sound : ndarray of float32, shape (frames,)
        One channel at 5 to 7 kHz.
    rate_hz : float

    Returns
    -------
    Line
        0 dB where the sound is shorter than 8 frames or silent, and where what
        stands out most is a note.
    """
    frame = fft.next_fast_len(2 * round(FRAME_S * rate_hz / 2), real=True)
    if sound.size < frame * (LEAST_FRAMES + 1) // 2:
        return Line(JUDGED_HZ[0], 0.0)
    centres_hz, floors = _floors(sound, frame, rate_hz / frame)
    if floors.shape[0] < LEAST_FRAMES:
        return Line(JUDGED_HZ[0], 0.0)
    over = floors - ndimage.median_filter(floors, (1, AROUND_CELLS), mode="nearest")
    steady, usual = np.quantile(over, (TIME_SHARE, OFTEN_SHARE), axis=0)
    moves = usual - steady
    steady = steady - ndimage.median_filter(steady, AROUND_CELLS, mode="nearest")
    judged = (centres_hz > JUDGED_HZ[0]) & (centres_hz < JUDGED_HZ[1])
    at = int(np.argmax(np.where(judged, steady, -np.inf)))
    if steady[at] > NOTE_DB or moves[at] > NOTE_RANGE_DB:
        return Line(float(centres_hz[at]), 0.0)
    return Line(float(centres_hz[at]), max(0.0, float(steady[at])))


def _floors(sound: Singles, frame: int, bin_hz: float) -> tuple[Floats, Floats]:
    """Return the cells' middles, shape (cells,), and their floors in dB, shape (sounding frames, cells)."""
    top_hz = min(HIGH_HZ, 0.48 * frame * bin_hz)
    centres = LOW_HZ * 2.0 ** (np.arange(int(np.log2(top_hz / LOW_HZ) * PER_OCTAVE)) / PER_OCTAVE)
    half = 2.0 ** (CELL_OCTAVES / 2)
    low = np.round(centres / half / bin_hz).astype(np.int64)
    high = np.maximum(low + 3, np.round(centres * half / bin_hz).astype(np.int64))
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    views = np.lib.stride_tricks.sliding_window_view(sound, frame)[:: frame // 2]
    floors = np.empty((views.shape[0], centres.size))
    power = np.empty((views.shape[0], 1), dtype=np.float32)
    for first in range(0, views.shape[0], _BATCH):
        spectrum = fft.rfft(views[first : first + _BATCH] * window, axis=1)
        rows = spectrum.real**2 + spectrum.imag**2
        power[first : first + rows.shape[0], 0] = rows.sum(axis=1)
        for cell, (start, stop) in enumerate(zip(low, high, strict=True)):
            rank = int(FLOOR_SHARE * (stop - start - 1))
            floors[first : first + rows.shape[0], cell] = np.partition(rows[:, start:stop], rank, axis=1)[
                :, rank
            ]
    return centres, decibels(floors[sounding(power)])
