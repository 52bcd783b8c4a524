"""A sound at another rate."""

from __future__ import annotations

import numpy as np

from controlroom.engine.deliverable import at_rate
from controlroom.listening.known import Known
from controlroom.listening.listening import Listening
from controlroom.model.audio import Audio


def test_a_sound_at_its_own_rate_is_itself_and_at_another_is_made_once() -> None:
    sound = Listening(Audio(np.ones((1, 3200), np.float32), 32_000), Known(clock="c-1"))
    assert at_rate(sound, 32_000) is sound
    other = at_rate(sound, 48_000)
    assert (other.audio.rate_hz, other.audio.frames, other.clock) == (48_000, 4800, "c-1")
    assert at_rate(sound, 48_000) is other
    assert at_rate(sound, 44_100).audio.rate_hz == 44_100
