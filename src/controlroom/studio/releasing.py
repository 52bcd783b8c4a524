"""What goes out: the decided masters with their manifest, as one folder that is swapped whole.

The next ``release/`` is filled under a hidden name and takes its place in one
step: at any moment it is the old one or the new one. What a person put into it
is theirs; it is in the new one too, and never deleted.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from controlroom.media.files import atomic_write, environment_fault, sha256_of, sync_file
from controlroom.model.errors import ControlRoomError, DecisionError, VerifyError
from controlroom.model.render import Render
from controlroom.studio.entries import Released
from controlroom.studio.grounds import check_current
from controlroom.studio.making import hidden, leftovers, put_in_place
from controlroom.studio.song import Song
from controlroom.studio.verifying import last_render, manifest_of, verify_song

RELEASE, MANIFEST = "release", "manifest.json"


def release_song(song: Song) -> Path:
    """Put the last render's masters into ``release/``, when they are what the ledger says now.

    Raises
    ------
    DecisionError
        ``release.no-render``, ``release.draft``, ``release.no-masters``,
        ``release.in-the-way``, and those of ``grounds.check_current``.
    VerifyError
        When a file is not what the ledger says.
    """
    render = last_render(song)
    if render is None:
        raise DecisionError(
            "release.no-render", "nothing was rendered yet", "`controlroom render SONG` first"
        )
    if render.draft:
        raise DecisionError(
            "release.draft",
            "the masters are drafts: proposals wait, or no person decided yet",
            "answer them with `controlroom decide`, then render",
        )
    if not render.masters:
        raise DecisionError(
            "release.no-masters",
            f"{render.id} has no master, because no level was decided",
            "accept a gain, or name a target with `controlroom propose SONG --target`, then render",
        )
    check_current(song, render)
    verify_song(song)
    folder = song.folder.inside(RELEASE)
    try:
        _swap_in(song, render, folder)
    except OSError as error:
        raise environment_fault(error, folder) from error
    song.memory.add(Released(render=render.id), song.now())
    return folder


@dataclass(frozen=True)
class _Ours:
    """What releases of this song may hold of ours: the digests that a file of a name may have."""

    digests: dict[str, set[str]]

    def holds(self, root: Path, path: Path) -> bool:
        """Return whether a file below a release folder is one that a release put there."""
        known = self.digests.get(path.name, set()) if path.parent == root else set()
        return bool(known) and path.is_file() and not path.is_symlink() and sha256_of(path) in known


def _ours(song: Song) -> _Ours:
    digests: dict[str, set[str]] = {}
    for rendered in song.memory.renders:
        digests.setdefault(MANIFEST, set()).add(str(rendered["manifest_sha256"]))
        with suppress(ControlRoomError, OSError, ValueError):
            for master in manifest_of(song, rendered).masters:
                digests.setdefault(Path(master.path).name, set()).add(master.sha256)
    return _Ours(digests)


def _swap_in(song: Song, render: Render, folder: Path) -> None:
    ours = _ours(song)
    sources = [song.folder.inside(master.path) for master in render.masters]
    sources.append(song.folder.inside(str(song.memory.renders[-1]["manifest"])))
    for left in leftovers(folder.parent, folder.name):
        _merge(left, folder, ours)
    _check_way(folder, {path.name for path in sources}, ours)
    half = hidden(folder)
    try:
        for source in sources:
            _copy(source, half / source.name)
        for path in _theirs(folder, ours):
            _carry(path, half / path.relative_to(folder))
        put_in_place(half, folder)
    finally:
        if half.is_dir():  # the old one, or one that was not finished
            _merge(half, folder, ours)


def _check_way(folder: Path, names: set[str], ours: _Ours) -> None:
    """Refuse when something of a person's has a name that a master needs: nothing is written over."""
    taken = [folder] if folder.exists() and not folder.is_dir() else []
    if folder.is_dir():
        taken = [path for path in folder.iterdir() if path.name in names and not ours.holds(folder, path)]
    if taken:
        raise DecisionError(
            "release.in-the-way",
            f"{taken[0]} is not what was released, and a release would write over it",
            "move it elsewhere or give it another name, then release again",
        )


def _copy(source: Path, target: Path) -> None:
    digest = sha256_of(source)
    with atomic_write(target) as part:
        shutil.copyfile(source, part)
        if sha256_of(part) != digest:
            raise VerifyError(
                "verify.copy", f"{target} is not what was copied", "check the disk, then release again"
            )


def _theirs(folder: Path, ours: _Ours) -> list[Path]:
    """Return what a person put into the release, folders before what is in them."""
    return [path for path in _below(folder) if not ours.holds(folder, path)] if folder.is_dir() else []


def _below(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder; OSError where it can't be read: what isn't seen would be lost."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _carry(path: Path, target: Path) -> None:
    """Give a person's file a second name in the next release, or copy it where a disk can't."""
    if path.is_dir() and not path.is_symlink():
        target.mkdir()
        shutil.copystat(path, target)
        return
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, target, follow_symlinks=False)
        if not target.is_symlink():
            sync_file(target)


def _merge(left: Path, folder: Path, ours: _Ours) -> None:
    """Empty a hidden folder that is not the release: ours goes, what the release has too goes, the rest moves there."""
    for path in sorted(_below(left), reverse=True):
        with suppress(OSError):
            there = folder / path.relative_to(left)
            if path.is_dir() and not path.is_symlink():
                there.mkdir(parents=True, exist_ok=True)
                path.rmdir()
            elif path.suffix == ".part" or ours.holds(left, path) or _same(path, there):
                path.unlink()
            else:
                there.parent.mkdir(parents=True, exist_ok=True)
                path.rename(_free(there))
    with suppress(OSError):
        left.rmdir()


def _same(one: Path, other: Path) -> bool:
    """Return whether two names are one file, or two with the same bytes."""
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return other.is_file() and (one.samefile(other) or sha256_of(one) == sha256_of(other))


def _free(path: Path) -> Path:
    """Return the path, or one beside it that nothing has."""
    names = (path if n == 1 else path.with_stem(f"{path.stem}-{n}") for n in count(1))
    return next(one for one in names if not one.exists() and not one.is_symlink())
