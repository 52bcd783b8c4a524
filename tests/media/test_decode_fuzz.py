"""Damaged files through the real child: an error of the tree or a sound, nothing else, in bounded time."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from controlroom.media.decode import DecodeLimits, decode
from controlroom.media.encode import MediaFormat, write
from controlroom.model.errors import AudioInputError
from tests.media.sounds import music, save
from tests.media.test_decode import by_av

pytestmark = pytest.mark.fuzz


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder, audio = tmp_path_factory.mktemp("fuzz"), music(1.0)
    for name in ("a.wav", "a.aiff", "a.flac", "a.mp3", "a.ogg", "a.caf", "a.w64", "a.au"):
        save(folder / name, audio)
    write(folder / "a.m4a", audio, MediaFormat.AAC_256)
    write(folder / "a.opus", audio, MediaFormat.OPUS_160)
    by_av(folder / "a.mka", audio, "matroska", "aac")
    by_av(folder / "a.wma", audio, "asf", "wmav2")
    by_av(folder / "a.aac", audio, "adts", "aac")
    by_av(folder / "a.wv", audio, "wv", "wavpack", "s32p")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Scattered bytes, a lying header, a cut, or a stretch replaced."""
    copy, kind = bytearray(data), dice.randrange(4)
    if kind == 0:
        for _ in range(dice.randrange(1, 20)):
            copy[dice.randrange(len(copy))] = dice.randrange(256)
    elif kind == 1:
        for _ in range(dice.randrange(1, 8)):
            copy[dice.randrange(min(200, len(copy)))] = dice.choice([0, 255, 128, dice.randrange(256)])
    elif kind == 2:
        del copy[dice.randrange(1, len(copy)) :]
    else:
        place = dice.randrange(len(copy))
        copy[place : place + dice.randrange(1, 2_000)] = dice.randbytes(dice.randrange(2_000))
    return bytes(copy)


@pytest.mark.parametrize("seed", range(150))
def test_damage_is_an_error_or_a_sound(tmp_path: Path, files: dict[str, bytes], seed: int) -> None:
    dice = random.Random(seed)
    name = dice.choice(sorted(files))
    (tmp_path / name).write_bytes(damaged(files[name], dice))
    try:
        audio = decode(tmp_path / name, DecodeLimits(wall_s=20, max_minutes=1)).audio
    except AudioInputError as error:
        assert error.code not in {"decoder.timeout", "decoder.memory"}  # noqa: PT017 - either way is allowed
    else:
        assert np.isfinite(audio.samples).all()
        assert 0.4 <= audio.duration_s <= 60
