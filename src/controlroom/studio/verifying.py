"""Is everything as the ledger says: chain, takes, stems, samples, the last render and its masters."""

from __future__ import annotations

import json

from controlroom.media.files import sha256_of
from controlroom.model.errors import VerifyError
from controlroom.model.render import Render
from controlroom.studio.folder import SongFolder
from controlroom.studio.importing import check_archived
from controlroom.studio.one_shots import check_one_shot
from controlroom.studio.song import Song
from controlroom.studio.stemming import stem_audio


def verify_song(song: Song) -> list[str]:
    """Check everything that a song has, and return what was checked.

    Raises
    ------
    LedgerError, VerifyError, SchemaTooNewError
        Naming the first thing that does not hold.
    """
    head = song.memory.ledger.verify()
    song.memory.ledger.check_anchor()
    checked = [f"ledger: {head.seq} entries, head {head.hash[:12]}"]
    for take in song.memory.takes.values():
        archived = song.folder.inside(take.archived_as)
        check_archived(archived, take)
        checked.append(f"take {take.id}: {take.facts.file_name}")
    for standing in song.memory.stems.values():
        for stem in standing.stems:
            stem_audio(song, stem)
        checked.append(f"stems of {standing.take_id}: {', '.join(standing.roles)}")
    for one in song.memory.one_shots.values():
        check_one_shot(song.folder.root, one)
        checked.append(f"sample {one.id}: {one.file_name}")
    for index, rendered in enumerate(song.memory.renders):
        render = manifest_of(song, rendered)
        checked.append(f"render {render.id}: manifest")
        if index == len(song.memory.renders) - 1:
            checked.extend(_check_files(song.folder, render))
    return checked


def last_render(song: Song) -> Render | None:
    """Return the manifest of the last render, checked against the ledger."""
    return manifest_of(song, song.memory.renders[-1]) if song.memory.renders else None


def manifest_of(song: Song, rendered: dict[str, object]) -> Render:
    """Return the manifest that a ledger entry names, checked against it."""
    path = song.folder.inside(str(rendered["manifest"]))
    if not path.is_file() or sha256_of(path) != rendered["manifest_sha256"]:
        raise VerifyError(
            "verify.manifest", f"{path} is missing or changed", "render again, or restore it from a copy"
        )
    render = Render.from_document(json.loads(path.read_text(encoding="utf-8")))
    song.memory.ledger.require(render.ledger_seq, render.ledger_head, str(path))
    return render


def _check_files(folder: SongFolder, render: Render) -> list[str]:
    checked = []
    for master in render.masters:
        path = folder.inside(master.path)
        if not path.is_file() or sha256_of(path) != master.sha256:
            raise VerifyError(
                "verify.master", f"{path} is missing or changed", "render again to make it anew"
            )
        checked.append(f"master {master.path}: {master.lufs} LUFS, {master.true_peak_dbtp} dBTP")
    premaster = folder.inside(render.premaster)
    if not premaster.is_file():
        raise VerifyError("verify.premaster", f"{premaster} is missing", "render again to make it anew")
    return checked
