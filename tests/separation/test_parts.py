from __future__ import annotations

import numpy as np
import pytest
from lab.separation_eval import si_sdr

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, Cancelled
from controlroom.separation import parts, spectra
from controlroom.separation.parts import DRUMS, Parts, split_drums
from tests.tolerances import FLOAT32

RATE_HZ = 44_100


def grid(samples: np.ndarray) -> np.ndarray:
    return (np.round(samples * 2**23) / 2**23).astype(np.float32)


def hits(every_s: float, decay: float, seconds: float = 8.0, first_s: float = 0.0) -> np.ndarray:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ - first_s
    return np.where(t >= 0, np.exp(-(t % every_s) * decay), 0.0)


def kit(seconds: float = 8.0) -> dict[str, np.ndarray]:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    rng = np.random.default_rng(10)
    noise = rng.standard_normal((2, t.size))
    bright = np.diff(noise[0], prepend=0)
    kick = 0.6 * hits(1.0, 14, seconds) * np.sin(2 * np.pi * 55 * (t % 1.0) + 8 * np.exp(-(t % 1.0) * 40))
    snare = hits(1.0, 18, seconds, first_s=0.5) * (0.2 * noise[1] + 0.3 * np.sin(2 * np.pi * 200 * t))
    hats = 0.05 * hits(0.25, 60, seconds) * np.diff(bright, prepend=0)
    return {"kick": kick, "snare": snare, "hats": hats}


def band(seconds: float = 8.0) -> dict[str, np.ndarray]:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    note = np.repeat([55.0, 65.4, 49.0, 73.4], t.size // 4 + 1)[: t.size]
    phase = 2 * np.pi * np.cumsum(note) / RATE_HZ
    bass = 0.25 * sum(np.sin(k * phase) / k**2 for k in (1, 2, 3))
    other = sum(0.06 * np.sin(2 * np.pi * f * t) for f in (330.0, 415.3, 493.9, 1318.5))
    return {"drums": sum(kit(seconds).values()), "bass": bass, "other": other}


def stereo(samples: np.ndarray, rate_hz: int = RATE_HZ) -> Audio:
    return Audio(grid(np.stack([samples, 0.9 * samples])), rate_hz)


@pytest.fixture(scope="module")
def split():
    return Parts().separate(stereo(sum(band().values())), Context())


@pytest.fixture(scope="module")
def drums():
    return split_drums(stereo(sum(kit().values())), Context())


def test_parts_add_up_to_what_went_in_bit_for_bit(split, drums):
    for found, whole in ((split, band()), (drums, kit())):
        total = np.sum([stem.samples for stem in found.values()], axis=0, dtype=np.float64)
        np.testing.assert_array_equal(total.astype(np.float32), stereo(sum(whole.values())).samples)


def test_each_part_is_far_nearer_to_the_truth_than_the_mixture_is(split):
    mixture = sum(band().values())
    for role, truth in band().items():
        gained = si_sdr(split[role].samples[0], truth) - si_sdr(mixture, truth)
        assert gained > 6, (role, gained)


def test_each_drum_is_nearer_to_the_truth_than_the_drum_stem_is(drums):
    mixture = sum(kit().values())
    for role, truth in kit().items():
        gained = si_sdr(drums[role].samples[0], truth) - si_sdr(mixture, truth)
        assert gained > 6, (role, gained)


def test_the_stereo_image_does_not_move(split):
    for stem in split.values():
        np.testing.assert_allclose(stem.samples[1], 0.9 * stem.samples[0], atol=2 * FLOAT32)


def test_masks_do_not_depend_on_how_the_song_is_cut():
    rng = np.random.default_rng(11)
    magnitude = np.abs(rng.standard_normal((600, 2049))).astype(np.float32)
    whole = parts.band_masks(magnitude)
    step, length, half = parts.SEGMENTS.step, parts.SEGMENTS.length, parts.SEGMENTS.overlap // 2
    for start in (step, 2 * step):
        piece = parts.band_masks(magnitude[start : start + length])
        inner = slice(half, piece.shape[2] - half if start + length <= 600 else piece.shape[2])
        np.testing.assert_array_equal(piece[:, :, inner], whole[:, :, start : start + length][:, :, inner])


def test_masks_are_shares():
    magnitude = np.abs(np.random.default_rng(12).standard_normal((40, 2049))).astype(np.float32)
    masks = parts.band_masks(magnitude)
    assert masks.min() >= 0
    assert masks.sum(axis=0).max() <= 1 + FLOAT32


def test_templates_stay_the_drum_that_they_are():
    levels = np.abs(np.random.default_rng(13).standard_normal((42, 300)))
    templates, activity = parts.fit_templates(levels)
    hz = parts.band_edges() * RATE_HZ / spectra.WINDOW
    assert not np.any(templates[0, hz > 5100])
    assert not np.any(templates[1, hz < 100])
    assert not np.any(templates[2, hz < 1900])
    np.testing.assert_allclose(templates.sum(axis=1), 1, rtol=1e-9)
    assert activity.min() >= 0


def test_fitting_explains_a_song_better_than_the_first_templates():
    song = np.outer(np.roll(parts.first_templates()[0], 1), np.random.default_rng(14).random(200)) + 1e-3
    templates, activity = parts.fit_templates(song)
    first = parts.first_templates()
    first /= first.sum(axis=1, keepdims=True)
    scale = np.linalg.lstsq(first.T, song, rcond=None)[0]
    assert np.abs(song - templates.T @ activity).sum() < np.abs(song - first.T @ np.maximum(scale, 0)).sum()


@pytest.mark.parametrize("rate_hz, channels", [(48_000, 2), (22_050, 1), (96_000, 2)])
def test_any_rate_and_mono_come_back_as_they_came(rate_hz, channels):
    clip = Audio(stereo(sum(band(2.0).values())).samples[:channels], rate_hz)
    for found in (Parts().separate(clip, Context()), split_drums(clip, Context())):
        total = np.sum([stem.samples for stem in found.values()], axis=0)
        np.testing.assert_allclose(total, clip.samples, atol=FLOAT32)
        assert {stem.rate_hz for stem in found.values()} == {rate_hz}


def test_silence_nothing_and_too_many_channels():
    for split in (Parts().separate, split_drums):
        silent = split(Audio(np.zeros((2, 9000), np.float32), RATE_HZ), Context())
        assert not any(np.any(stem.samples) for stem in silent.values())
        assert all(
            stem.frames == 0
            for stem in split(Audio(np.zeros((2, 0), np.float32), RATE_HZ), Context()).values()
        )
        with pytest.raises(AudioInputError, match="3 channels"):
            split(Audio(np.zeros((3, 9000), np.float32), RATE_HZ), Context())
        with pytest.raises(Cancelled):
            split(Audio(np.zeros((2, 9000), np.float32), RATE_HZ), Context(cancel=lambda: True))


def test_the_three_drums_are_named():
    assert set(split_drums(stereo(sum(kit(1.0).values())), Context())) == set(DRUMS)
