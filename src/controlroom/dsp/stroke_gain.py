"""A gain that is drawn around each stroke, anchored to its first sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controlroom.dsp.onset_frames import Places
from controlroom.dsp.spectrum import Floats

Singles = npt.NDArray[np.float32]

LEAD_S = 0.0015
"""The gain is there this long before the stroke: a step inside the stroke would click."""
LET_GO = 0.5
"""What follows the stroke lets go over this share of its length."""
HAND_OVER_S = 0.004
"""A stroke's curve ends this long before the next one's begins."""


@dataclass(frozen=True, slots=True)
class StrokeShape:
    """Gains in dB around a stroke, and how long each lasts.

    ``before`` is what sounds until the stroke, ``attack`` its first moment,
    ``sustain`` what follows; they pass into each other as raised cosines.
    """

    before_db: float
    before_s: float
    attack_db: float
    attack_s: float
    sustain_db: float
    sustain_s: float

    def points(self) -> tuple[Floats, Floats]:
        """Return the corners of the curve: seconds from the stroke, rising, and dB."""
        lead, attack, end = LEAD_S, self.attack_s, max(self.sustain_s, 2.0 * self.attack_s)
        before = lead + self.before_s
        times = [-2.0 * before, -before, -lead, 0.0, attack, 2.0 * attack, end, (1.0 + LET_GO) * end]
        gains = [0.0, self.before_db, self.before_db, *[self.attack_db] * 2, *[self.sustain_db] * 2, 0.0]
        return np.asarray(times), np.asarray(gains)

    def at(self, times_s: Floats) -> Floats:
        """Return the gain in dB at some times from a stroke."""
        times, gains = self.points()
        index = np.clip(np.searchsorted(times, times_s, side="right") - 1, 0, times.size - 2)
        length = np.maximum(times[index + 1] - times[index], 1e-9)
        share = np.clip((times_s - times[index]) / length, 0.0, 1.0)
        share = 0.5 - 0.5 * np.cos(np.pi * share)
        return np.asarray(gains[index] + share * (gains[index + 1] - gains[index]))


@dataclass(frozen=True, slots=True, eq=False)
class StrokeGain:
    """One curve for every stroke of a sound.

    Parameters
    ----------
    onsets : ndarray of int64, shape (strokes,)
        First frames, rising.
    table_db : ndarray of float64, shape (lead + rest,)
        The curve by frames; ``table_db[lead]`` is the stroke's first sample.
    lead, hand_over : int
        Frames of the table before the stroke; frames over which a curve that is
        still at work when the next begins is let go.
    """

    onsets: Places
    table_db: Floats
    lead: int
    hand_over: int

    def over(self, start_frame: int, frames: int) -> Singles | None:
        """Return the linear gain of ``frames`` frames from ``start_frame``; None where it is 1 throughout."""
        rest = self.table_db.size - self.lead
        first = int(np.searchsorted(self.onsets, start_frame - rest, side="right"))
        last = int(np.searchsorted(self.onsets, start_frame + frames + self.lead, side="left"))
        if first >= last:
            return None
        total = np.zeros(frames)
        for index in range(first, last):
            low, curve = self._curve_of(index)
            left, right = max(low, start_frame), min(low + curve.size, start_frame + frames)
            if left < right:
                total[left - start_frame : right - start_frame] += curve[left - low : right - low]
        return (10.0 ** (total / 20.0)).astype(np.float32)

    def _curve_of(self, index: int) -> tuple[int, Floats]:
        """Return the first frame and the curve of one stroke: cut where its neighbours' begin and end, and let go there."""
        onset, rest = int(self.onsets[index]), self.table_db.size - self.lead
        lead, until = self.lead, rest
        if index > 0:
            lead = min(lead, (onset - int(self.onsets[index - 1])) // 2)
        if index + 1 < self.onsets.size:
            gap = int(self.onsets[index + 1]) - onset
            until = min(until, gap - min(self.lead, gap // 2))
        curve = self.table_db[self.lead - lead : self.lead + until]
        if curve.size == self.table_db.size:
            return onset - lead, curve
        curve = curve.copy()
        rise, fall = min(self.hand_over, lead), min(self.hand_over, until)
        if lead < self.lead and rise:
            curve[:rise] *= np.linspace(0.0, 1.0, rise)
        if until < rest and fall:
            curve[-fall:] *= np.linspace(1.0, 0.0, fall)
        return onset - lead, curve


def stroke_gain(onsets: Places, shape: StrokeShape, rate_hz: int) -> StrokeGain:
    """Return the gain of strokes that begin at ``onsets``."""
    times, _ = shape.points()
    lead = int(np.ceil(-times[0] * rate_hz))
    rest = int(np.ceil(times[-1] * rate_hz)) + 1
    return StrokeGain(
        onsets, shape.at(np.arange(-lead, rest) / rate_hz), lead, max(1, round(HAND_OVER_S * rate_hz))
    )
