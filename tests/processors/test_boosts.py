"""What a processor says that it raises at most is what it raises."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.engine.desk import run_step
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.processors.form import Processor, all_processors
from tests import tolerances as tol
from tests.processors.test_contract import AT_WORK, run, sound

NOT_BY_GAIN = {"layer", "drum_rebuild", "rebuild", "limiter", "saturation"}
"""What they add is another sound, or follows a level; a boost of the stem it is not."""

RAISING = {
    "gain": {"gain_db": 4.0},
    "level": {"gain_db": 4.0},
    "presence": {"gain_db": 3.0},
    "stem_eq": {"band2_gain_db": 5.0},
    "stem_width": {"side_db": 4.0},
    "tone": {"band1_gain_db": 3.0, "band3_gain_db": 2.0},
}


@pytest.mark.parametrize("name", sorted(RAISING))
def test_a_steady_sound_is_raised_by_as_much_as_was_said(name: str) -> None:
    chosen = all_processors()[name](**RAISING[name])
    mono = 0.1 * np.random.default_rng(4).standard_normal(96_000)
    noise = np.stack([mono, -mono if name == "stem_width" else mono])  # all side, so that width counts
    before = Audio(noise.astype(np.float32), 48_000)
    after = run_step(Listening(before), chosen.step(), Context()).audio
    powers = [np.abs(np.fft.rfft(a.samples[0] * np.hanning(96_000))) ** 2 for a in (before, after)]
    raised_db = 10 * np.log10(powers[1][40:-40] / powers[0][40:-40])
    assert np.quantile(raised_db, 0.999) <= chosen.max_boost_db() + tol.BOOST_DB
    assert np.quantile(raised_db, 0.999) >= chosen.max_boost_db() - tol.BOOST_DB


@pytest.mark.parametrize("name", sorted(set(all_processors()) - NOT_BY_GAIN))
def test_no_octave_is_raised_further_than_was_said_and_weaker_says_no_more(name: str) -> None:
    chosen: Processor = all_processors()[name](**AT_WORK[name])
    before, after = sound(), run(chosen, sound())
    powers = [np.abs(np.fft.rfft(a.samples)) ** 2 for a in (before, after)]
    hz = np.fft.rfftfreq(before.frames, 1 / before.rate_hz)
    for low in 62.5 * 2.0 ** np.arange(7):
        was, now = (power[:, (hz >= low) & (hz < 2 * low)].sum() for power in powers)
        assert 10 * np.log10(now / was) <= chosen.max_boost_db() + tol.BOOST_DB, low
    assert chosen.weakened(0.5).max_boost_db() <= chosen.max_boost_db()
    assert chosen.weakened(0.0).max_boost_db() == 0.0


def test_what_can_raise_says_so() -> None:
    assert all_processors()["transient"](attack_db=3.0).max_boost_db() == 3.0
    assert all_processors()["ride"](amount=0.5, boost_db=3.0).max_boost_db() == 1.5
    assert all_processors()["bass_consistency"](amount=1.0, boost_db=2.0).max_boost_db() == 2.0
    assert all_processors()["remove"](amount=1.0).max_boost_db() == 0.0
