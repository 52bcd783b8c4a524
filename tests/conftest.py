"""What every test may use: small sounds, a fixed clock, songs in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.model.audio import Audio
from controlroom.studio.studio import Studio

SHARED_AUDIO = Path(__file__).resolve().parents[2] / "shared" / "audio"


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what a broken run leaves in the user's log folder out of the home of who tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """Return seeded noise, the same in every run."""
    return np.random.default_rng(440)


@pytest.fixture
def shared_audio() -> Path:
    """Return the folder of real audio, or skip."""
    if not SHARED_AUDIO.is_dir():
        pytest.skip("the shared audio is not on this machine")
    return SHARED_AUDIO


def music(rng: np.random.Generator, seconds: float = 4.0, rate_hz: int = 44100, channels: int = 2) -> Audio:
    """Return something with beats, tones, noise and width: not music, but not a test tone."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    beat = np.exp(-8 * (t % 0.5))
    tone = sum(np.sin(2 * np.pi * f * t + p) / f**0.5 for f, p in ((55, 0), (220, 1), (331, 2), (1200, 3)))
    left = 1.2 * beat * tone + 0.02 * rng.standard_normal(t.size)
    side = 0.1 * np.sin(2 * np.pi * 700 * t) * beat + 0.01 * rng.standard_normal(t.size)
    both = np.stack([left + side, left - side])[:channels]
    return Audio((0.5 * both / np.abs(both).max()).astype(np.float32), rate_hz)


@pytest.fixture
def take_file(tmp_path: Path, rng: np.random.Generator) -> Path:
    """Return a 4-second take as a 24-bit WAV."""
    audio = music(rng)
    path = tmp_path / "take.wav"
    soundfile.write(path, audio.samples.T, audio.rate_hz, subtype="PCM_24")
    return path


@pytest.fixture
def studio() -> Studio:
    """Return a studio with a person and a clock that ticks a second per call."""
    seconds = iter(range(10**6))

    def now() -> str:
        count = next(seconds)
        return f"2026-11-22T{count // 3600 % 24:02}:{count // 60 % 60:02}:{count % 60:02}+00:00"

    return Studio(now=now, name="tester")


@pytest.fixture
def as_user() -> Callable[[], bool]:
    """Return whether file permissions bind us: root may write anywhere."""
    return lambda: not hasattr(os, "geteuid") or os.geteuid() != 0
