from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from controlroom.media import lame
from controlroom.media.decode import DecodeLimits
from controlroom.media.encode import MediaFormat, measure_round_trip, write
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import Cancelled, EnvironmentFault
from tests.tolerances import LAME_BUILDS_ALIKE

pytestmark = pytest.mark.skipif(lame.load() is None, reason="LAME can't be called directly here")

MP3 = [MediaFormat.MP3_320, MediaFormat.MP3_V0]


def sound(frames: int, channels: int = 2, rate_hz: int = 44_100) -> Audio:
    noise = np.random.default_rng(3).standard_normal((channels, frames)).astype(np.float32)
    tone = np.sin(2 * np.pi * 440 * np.arange(frames) / rate_hz).astype(np.float32)
    return Audio(0.3 * tone + 0.01 * noise, rate_hz)


@pytest.mark.parametrize("form", MP3)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [1, 1151, 1152, 44_100, 70_001])
def test_a_decoder_gives_back_exactly_what_went_in(
    tmp_path: Path, form: MediaFormat, channels: int, frames: int
) -> None:
    given = sound(frames, channels)
    write(tmp_path / "a.mp3", given, form)
    got = measure_round_trip(tmp_path / "a.mp3", DecodeLimits(min_seconds=0.0))
    assert (got.channels, got.frames, got.rate_hz) == (channels, frames, 44_100)


@pytest.mark.parametrize("form", MP3)
def test_both_ways_to_lame_sound_alike(
    tmp_path: Path, form: MediaFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = sound(88_200)
    write(tmp_path / "fast.mp3", given, form)
    monkeypatch.setattr(lame, "load", lambda: None)
    write(tmp_path / "ffmpeg.mp3", given, form)
    errors = [
        np.sqrt(np.mean((measure_round_trip(tmp_path / name).samples - given.samples) ** 2))
        for name in ("fast.mp3", "ffmpeg.mp3")
    ]
    assert errors[0] == pytest.approx(errors[1], rel=LAME_BUILDS_ALIKE)
    if form is MediaFormat.MP3_320:
        sizes = [(tmp_path / name).stat().st_size for name in ("fast.mp3", "ffmpeg.mp3")]
        assert sizes[0] == pytest.approx(sizes[1], rel=LAME_BUILDS_ALIKE)


def test_without_it_a_direct_call_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lame, "load", lambda: None)
    with (tmp_path / "a.mp3").open("wb") as file, pytest.raises(EnvironmentFault, match="LAME") as caught:
        lame.write_mp3(file, sound(1000), 320, Context())
    assert caught.value.code == "env.encoder"


def test_it_stops_on_request(tmp_path: Path) -> None:
    context = Context(cancel=lambda: True)
    with pytest.raises(Cancelled):
        write(tmp_path / "a.mp3", sound(44_100), MediaFormat.MP3_320, context=context)
    assert list(tmp_path.iterdir()) == []
