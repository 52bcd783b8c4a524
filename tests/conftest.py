"""What every test may use: small sounds, a fixed clock, songs in a temporary folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from controlroom.model.audio import Audio
from controlroom.studio.studio import Studio
from tests.kept import Kept, ticking_studio
from tests.warm import Warm

SHARED_AUDIO = Path(__file__).resolve().parents[2] / "shared" / "audio"


@pytest.fixture(scope="session", autouse=True)
def config_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the key that signs ledgers out of the tester's own configuration; children see it too."""
    folder = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTROLROOM_CONFIG", str(folder))
        yield folder


@pytest.fixture(autouse=True, scope="session")
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


def write_take(path: Path) -> Path:
    """Write the 4-second take of ``take_file`` as a 24-bit WAV."""
    audio = music(np.random.default_rng(440))
    soundfile.write(path, audio.samples.T, audio.rate_hz, subtype="PCM_24")
    return path


@pytest.fixture
def take_file(tmp_path: Path) -> Path:
    """Return a 4-second take as a 24-bit WAV."""
    return write_take(tmp_path / "take.wav")


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Return the store of what is made once for all workers."""
    return Kept.of_run(tmp_path_factory)


@pytest.fixture(scope="session")
def finished_once(kept: Kept) -> Path:
    """Return a song that ``take_file`` was finished into by the trusting policy; not to be changed."""

    def make(folder: Path) -> None:
        take = write_take(folder / "take.wav")
        ticking_studio().finish(take, out=folder / "song", policy="trusting")

    return kept.once("finished", make) / "song"


@pytest.fixture
def finished_song(finished_once: Path, tmp_path: Path) -> Path:
    """Return a song of one's own that ``take_file`` was finished into by the trusting policy."""
    return Path(shutil.copytree(finished_once, tmp_path / "song"))


@pytest.fixture
def studio() -> Studio:
    """Return a studio with a person and a clock that ticks a second per call."""
    return ticking_studio()


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Return a process that forks children which have everything imported."""
    made = Warm(tmp_path_factory.mktemp("warm") / "log")
    yield made
    made.close()


@pytest.fixture
def as_user() -> Callable[[], bool]:
    """Return whether file permissions bind us: root may write anywhere."""
    return lambda: not hasattr(os, "geteuid") or os.geteuid() != 0
