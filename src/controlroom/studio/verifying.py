"""Is everything as the ledger says: its chain and signatures, what came in, every manifest, what goes out.

What can't be checked (a song of before, a head that another signed) is told, and
is no error. What signatures can and can't prove stands in ``ledger.signatures``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from controlroom.ledger.keys import fingerprint, known_key
from controlroom.ledger.signatures import Stretch
from controlroom.media.encode import read_lossless
from controlroom.media.files import inside, sha256_of
from controlroom.model.errors import EnvironmentFault, SongError, VerifyError
from controlroom.model.render import Render
from controlroom.studio.folder import SongFolder
from controlroom.studio.importing import check_archived
from controlroom.studio.one_shots import check_one_shot
from controlroom.studio.reference_records import check_reference, references_of
from controlroom.studio.settling import staged_standards, standards_in_force
from controlroom.studio.song import Song
from controlroom.studio.stemming import stem_audio

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Verified:
    """What was found to be as it must be, and what a person should know besides."""

    checked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        """Yield what was checked."""
        return iter(self.checked)


def verify_whole(song: Song) -> Verified:
    """Check everything that a song has, and what was released of it.

    Raises
    ------
    LedgerError, VerifyError, SchemaTooNewError
        Naming the first thing that does not hold.
    """
    said = Verified()
    _check_release(song, _check_song(song, said), said)
    return said


def verify_song(song: Song) -> Verified:
    """Check everything that a release is made of, and not what an earlier one left in ``release/``.

    Raises
    ------
    LedgerError, VerifyError, SchemaTooNewError
        Naming the first thing that does not hold.
    """
    said = Verified()
    _check_song(song, said)
    return said


def last_render(song: Song) -> Render | None:
    """Return the manifest of the last render, checked against the ledger."""
    return manifest_of(song, song.memory.renders[-1]) if song.memory.renders else None


def _check_song(song: Song, said: Verified) -> Mapping[str, Render]:
    _check_ledger(song, said)
    _check_identity(song, said)
    _check_standards(song, said)
    _check_sources(song, said)
    _check_unnamed_manifests(song, said)
    return _check_renders(song, said)


def _check_ledger(song: Song, said: Verified) -> None:
    ledger = song.memory.ledger
    head = ledger.verify()
    ledger.check_anchor()
    said.checked.append(f"ledger: {head.seq} entries, head {head.hash[:12]}")
    if ledger.rolled_back:
        said.told.append("ledger: a write was interrupted; what it had not finished was taken back")
    parts = ledger.check_signatures()
    own = known_key()
    for index, part in enumerate(parts):
        where = f"entries {part.first} to {part.last}"
        if part.key and own and part.key == own.public:
            said.checked.append(f"signed by this machine's key {fingerprint(part.key)}: {where}")
        elif part.key:
            said.told.append(f"signed by another: {fingerprint(part.key)}, {where}")
        else:
            said.told.append(f"not signed: {where}{_covered(parts[index + 1 :])}")


def _covered(later: list[Stretch]) -> str:
    signed = next((part for part in later if part.key), None)
    return f" (but what {fingerprint(signed.key)} signed later holds them)" if signed else ""


def _check_identity(song: Song, said: Verified) -> None:
    """Check that this folder's card is that of the song whose ledger lies in it."""
    card = song.folder.read_card()
    created = next(iter(song.memory.ledger.entries(["song.created"])), None)
    if created is None:
        said.told.append("song.toml: the ledger does not say which song it is of")
        return
    if (card.id, card.created_at) != (created.body["id"], created.at):
        raise VerifyError(
            "verify.song",
            f"{song.folder.card} is of song {card.id}, and the ledger of song {created.body['id']}",
            "one of them was changed or comes from another song; restore the folder from a copy",
        )
    said.checked.append(f"song {card.id}: {card.title}")
    if card.title != created.body["title"]:
        said.told.append(f"song.toml: the song was created as “{created.body['title']}”")


def _check_standards(song: Song, said: Verified) -> None:
    path = song.folder.standards
    wanted = standards_in_force(song.memory.ledger)
    found = song.folder.read_standards().digest
    if wanted is None:
        said.told.append(f"standards.toml: the ledger does not say which were in force; digest {found[:12]}")
    elif found == wanted:
        said.checked.append(f"standards: digest {found[:12]}")
    elif _is_staged(song.folder, wanted):
        said.told.append(
            "standards.toml: a change was interrupted; the next verb that writes puts it in place"
        )
    else:
        raise VerifyError(
            "verify.standards",
            f"{path} has digest {found[:12]}; the standards that were set have {wanted[:12]}",
            "restore it from a copy, or put your own numbers in force with `controlroom standards SONG --set FILE`",
        )


def _is_staged(folder: SongFolder, digest: str) -> bool:
    staged = staged_standards(folder, digest)
    return staged.is_file() and folder.standards_at(staged).digest == digest


def _check_sources(song: Song, said: Verified) -> None:
    root = song.folder.root
    for take in song.memory.takes.values():
        check_archived(inside(root, take.archived_as), take)
        said.checked.append(f"take {take.id}: {take.facts.file_name}")
    for standing in song.memory.stems.values():
        for stem in standing.stems:
            inside(root, stem.archived_as)
            stem_audio(song, stem)
        said.checked.append(f"stems of {standing.take_id}: {', '.join(standing.roles)}")
    for one in song.memory.one_shots.values():
        inside(root, one.archived_as)
        check_one_shot(root, one)
        said.checked.append(f"sample {one.id}: {one.file_name}")
    for reference in references_of(song):
        check_reference(song, reference)
        said.checked.append(f"reference {reference.id}: {reference.file_name}")


