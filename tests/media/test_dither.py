from __future__ import annotations

import numpy as np
import pytest

from controlroom.media.dither import BLOCK_FRAMES, quantise, quantised_blocks, tpdf
from controlroom.model.audio import Audio
from controlroom.model.errors import AudioInputError
from tests.media.sounds import music
from tests.tolerances import DITHER_MOMENT


def test_the_noise_is_triangular_two_steps_wide_without_bias() -> None:
    noise = tpdf(1 << 20, np.random.PCG64(1))
    assert np.abs(noise).max() < 1.0
    assert abs(noise.mean()) < DITHER_MOMENT
    assert abs(noise.var() - 1 / 6) < DITHER_MOMENT
    # a triangle: P(|d| < ½) = ¾
    assert abs(np.mean(np.abs(noise) < 0.5) - 0.75) < DITHER_MOMENT


def test_neighbours_and_channels_are_independent() -> None:
    noise = tpdf(1 << 20, np.random.PCG64(2)).reshape(-1, 2)
    assert abs(np.mean(noise[:, 0] * noise[:, 1])) < DITHER_MOMENT
    assert abs(np.mean(noise[1:, 0] * noise[:-1, 0])) < DITHER_MOMENT


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5])
def test_the_mean_error_does_not_depend_on_the_signal(bits: int, fraction: float) -> None:
    level = np.float32((100 + fraction) * 2.0 ** (1 - bits))
    block = np.full((1, 1 << 18), level, np.float32)
    error = quantise(block, bits, np.random.PCG64(3)).samples - (100 + fraction)
    assert abs(error.mean()) < 2 * DITHER_MOMENT
    assert abs(error.var() - (1 / 6 + 1 / 12)) < 2 * DITHER_MOMENT  # TPDF and rounding, at any level


@pytest.mark.parametrize("bits", [16, 24])
def test_integers_pass_without_dither_unchanged(bits: int) -> None:
    whole = np.array([[-(2 ** (bits - 1)), -1, 0, 1, 2 ** (bits - 1) - 1]])
    samples = (whole / 2.0 ** (bits - 1)).astype(np.float32)
    block = quantise(samples, bits)
    np.testing.assert_array_equal(block.samples.T, whole)
    assert block.over == 0


def test_a_seed_means_one_sequence_and_another_seed_another() -> None:
    audio = music(2.0)
    assert audio.frames > BLOCK_FRAMES
    one, same, other = (np.concatenate(list(quantised_blocks(audio, 16, seed))) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)
    assert one.shape == (audio.frames, audio.channels)


def test_clipping_is_counted_and_refused() -> None:
    samples = np.zeros((1, 1000), np.float32)
    samples[0, :7] = 1.5
    with pytest.raises(
        AudioInputError, match=r"7 samples do not fit into 16 bits \(peak \+3\.52 dBFS\)"
    ) as caught:
        list(quantised_blocks(Audio(samples, 48_000), 16, 0))
    assert caught.value.code == "encode.over-full-scale"
