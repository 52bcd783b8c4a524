"""What goes out: the decided masters, copied with their manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

from controlroom.media.files import atomic_write, environment_fault
from controlroom.model.errors import DecisionError
from controlroom.studio.folder import write_json_document
from controlroom.studio.song import Song
from controlroom.studio.verifying import last_render, verify_song


def release_song(song: Song) -> Path:
    """Copy the last render's masters into ``release/``.

    Raises
    ------
    DecisionError
        When nothing was rendered, or the masters are still drafts.
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
    verify_song(song)
    folder = song.folder.root / "release"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise environment_fault(error, folder) from error
    for master in render.masters:
        source = song.folder.root / master.path
        with atomic_write(folder / source.name) as part:
            shutil.copyfile(source, part)
    write_json_document(folder / "manifest.json", render)
    song.memory.add_event("released", {"render": render.id}, song.now())
    return folder
