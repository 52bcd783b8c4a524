"""How a change enters the mix: in pieces as in one, and at the ends of what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from controlroom.engine import overlay
from controlroom.engine.overlay import Changes, allowed_change, laid_over, overlay_filter, refused_bands
from controlroom.model.audio import Audio
from controlroom.model.proposals import FrequencyBand
from controlroom.model.song import StemTrust
from tests import tolerances as tol

RATE_HZ = 8000
EDGES_HZ = (100.0, 500.0, 1000.0, 2000.0)


def trust(*coherence: float, silent: tuple[bool, ...] = ()) -> StemTrust:
    return StemTrust(coherence=coherence, coherence_edges_hz=EDGES_HZ, silent=silent)


def band(low_hz: float, high_hz: float) -> FrequencyBand:
    return FrequencyBand(low_hz=low_hz, high_hz=high_hz)


def noise(seed: int, frames: int = 9000) -> Audio:
    return Audio(np.random.default_rng(seed).standard_normal((2, frames)).astype(np.float32), RATE_HZ)


@pytest.mark.parametrize(
    "coherence, silent, bands",
    [
        (
            (0.5, 0.9, 0.5),
            (),
            (band(100, 500), band(1000, 2000)),
        ),  # as coherent as is asked is coherent enough
        ((0.5, 0.5, 0.5), (), (band(100, 2000),)),
        ((0.5, 0.5, 0.5), (False, True, False), (band(100, 500), band(1000, 2000))),
        ((1.0, 1.0, 1.0), (), ()),
    ],
)
def test_neighbours_are_joined_and_what_lies_between_parts_them(coherence, silent, bands):
    assert refused_bands(trust(*coherence, silent=silent), 0.9) == bands


def gain_at(response, hz: float) -> float:
    """Return what a filter lets through of a tone, from the middle of it."""
    t = np.arange(4 * RATE_HZ) / RATE_HZ
    tone = np.sin(2 * np.pi * hz * t)[None].astype(np.float32)
    through = allowed_change(Audio(np.zeros_like(tone), RATE_HZ), Audio(tone, RATE_HZ), response).samples
    middle = slice(RATE_HZ, -RATE_HZ)
    return float(np.sqrt(np.mean(through[:, middle] ** 2) / np.mean(tone[:, middle] ** 2)))


@pytest.mark.parametrize(
    "coherence, let_through, left_out",
    [
        (
            (0.0, 1.0, 1.0),
            (700.0, 1500.0, 3500.0),
            (30.0, 300.0),
        ),  # nothing was measured below: as its neighbour
        ((1.0, 1.0, 0.0), (30.0, 300.0, 700.0), (1500.0, 3500.0)),
        ((1.0, 0.0, 1.0), (30.0, 300.0, 1500.0, 3500.0), (700.0,)),
    ],
)
def test_what_nobody_measured_is_trusted_as_its_neighbour(coherence, let_through, left_out):
    given = trust(*coherence)
    response = overlay_filter(refused_bands(given, 0.9), given, RATE_HZ)
    assert [gain_at(response, hz) for hz in let_through] == pytest.approx([1.0] * len(let_through), abs=0.01)
    assert max(gain_at(response, hz) for hz in left_out) < 0.01


def test_pieces_are_put_together_as_if_there_were_one(monkeypatch):
    before, after, mix = noise(1), noise(2), noise(3)
    given = trust(0.0, 1.0, 1.0)
    response = overlay_filter(refused_bands(given, 0.9), given, RATE_HZ)

    def made():
        return (allowed_change(before, after, response), laid_over(mix, before, after))

    whole = made()
    monkeypatch.setattr(overlay, "_CHUNK_FRAMES", 2000)
    filtered, laid = made()
    np.testing.assert_allclose(filtered.samples, whole[0].samples, atol=tol.FFT_FILTER * 4)
    np.testing.assert_array_equal(laid.samples, whole[1].samples)
    assert filtered.rate_hz == laid.rate_hz == RATE_HZ


def test_changes_of_two_parts_add_up_and_none_give_the_very_sound():
    mix, a, b, c = (noise(seed, 500) for seed in range(4))
    changes = Changes()
    assert changes.laid_over(mix) is mix
    changes.add(a, b)
    changes.add(b, c)
    expected = mix.samples.astype(np.float64) + c.samples.astype(np.float64) - a.samples
    np.testing.assert_allclose(changes.laid_over(mix).samples, expected, atol=tol.FLOAT32 * 4)
