from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.media.align import delay_frames, shifted
from controlroom.model.audio import Audio
from tests.media.sounds import music

_LONG = music(8.0, 48_000)
_SHORT = music(0.5, 44_100)


@settings(max_examples=12, deadline=None)
@given(delay=st.integers(-2_000, 2_000), gain=st.floats(0.01, 4.0), which=st.sampled_from([_LONG, _SHORT]))
def test_a_delay_is_found_at_any_gain_and_undone(delay: int, gain: float, which: Audio) -> None:
    late = shifted(which, -delay, which.frames)
    late = Audio(late.samples * np.float32(gain), late.rate_hz)
    assert delay_frames(which, late, 4_096) == delay
    inner = slice(2_000, which.frames - 2_000)
    back = shifted(late, delay, which.frames)
    np.testing.assert_array_equal(back.samples[:, inner], which.samples[:, inner] * np.float32(gain))


def test_stereo_that_cancels_in_mono_is_still_aligned() -> None:
    mono = music(1.0, channels=1).samples
    wide = Audio(np.concatenate([mono, -mono]), 48_000)
    assert delay_frames(wide, shifted(wide, -321, wide.frames)) == 321


def test_mono_is_held_against_stereo() -> None:
    stereo = music(1.0)
    mono = Audio(stereo.samples.mean(axis=0, keepdims=True), stereo.rate_hz)
    assert delay_frames(stereo, shifted(mono, -100, mono.frames)) == 100


def test_a_shift_fills_with_silence_and_keeps_the_length() -> None:
    sound = Audio(np.arange(1, 6, dtype=np.float32)[None], 48_000)
    np.testing.assert_array_equal(shifted(sound, 2, 5).samples, [[3, 4, 5, 0, 0]])
    np.testing.assert_array_equal(shifted(sound, -2, 5).samples, [[0, 0, 1, 2, 3]])
    np.testing.assert_array_equal(shifted(sound, 9, 3).samples, [[0, 0, 0]])


def test_other_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="44100 and 48000"):
        delay_frames(_SHORT, _LONG)