def _check_renders(song: Song, said: Verified) -> Mapping[str, Render]:
    """Check every render that the ledger names, and return them by id.

    The files of the last one must be there, as they were rendered; of earlier ones
    what was changed since is told: a person may have taken it for their own.
    """
    renders = {}
    for index, rendered in enumerate(song.memory.renders):
        render = manifest_of(song, rendered)
        renders[render.id] = render
        said.checked.append(f"render {render.id}: manifest")
        last = index == len(song.memory.renders) - 1
        _check_masters(song.folder.root, render, said, needed=last)
        _check_premaster(song.folder.root, render, said, needed=last)
    return renders


def manifest_of(song: Song, rendered: Mapping[str, object]) -> Render:
    """Return the manifest that a ledger entry names, checked against it."""
    path = inside(song.folder.root, str(rendered["manifest"]))
    if not path.is_file() or sha256_of(path) != rendered["manifest_sha256"]:
        raise VerifyError(
            "verify.manifest", f"{path} is missing or changed", "render again, or restore it from a copy"
        )
    render = Render.from_document(json.loads(path.read_text(encoding="utf-8")))
    _require_head(song, render, path)
    return render


def _require_head(song: Song, render: Render, path: Path) -> None:
    ledger = song.memory.ledger
    ledger.require(render.ledger_seq, render.ledger_head, str(path))
    ledger.require_signature(render.ledger_seq, render.ledger_key, render.ledger_signature, str(path))


def _check_masters(root: Path, render: Render, said: Verified, *, needed: bool) -> None:
    for master in render.masters:
        path = inside(root, master.path)
        if not path.exists() and not needed:
            continue
        if not path.is_file() or sha256_of(path) != master.sha256:
            if not needed:
                said.told.append(f"{master.path}: an earlier master that somebody changed")
                continue
            raise VerifyError(
                "verify.master", f"{path} is missing or changed", "render again to make it anew"
            )
        said.checked.append(f"master {master.path}: {master.lufs} LUFS, {master.true_peak_dbtp} dBTP")


def _check_premaster(root: Path, render: Render, said: Verified, *, needed: bool) -> None:
    path = inside(root, render.premaster)
    if not path.exists() and not needed:
        return
    if not _is_premaster(path, render):
        if not needed:
            said.told.append(f"{render.premaster}: an earlier premaster that somebody changed")
            return
        raise VerifyError("verify.premaster", f"{path} is missing or changed", "render again to make it anew")
    said.checked.append(f"premaster {render.premaster}")
    if not render.premaster_sha256:
        said.told.append(
            f"premaster {render.premaster}: its samples are checked; of its bytes no hash was kept"
        )


def _is_premaster(path: Path, render: Render) -> bool:
    if not path.is_file():
        return False
    if render.premaster_sha256:
        return sha256_of(path) == render.premaster_sha256
    try:
        return read_lossless(path).digest() == render.premaster_digest
    except EnvironmentFault:
        return False


def _check_unnamed_manifests(song: Song, said: Verified) -> None:
    """Check that the ledger holds the head of every other manifest that lies here: a cut end leaves one."""
    named = {inside(song.folder.root, str(rendered["manifest"])) for rendered in song.memory.renders}
    root = song.folder.root.resolve()
    for path in sorted((root / song.folder.renders.name).rglob(MANIFEST)):
        if path in named or not path.is_file() or path.is_symlink():
            continue
        render = _render_in(path)
        if render is None:
            said.told.append(
                f"{path.relative_to(root).as_posix()}: no manifest that can be read; not checked"
            )
            continue
        _require_head(song, render, path)
        said.told.append(f"{path.relative_to(root).as_posix()}: of a render that was not finished, or a copy")


def _render_in(path: Path) -> Render | None:
    try:
        return Render.from_document(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, SongError):
        return None


def _check_release(song: Song, renders: Mapping[str, Render], said: Verified) -> None:
    """Check that what lies in ``release/`` is one render of this song, whole, and nothing else."""
    folder = song.folder.release
    manifest = folder / MANIFEST
    if not manifest.is_file():
        if song.memory.released and folder.is_dir():
            raise _not_released(manifest, "is missing")
        if song.memory.released:
            said.told.append("release: its folder is not there")
        return
    render = _render_in(manifest)
    if render is None:
        raise _not_released(manifest, "can't be read")
    _require_head(song, render, manifest)
    if renders.get(render.id) != render:
        raise _not_released(manifest, "is not of a render that the ledger names")
    wanted = {Path(master.path).name: master.sha256 for master in render.masters}
    for name, sha256 in wanted.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise _not_released(folder / name, "is missing or changed")
    _check_nothing_else(folder, {*wanted, MANIFEST}, said)
    said.checked.append(f"release: {len(wanted)} masters of render {render.id}")


def _check_nothing_else(folder: Path, names: set[str], said: Verified) -> None:
    for path in sorted(folder.iterdir()):
        if path.name in names or path.name.startswith("."):
            continue
        said.told.append(f"release/{path.name}: no part of what was released; it was put there by somebody")


def _not_released(path: Path, what: str) -> VerifyError:
    return VerifyError(
        "verify.release",
        f"{path} {what}",
        "move it elsewhere, then `controlroom release SONG` puts the release together again",
    )
