"""The strongest period, its precision and its octave."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.music.metre import typical_interval
from controlroom.music.tempo import Tempogram, estimate_tempo
from tests.music.test_beats import HOP_S


def tempogram(strengths: dict[float, float]) -> Tempogram:
    """Return an autocorrelation with peaks at the multiples of some tempi's periods."""
    lags = np.arange(700)
    curve = np.zeros(lags.size)
    for bpm, height in strengths.items():
        period = 60.0 / bpm / HOP_S
        for multiple in (1, 2, 3, 4):
            curve = np.maximum(curve, height * np.exp(-0.5 * ((lags - multiple * period) / 1.5) ** 2))
    return Tempogram(curve, curve[None], HOP_S)


def test_a_fast_song_is_not_taken_for_two_thirds_of_it() -> None:
    """Double-time drums at 170 repeat at 113 too, a little less: a narrow prior of the tactus took that."""
    guess = estimate_tempo(tempogram({170.0: 0.35, 113.33: 0.27}))
    assert guess is not None
    assert abs(np.log2(guess.tempo_bpm / 170.0) - round(np.log2(guess.tempo_bpm / 170.0))) < 0.02


@pytest.mark.parametrize("period_frames", [37.3, 44.9, 57.45])
def test_beats_on_whole_frames_have_a_tempo_between_frames(period_frames: float) -> None:
    beats_s = np.round(np.arange(200) * period_frames) * HOP_S
    assert typical_interval(beats_s) == pytest.approx(period_frames * HOP_S, rel=1e-3)


def test_a_missed_beat_does_not_move_the_tempo() -> None:
    beats_s = np.delete(np.arange(100) * 0.5, [20, 40, 41])
    assert typical_interval(beats_s) == pytest.approx(0.5)
