from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.media.peaks import peak_pyramid, peaks
from controlroom.model.audio import Audio
from tests.media.sounds import music


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 400),
    buckets=st.integers(1, 500),
    channels=st.integers(1, 2),
    seed=st.integers(0, 99),
)
def test_each_bucket_holds_its_stretch(frames: int, buckets: int, channels: int, seed: int) -> None:
    samples = np.random.default_rng(seed).standard_normal((channels, frames)).astype(np.float32)
    got = peaks(Audio(samples, 8_000), buckets)
    count = min(buckets, frames)
    assert got.low.shape == got.high.shape == (channels, count)
    edges = [k * frames // count for k in range(count + 1)]
    for k in range(count):
        stretch = samples[:, edges[k] : edges[k + 1]]
        np.testing.assert_array_equal(got.low[:, k], stretch.min(axis=1))
        np.testing.assert_array_equal(got.high[:, k], stretch.max(axis=1))


def test_a_pyramid_is_the_same_as_looking_at_the_samples_again() -> None:
    audio = music(0.7)
    levels = peak_pyramid(audio, 256, 4)
    assert levels[0].buckets == -(-audio.frames // 256)
    assert levels[-1].buckets <= 4
    for depth, level in enumerate(levels):
        starts = np.arange(0, audio.frames, 256 * 4**depth)
        np.testing.assert_array_equal(level.low, np.minimum.reduceat(audio.samples, starts, axis=1))
        np.testing.assert_array_equal(level.high, np.maximum.reduceat(audio.samples, starts, axis=1))


def test_nothing_has_no_peaks_and_nonsense_is_refused() -> None:
    empty = Audio(np.empty((2, 0), np.float32), 48_000)
    assert peaks(empty, 10).buckets == 0
    assert peak_pyramid(empty)[0].buckets == 0
    with pytest.raises(ValueError, match="at least 1, not 0"):
        peaks(empty, 0)
    with pytest.raises(ValueError, match="factor"):
        peak_pyramid(empty, 256, 1)
