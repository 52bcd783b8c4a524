from __future__ import annotations

import numpy as np
import pytest

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.separation.trust import EDGES_HZ, envelope_likeness, judge, null_db

RATE_HZ = 44_100
SECONDS = 12


def part(seed: int, low_hz: float, high_hz: float, level: float = 0.1, wave: int = 0) -> np.ndarray:
    """Noise in a band whose level moves as ``seed`` says; ``wave`` makes other waves of the same moves."""
    frames = SECONDS * RATE_HZ
    rng = np.random.default_rng(seed)
    moves = 10 ** np.interp(np.arange(frames), np.linspace(0, frames, 60), rng.uniform(-2, 0, 60))
    spectrum = np.fft.rfft(np.random.default_rng(1000 * seed + wave).standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1 / RATE_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    noise = np.fft.irfft(spectrum, frames)
    return (level * noise / noise.std() * moves)[None].astype(np.float32)


def audio(samples: np.ndarray) -> Audio:
    return Audio(samples, RATE_HZ)


VOICE, BASS, DRUMS = part(1, 200, 8000), part(2, 30, 300), part(3, 60, 15_000)
MIX = audio(VOICE + BASS + DRUMS)
TRUE = {"vocals": audio(VOICE), "bass": audio(BASS), "drums": audio(DRUMS)}


def test_true_stems_null_are_coherent_and_do_not_bleed():
    found = judge(TRUE, MIX, Context())
    assert found.null_db < -120
    assert found.regenerated == found.foreign == ()
    assert not found.incomplete
    for trust in found.stems.values():
        assert trust.bleed_db < -25
        assert len(trust.coherence) == len(EDGES_HZ) - 1
    assert min(found.stems["drums"].coherence[1:]) > 0.999


def test_a_band_in_which_a_stem_has_nothing_gives_no_evidence():
    coherence = judge(TRUE, MIX, Context()).stems["bass"].coherence
    assert coherence[1] > 0.999
    assert coherence[-1] == 0.0


def test_a_regenerated_stem_is_told_from_a_true_one():
    again = audio(part(1, 200, 8000, wave=7))
    found = judge(TRUE | {"vocals": again}, MIX, Context())
    assert found.regenerated == ("vocals",)
    assert found.foreign == ()
    assert max(found.stems["vocals"].coherence) < 0.5
    assert min(found.stems["drums"].coherence[1:]) > 0.9
    assert found.null_db > -6


def test_a_stem_of_another_song_is_told_from_a_regenerated_one():
    found = judge(TRUE | {"vocals": audio(part(11, 200, 8000))}, MIX, Context())
    assert found.foreign == ("vocals",)
    assert found.regenerated == ()


def test_a_missing_stem_leaves_the_others_trusted_and_the_set_incomplete():
    found = judge({"vocals": TRUE["vocals"], "bass": TRUE["bass"]}, MIX, Context())
    assert found.incomplete
    assert found.regenerated == found.foreign == ()
    assert found.stems["vocals"].coherence[5] > 0.9


@pytest.mark.parametrize("share_db", [-30.0, -20.0, -10.0])
def test_bleed_is_measured(share_db):
    leak = 10 ** (share_db / 20) * np.sqrt(np.sum(VOICE**2) / np.sum(DRUMS**2))
    stems = {
        "vocals": audio(VOICE + np.float32(leak) * DRUMS),
        "backing": audio(BASS + np.float32(1 - leak) * DRUMS),
    }
    found = judge(stems, MIX, Context())
    assert found.null_db < -100
    total_db = 10 * np.log10(10 ** (share_db / 10) / (1 + 10 ** (share_db / 10)))
    assert found.stems["vocals"].bleed_db == pytest.approx(total_db, abs=4.0)


def test_a_silent_stem_is_neither_regenerated_nor_foreign():
    found = judge(TRUE | {"fx": audio(np.zeros_like(VOICE))}, MIX, Context())
    assert found.regenerated == found.foreign == ()


def test_the_null_is_that_of_the_residual():
    half = {"a": audio(VOICE), "b": audio(BASS)}
    expected = 10 * np.log10(
        np.sum(DRUMS.astype(np.float64) ** 2) / np.sum(MIX.samples.astype(np.float64) ** 2)
    )
    assert null_db(half, MIX) == pytest.approx(expected, abs=0.01)


def test_the_distortion_that_masks_predict_is_the_distortion_that_they_made():
    """Oracle Wiener masks on two true parts: −10 log10(artifact) is their SDR, and 0 for the true stems."""
    voice, backing = VOICE[0].astype(np.float64), DRUMS[0].astype(np.float64)
    size, hop = 4096, 1024
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    out = np.zeros(voice.size)
    for start in range(0, voice.size - size, hop):
        one, two = (np.fft.rfft(s[start : start + size] * window) for s in (voice, backing))
        mask = np.abs(one) ** 2 / (np.abs(one) ** 2 + np.abs(two) ** 2 + 1e-20)
        out[start : start + size] += np.fft.irfft(mask * (one + two), size) * window / 1.5
    mix = (voice + backing)[None].astype(np.float32)
    masked = out[None].astype(np.float32)
    found = judge({"vocals": audio(masked), "backing": audio(mix - masked)}, audio(mix), Context())
    inside = slice(size, -size)
    error = np.sum((out - voice)[inside] ** 2) / np.sum(voice[inside] ** 2)
    told = found.stems["vocals"].artifact
    assert 10 * np.log10(told / error) == pytest.approx(0, abs=3.0)
    true = judge({"vocals": audio(VOICE), "backing": audio(DRUMS)}, audio(VOICE + DRUMS), Context())
    assert true.stems["vocals"].artifact < 0.1 * told


def test_a_part_moves_as_its_mix_does():
    assert envelope_likeness(TRUE["drums"], MIX) > 0.4
    assert abs(envelope_likeness(audio(part(12, 60, 15_000)), MIX)) < 0.25
