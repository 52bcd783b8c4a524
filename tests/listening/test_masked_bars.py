"""Where the voice is masked: bars and bands, on truth that was made."""

import numpy as np
import pytest

from controlroom.listening.listening import Listening
from controlroom.listening.masked_bars import (
    MaskedBars,
    bars_in_words,
    masked_bars_of,
    masked_share,
    worst_span,
)
from controlroom.model.audio import Audio
from tests.detectors.sounds import standards

RATE_HZ = 44100
BARS, BAR_S = 8, 2.0
LOUD = (2, 3, 4)
"""Bars in which the backing lies over the voice."""


def band(rng, low_hz, high_hz, frames):
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1 / RATE_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    wave = np.fft.irfft(spectrum, frames)
    return wave / wave.std()


def song(backing_hz=(1000.0, 4000.0), silent=()):
    rng = np.random.default_rng(5)
    frames = round(BARS * BAR_S * RATE_HZ)
    bar = (np.arange(frames) / RATE_HZ // BAR_S).astype(int)
    voice = 0.05 * band(rng, 200, 6000, frames) * ~np.isin(bar, silent)
    backing = 0.1 * band(rng, *backing_hz, frames) * np.where(np.isin(bar, LOUD), 1.0, 0.01)
    stems = {"vocals": Listening(Audio(voice[None].astype(np.float32), RATE_HZ))}
    return Listening(Audio((voice + backing)[None].astype(np.float32), RATE_HZ), stems=stems)


def test_masked_bars_are_those_in_which_the_backing_is_loud():
    listening = song()
    found = masked_bars_of(listening, standards())
    assert not found.from_grid  # noise has no beat: windows of 2 s stand in for bars
    assert np.flatnonzero(found.masked).tolist() == list(LOUD)
    assert masked_share(listening, standards(), 0.0) == pytest.approx(len(LOUD) / BARS)
    assert bars_in_words(found) == "3-5"
    span = worst_span(listening, found)
    assert (span.start_s, span.end_s) == (LOUD[0] * BAR_S, (LOUD[-1] + 1) * BAR_S)


def test_only_the_covered_bands_are_named():
    hz = masked_bars_of(song((1000.0, 4000.0)), standards()).masked_bands_hz()
    assert hz == sorted(hz)
    assert len(hz) >= 5
    low = masked_bars_of(song((800.0, 2000.0)), standards())
    under = low.over_db[LOUD[1]] < low.limit_db
    assert under[low.bands_hz < 1800.0].all()
    assert not under[low.bands_hz > 3300.0].any()


def test_a_bar_without_singing_is_neither_masked_nor_clear():
    found = masked_bars_of(song(silent=(3,)), standards())
    assert not found.sung[3]
    assert np.flatnonzero(found.masked).tolist() == [2, 4]
    assert found.runs() == [slice(2, 5)]  # nobody sings between: one run
    assert found.share == pytest.approx(2 / (BARS - 1))


def test_the_longest_run_is_the_worst():
    over = np.zeros((9, 3))
    over[[1, 4, 5, 8]] = -10.0
    found = MaskedBars(np.arange(10.0), from_grid=True, over_db=over, bands_hz=np.ones(3), limit_db=-1.5)
    assert bars_in_words(found) == "2, 5-6, 9"
    assert found.worst_run() == slice(4, 6)


def test_without_a_stem_nothing_is_claimed():
    listening = Listening(song().audio)
    assert masked_bars_of(listening, standards()) is None
    assert masked_share(listening, standards(), 0.0) == 0.0
