"""The rate at which masters go out."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.listening.known import Known
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio
from controlroom.studio.deliverable import at_rate, deliverable_rate_hz


@pytest.mark.parametrize(
    "rate_hz, goes_out_hz",
    [
        *((rate_hz, rate_hz) for rate_hz in (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)),
        (22_050, 44_100),
        (11_025, 44_100),
        (8_000, 48_000),
        (16_000, 48_000),
        (24_000, 48_000),
        (32_000, 48_000),
    ],
)
def test_a_rate_stays_where_stores_take_it_and_goes_to_its_family_else(
    rate_hz: int, goes_out_hz: int
) -> None:
    assert deliverable_rate_hz(rate_hz) == goes_out_hz


def test_a_sound_at_its_own_rate_is_itself_and_at_another_is_made_once() -> None:
    sound = Listening(Audio(np.ones((1, 3200), np.float32), 32_000), Known(clock="c-1"))
    assert at_rate(sound, 32_000) is sound
    other = at_rate(sound, 48_000)
    assert (other.audio.rate_hz, other.audio.frames, other.clock) == (48_000, 4800, "c-1")
    assert at_rate(sound, 48_000) is other
    assert at_rate(sound, 44_100).audio.rate_hz == 44_100
