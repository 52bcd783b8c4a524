"""Peaks at 32 points: what is left out by a coarse look is nothing that counts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from controlroom.dsp.oversampling import HALF_TAPS
from controlroom.dsp.peak_check import check_tables, read_blocks
from controlroom.dsp.true_peak import REFERENCE_HALF_TAPS
from tests import tolerances

WIDTH = 11


def _sounds() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(5)
    n = 2400
    time = np.arange(n)
    sparse = np.zeros(n)
    sparse[[3, 700, 701, 1500, n - 1]] = [0.5, 0.9, -0.9, 0.3, 0.8]
    alternating = np.where(time % 2, 0.8, -0.8) * np.where(
        time < n // 2, 1, -1
    )  # rises 4 times above its samples
    sounds = {
        "noise": 0.25 * rng.standard_normal(n),
        "bright": np.diff(0.15 * rng.standard_normal(n + 1)),
        "near half the rate": 0.8 * np.sin(0.98 * np.pi * time),
        "sparse": sparse,
        "turned": alternating,
    }
    return {name: sound.astype(np.float32) for name, sound in sounds.items()}


def _slowly(row: NDArray[np.float32], blocks: int) -> NDArray[np.float64]:
    """Return each block's greatest magnitude under all three interpolators, without any short cut."""
    tables = check_tables()
    pad = 2 * REFERENCE_HALF_TAPS
    wide = np.pad(row.astype(np.float64), pad)
    heights = np.abs(wide)
    for table, half in ((tables.near, HALF_TAPS), (tables.far, REFERENCE_HALF_TAPS)):
        seen = np.lib.stride_tricks.sliding_window_view(wide, 2 * half)
        inside = np.abs(seen @ table.astype(np.float64)).max(
            axis=1
        )  # between wide[i + half − 1] and the next
        heights[half - 1 : half - 1 + inside.size] = np.maximum(
            heights[half - 1 : half - 1 + inside.size], inside
        )
    out = np.zeros(blocks)
    for k in range(blocks):
        start = k * WIDTH - (HALF_TAPS if k == 0 else 1)
        stop = min((k + 1) * WIDTH, row.size)
        stop += HALF_TAPS - 1 if stop == row.size else 0
        ends = np.abs(wide[pad + start : pad + stop + 1]).max()
        out[k] = max(ends, heights[pad + start : pad + stop].max())
    return out


@pytest.mark.parametrize("name", _sounds())
def test_what_passes_the_floor_and_the_greatest_are_read_in_full(name: str) -> None:
    row = _sounds()[name]
    blocks = -(-row.size // WIDTH)
    truth = _slowly(row, blocks)
    for floor in (0.5 * truth.max(), 0.9 * truth.max(), np.inf):
        read = read_blocks(row, np.ones_like(row), np.arange(blocks), WIDTH, np.zeros(blocks), floor)
        above = truth > floor
        np.testing.assert_allclose(read[above], truth[above], rtol=tolerances.FLOAT32_TAPS)
        assert read.max() == pytest.approx(truth.max(), rel=tolerances.FLOAT32_TAPS)
        assert (read <= truth * (1 + tolerances.FLOAT32_TAPS)).all()
        assert ((read > 0) == (truth > 0)).all()


def test_blocks_read_alone_and_side_by_side_are_the_same() -> None:
    row = _sounds()["noise"]
    blocks = np.arange(0, -(-row.size // WIDTH), 2)
    doubt = np.full(-(-row.size // WIDTH), 0.6)
    together = read_blocks(row, np.ones_like(row), np.arange(doubt.size), WIDTH, doubt, 0.7)
    alone = read_blocks(row, np.ones_like(row), blocks, WIDTH, doubt, 0.7)
    counts = together[blocks] > 0.7
    np.testing.assert_array_equal(alone[blocks][counts], together[blocks][counts])
    assert not alone[1::2].any()
