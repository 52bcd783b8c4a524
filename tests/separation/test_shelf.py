"""Sounds on a shelf are the same sounds, and leave nothing behind."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from controlroom.engine.cache import FolderCache
from controlroom.model.audio import Audio
from controlroom.model.context import Context
from controlroom.model.errors import EnvironmentFault
from controlroom.separation.levels import Levels
from controlroom.separation.placing import place_stems
from controlroom.separation.shelf import Shelf, ShelvedSound, Sound, in_memory, summed, whole
from controlroom.separation.trust import judge, null_db

RATE_HZ = 44_100


def noise(seed: int, frames: int = 3 * RATE_HZ, channels: int = 2) -> Audio:
    samples = 0.1 * np.random.default_rng(seed).standard_normal((channels, frames))
    return Audio(samples.astype(np.float32), RATE_HZ)


STEMS = {"vocals": noise(1), "bass": noise(2, channels=1), "drums": noise(3)}
MIX = Audio(sum(stem.samples for stem in STEMS.values()), RATE_HZ)


def same(one: Sound, two: Sound) -> None:
    np.testing.assert_array_equal(whole(one).samples, whole(two).samples)
    assert one.rate_hz == two.rate_hz


@pytest.mark.parametrize("cut", [(0, 10), (-5, 7), (131_000, 10**9), (50, 50), (60, 40), (10**9, 10**9)])
def test_every_excerpt_is_that_of_the_sound_itself(tmp_path: Path, cut: tuple[int, int]) -> None:
    with Shelf(tmp_path / "shelf") as shelf:
        for audio in STEMS.values():
            kept = shelf.keep(audio)
            assert (kept.channels, kept.frames, kept.duration_s) == (
                audio.channels,
                audio.frames,
                audio.duration_s,
            )
            np.testing.assert_array_equal(kept.excerpt(*cut).samples, audio.excerpt(*cut).samples)
            same(kept, audio)


def test_what_is_measured_among_stems_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    with Shelf(tmp_path / "shelf") as shelf:
        kept = {role: shelf.keep(stem) for role, stem in STEMS.items()}
        names = [tuple(STEMS)]
        assert Levels(kept, MIX, Context()).of(names) == Levels(STEMS, MIX, Context()).of(names)
        assert null_db(kept, MIX) == null_db(STEMS, MIX)
        assert judge(kept, MIX, Context()) == judge(STEMS, MIX, Context())
        same(summed([kept["vocals"], kept["drums"]]), summed([STEMS["vocals"], STEMS["drums"]]))


def test_stems_are_placed_to_the_same_bits(tmp_path: Path) -> None:
    late = {
        name: Audio(0.5 * np.pad(stem.samples, ((0, 0), (700, 0))), RATE_HZ) for name, stem in STEMS.items()
    }
    with Shelf(tmp_path / "shelf") as shelf:
        kept = {name: shelf.keep(stem) for name, stem in late.items()}
        there = place_stems(kept, MIX, Context(), shelf.keep)
        here = place_stems(late, MIX, Context())
        for name, stem in here.items():
            assert (there[name].place, there[name].gain_db) == (stem.place, stem.gain_db)
            same(there[name].audio, stem.audio)


def test_a_sum_is_rounded_once() -> None:
    parts = [Audio(np.full((1, 3), value, np.float32), RATE_HZ) for value in (1.0, 2.0**-25, 2.0**-25)]
    assert np.all(summed(parts).samples == np.float32(1.0 + 2.0**-24))
    assert in_memory(parts[0]) is parts[0]


def test_a_file_goes_with_its_sound_and_the_folder_with_the_shelf(tmp_path: Path) -> None:
    left = tmp_path / "shelf" / "7.f4"
    left.parent.mkdir()
    left.write_bytes(b"a kill left this")
    with Shelf(tmp_path / "shelf") as shelf:
        assert not left.exists()
        kept = shelf.keep(noise(1))
        assert len(list(shelf.folder.iterdir())) == 1
        del kept
        assert not list(shelf.folder.iterdir())
        shelf.keep(noise(2))
    assert not (tmp_path / "shelf").exists()


def test_a_file_that_cannot_be_removed_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with Shelf(tmp_path / "shelf") as shelf:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "unlink", denied)
            patched.setattr("sys.unraisablehook", told.append)
            kept = shelf.keep(noise(1))
            del kept
        assert len(list(shelf.folder.iterdir())) == 1
    assert told == []
    assert not (tmp_path / "shelf").exists()


def test_a_cut_file_and_a_full_disk_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Shelf(tmp_path / "shelf") as shelf:
        kept = shelf.keep(noise(1))
        assert isinstance(kept, ShelvedSound)
        kept.path.write_bytes(kept.path.read_bytes()[:-4])
        with pytest.raises(EnvironmentFault, match="is cut"):
            kept.excerpt(0, kept.frames)

        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(Path, "open", full)
        with pytest.raises(EnvironmentFault, match="no room left"):
            shelf.keep(noise(2))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="can't write"), Shelf(tmp_path / "file" / "shelf"):
        pass


def test_a_shelf_and_a_cache_leave_what_is_not_theirs(tmp_path: Path) -> None:
    shelf, desk = tmp_path / "shelf", tmp_path / "desk"
    for path in (shelf / "notes.txt", shelf / "mine.f4", desk / "thesis.npy"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"theirs")
    with Shelf(shelf) as open_shelf:
        open_shelf.keep(noise(1))
    cache = FolderCache(desk, limit_bytes=0)
    cache.put("a", noise(1))
    FolderCache(desk, limit_bytes=0).put("b", noise(2))
    assert sorted(path.name for path in shelf.iterdir()) == ["mine.f4", "notes.txt"]
    assert [path.name.split(".")[0] for path in sorted(desk.iterdir())] == ["b", "thesis"]
