from __future__ import annotations

import numpy as np
import pytest

from controlroom.model.audio import Audio


def test_samples_are_read_only_and_not_copied() -> None:
    array = np.zeros((2, 5), np.float32)
    audio = Audio(array, 44100)
    assert audio.samples is array
    with pytest.raises(ValueError, match="read-only"):
        audio.samples[0, 0] = 1


@pytest.mark.parametrize("shape, rate, message", [((5,), 44100, "channels, frames"), ((1, 5), 0, "positive")])
def test_bad_input_is_named(shape: tuple[int, ...], rate: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Audio(np.zeros(shape, np.float32), rate)


def test_a_digest_tells_rate_shape_and_every_bit_apart() -> None:
    base = np.zeros((2, 6), np.float32)
    other = base.copy()
    other[1, 3] = -0.0
    digests = {
        Audio(base, 44100).digest(),
        Audio(base, 48000).digest(),
        Audio(base.reshape(1, 12), 44100).digest(),
        Audio(other, 44100).digest(),
    }
    assert len(digests) == 4
    assert Audio(base.copy(), 44100).digest() == Audio(base, 44100).digest()


def test_an_excerpt_is_clipped_to_the_sound() -> None:
    audio = Audio(np.arange(10, dtype=np.float32).reshape(1, 10), 10)
    assert audio.excerpt(-5, 3).samples.tolist() == [[0, 1, 2]]
    assert audio.excerpt(8, 99).frames == 2
    assert audio.excerpt(5, 2).frames == 0
