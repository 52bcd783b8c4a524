"""Which stretch of a sound is tried: three seconds at least, where the sound has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from controlroom.model.audio import Audio
from controlroom.model.errors import UsageError
from controlroom.studio.console_preview import LONGEST_S, SHORTEST_S, stretch

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
