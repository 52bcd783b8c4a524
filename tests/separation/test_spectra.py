from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlroom.separation import spectra
from tests.tolerances import FFT32, FLOAT32


def feeder(samples: np.ndarray):
    place = 0

    def feed(count: int) -> np.ndarray:
        nonlocal place
        out = np.zeros((samples.shape[0], count), np.float32)
        piece = samples[:, place : place + count]
        out[:, : piece.shape[1]] = piece
        place += count
        return out

    return feed


def run(samples, segments, mask_of):
    pieces = spectra.masked(feeder(samples), samples.shape[1], segments, lambda s: mask_of(s)[None])
    return np.concatenate(list(pieces), axis=2)[0]


def noise(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (2, frames)).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(frames=st.integers(1, 90_000), length=st.integers(8, 40), overlap=st.integers(0, 4))
def test_a_mask_of_ones_is_the_identity(frames, length, overlap):
    samples = noise(frames)
    out = run(samples, spectra.Segments(length, overlap), lambda s: np.ones(s.shape, np.float32))
    assert out.shape == samples.shape
    np.testing.assert_allclose(out, samples, atol=FFT32)


def own_mask(spectrum: np.ndarray) -> np.ndarray:
    """A mask that depends on each frame alone, so cutting can't matter."""
    power = np.abs(spectrum)
    return (power / (1 + power)).astype(np.float32)


@pytest.mark.parametrize(
    "segments", [spectra.Segments(16, 0), spectra.Segments(16, 5), spectra.Segments(64, 32)]
)
def test_pieces_equal_the_whole(segments):
    samples = noise(70_000, seed=3)
    whole = run(samples, spectra.Segments(512, 0), own_mask)
    np.testing.assert_allclose(run(samples, segments, own_mask), whole, atol=FFT32)


def test_overlapping_masks_are_cross_faded():
    seen = []

    def alternating(spectrum):
        seen.append(0)
        return np.full(spectrum.shape, len(seen) % 2, np.float32)

    samples = np.ones((1, 40 * spectra.HOP), np.float32)
    out = run(samples, spectra.Segments(24, 8), alternating)[0, :: spectra.HOP]
    assert out[4] == pytest.approx(1)
    assert out[28] == pytest.approx(0, abs=FLOAT32)
    assert np.all(np.diff(out[12:29]) <= FLOAT32)


def test_frames_beyond_the_end_are_zero():
    shapes = []

    def look(spectrum):
        shapes.append(spectrum)
        return np.ones(spectrum.shape, np.float32)

    run(noise(10_000), spectra.Segments(32, 0), look)
    assert len(shapes) == 1
    assert np.abs(shapes[0][:, : spectra.frame_count(10_000)]).min() > 0
    assert not np.any(shapes[0][:, spectra.frame_count(10_000) :])
