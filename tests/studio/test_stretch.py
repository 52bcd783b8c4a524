"""Which stretch of a sound is tried: three seconds at least, where the sound has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from controlroom.listening.known import Known
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import UsageError
from controlroom.model.timeline import Span
from controlroom.processors.level import Level
from controlroom.studio.console_preview import LONGEST_S, SHORTEST_S, _cut_step, stretch

RATE_HZ = 1000


def sound(seconds: float) -> Audio:
    return Audio(np.ones((1, round(seconds * RATE_HZ)), np.float32), RATE_HZ)


@pytest.mark.parametrize(
    "asked_s, found_s",
    [
        ((2.0, 6.0), (2.0, 6.0)),
        ((4.0, 5.0), (3.0, 6.0)),  # about its middle
        ((4.0, 4.0), (2.5, 5.5)),
        ((0.5, 1.0), (0.0, 3.0)),
        ((9.5, 10.0), (7.0, 10.0)),
        ((9.5, 99.0), (7.0, 10.0)),
        ((0.0, 10.0), (0.0, 10.0)),
        ((0.0, 3.0), (0.0, 3.0)),
    ],
)
def test_a_stretch_is_widened_and_stays_in_the_sound(
    asked_s: tuple[float, float], found_s: tuple[float, float]
) -> None:
    assert SHORTEST_S == 3.0
    assert stretch(*asked_s, sound(10.0)) == tuple(round(at * RATE_HZ) for at in found_s)


def test_a_short_sound_is_tried_whole_and_a_long_stretch_ends_somewhere() -> None:
    assert stretch(1.0, 1.5, sound(2.0)) == (0, 2000)
    assert stretch(5.0, 900.0, sound(1000.0)) == (5000, round((5.0 + LONGEST_S) * RATE_HZ))


@pytest.mark.parametrize(
    "span_s", [(-1.0, 2.0), (2.0, 1.0), (math.nan, 1.0), (1.0, math.inf), (1.0, math.nan), (10.0, 11.0), (99.0, 99.5)]
)  # fmt: skip
def test_what_is_no_stretch_of_the_sound_is_refused(span_s: tuple[float, float]) -> None:
    with pytest.raises(UsageError) as caught:
        stretch(*span_s, sound(10.0))
    assert caught.value.code == "preview.span"


@pytest.mark.parametrize("span_s", [(1.0, 3.0), (3.0, 9.0), (0.0, 1.0), (7.0, 9.0), (2.0, 6.0)])
def test_a_step_on_a_cut_sounds_where_its_span_is(span_s: tuple[float, float]) -> None:
    whole, place = sound(10.0), Span(clock="c", start_s=2.0, end_s=6.0)
    step = Level(gain_db=-6.0).step("mix", Span(clock="c", start_s=span_s[0], end_s=span_s[1]))
    given = Audio(whole.samples[:, 2000:6000], RATE_HZ)
    cut = _cut_step(Listening(whole, Known(clock="c")), step, place, given, Context()).samples[0]
    at_s = 2.0 + np.arange(4000) / RATE_HZ
    inside = (at_s >= span_s[0] + 0.02) & (at_s < span_s[1] - 0.02)
    outside = (at_s < span_s[0]) | (at_s >= span_s[1])
    np.testing.assert_allclose(cut[inside], 10 ** (-6 / 20), rtol=1e-6)
    np.testing.assert_array_equal(cut[outside], 1.0)
