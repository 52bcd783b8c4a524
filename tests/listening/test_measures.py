import math
from functools import cache

import numpy as np
import pytest

from controlroom.listening.listening import Listening
from controlroom.listening.measures import MEASURES, READINGS, measure, split_name
from controlroom.model.audio import Audio
from controlroom.model.errors import UsageError
from tests import tolerances as tol
from tests.detectors.sounds import clean, standards, with_samples

NAMES = sorted(name + ("[630]" if entry.argument else "") for name, entry in MEASURES.items())
SOFTER_DB = -7.5
UNITS = {
    "_share": "share",
    "_percent": "%",
    "_bits": "bits",
    "_cents": "cents",
    "_lufs": "LUFS",
    "_lu": "LU",
    "_dbtp": "dBTP",
    "_dbfs": "dBFS",
    "_db": "dB",
    "_s": "s",
    "_hz": "Hz",
}
OF_ONE_NOISE = {"noise.flutter_db", "source.ceiling_hz"}
"""Extremes over the bins of one noise, and an edge told in cells of 100 Hz: another rate is another draw."""


@cache
def heard(rate_hz: int = 44100) -> Listening:
    return Listening(clean(rate_hz=rate_hz))


@cache
def softer() -> Listening:
    return Listening(with_samples(clean(), clean().samples * 10 ** (SOFTER_DB / 20)))


@cache
def swapped() -> Listening:
    return Listening(Audio(clean().samples[::-1].copy(), clean().rate_hz))


def test_the_table_is_not_empty_and_documented():
    assert len(MEASURES) >= 20
    for name, entry in MEASURES.items():
        assert entry.meaning
        assert next((unit for end, unit in UNITS.items() if name.endswith(end)), "") == entry.unit, name
    assert not set(READINGS) & set(MEASURES)


@pytest.mark.parametrize("name", NAMES)
def test_a_measurement_moves_with_gain_as_it_says(name):
    entry = MEASURES[split_name(name)[0]]
    before = measure(heard(), name, standards())
    after = measure(softer(), name, standards())
    expected = before if entry.level_free else before + SOFTER_DB
    assert after == pytest.approx(expected, abs=tol.BAND_LEVEL_DB)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frames,channels", [(0, 2), (441, 1), (44100, 2)])
def test_silence_and_scraps_read_finite(name, frames, channels):
    silence = Listening(Audio(np.zeros((channels, frames), dtype=np.float32), 44100))
    assert math.isfinite(measure(silence, name, standards()))


@pytest.mark.parametrize("name", NAMES)
def test_channels_may_be_swapped(name):
    assert measure(swapped(), name, standards()) == pytest.approx(
        measure(heard(), name, standards()), abs=tol.BAND_LEVEL_DB
    )


@pytest.mark.parametrize("name", sorted(set(NAMES) - OF_ONE_NOISE))
def test_another_rate_reads_the_same(name):
    here = measure(heard(44100), name, standards())
    there = measure(heard(48000), name, standards())
    assert there == pytest.approx(here, abs=tol.NOISE_LEVEL_DB)


@pytest.mark.parametrize(
    "name",
    ["tone.nothing", "tone.residual_db", "tone.residual_db[x]", "tone.residual_db[630", "peak.plr_db[3]"],
)
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError):
        measure(heard(), name, standards())


def test_a_measurement_is_made_once():
    listening = Listening(clean())
    first = measure(listening, "stereo.correlation", standards())
    assert len(listening._kept) == 1
    assert measure(listening, "stereo.correlation", standards()) == first
    assert len(listening._kept) == 1
