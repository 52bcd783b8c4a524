from __future__ import annotations

import numpy as np
import pytest

from controlroom.media.resample import resample
from controlroom.model.audio import Audio
from tests.media.sounds import music
from tests.tolerances import RESAMPLER_DB


def test_the_same_rate_is_the_same_object() -> None:
    audio = music(0.1)
    assert resample(audio, audio.rate_hz) is audio


@pytest.mark.parametrize(
    "old, new", [(48_000, 44_100), (44_100, 48_000), (96_000, 44_100), (44_100, 192_000)]
)
def test_a_tone_keeps_its_level_phase_and_length(old: int, new: int) -> None:
    def tone(rate_hz: int) -> Audio:
        t = np.arange(rate_hz) / rate_hz
        fade = np.sin(np.pi * t) ** 2
        return Audio((fade * np.sin(2 * np.pi * 997 * t))[None].astype(np.float32), rate_hz)

    got, want = resample(tone(old), new), tone(new)
    assert abs(got.frames - want.frames) <= 1
    frames = min(got.frames, want.frames)
    worst = np.abs(got.samples[0, :frames] - want.samples[0, :frames]).max()
    assert 20 * np.log10(worst) < RESAMPLER_DB


def test_channels_do_not_mix_and_runs_are_alike() -> None:
    audio = music(0.3)
    once, again = resample(audio, 44_100), resample(audio, 44_100)
    np.testing.assert_array_equal(once.samples, again.samples)
    for channel in range(2):
        alone = resample(Audio(audio.samples[channel : channel + 1], audio.rate_hz), 44_100)
        np.testing.assert_array_equal(alone.samples[0], once.samples[channel])


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        resample(music(0.1), 0)
