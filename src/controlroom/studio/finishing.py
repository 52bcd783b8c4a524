"""The main job: walk, level, render, master, measure again, report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlroom.engine.claims import check_master, check_stage
from controlroom.engine.environment import environment
from controlroom.listening.heard import loudness_of
from controlroom.media.files import cut_name, sha256_of
from controlroom.model.audio import Audio
from controlroom.model.base import canonical_json, digest_text
from controlroom.model.context import Context
from controlroom.model.decisions import Decider, Policy, PolicyDecider, Who
from controlroom.model.proposals import Proposal
from controlroom.model.render import Render
from controlroom.model.song import Take
from controlroom.report.model import ReportData
from controlroom.separation.form import BackendChoice
from controlroom.studio.deciders import AnswersFile
from controlroom.studio.folder import write_json_document
from controlroom.studio.importing import Incoming, admit, take_audio
from controlroom.studio.levelling import Levelled, level
from controlroom.studio.mastering import (
    Mastered,
    RenderFolder,
    drop_older_audio,
    make_masters,
    new_render_folder,
    write_premaster,
)
from controlroom.studio.memory import Target
from controlroom.studio.reporting import write_report
from controlroom.studio.song import Song
from controlroom.studio.stemming import import_stems, separate_stems
from controlroom.studio.walk import Walk, take_listening, walk_to_premaster

SEPARATE = "separate"
TITLE_BYTES = 180
"""What of a title goes into a master's name: state, suffix and a name for the time of writing fit behind it."""


@dataclass(frozen=True)
class Wishes:
    """What the person asked for when they said ``finish``."""

    policy: Policy | None
    policy_named: bool
    decider: Decider | None
    answers: Path | None
    target_lufs: float | None
    by: str
    stems: str | Path | None = None

    def deciders(self) -> tuple[Decider, ...]:
        """Return who is asked, in turn: the person's file, the person, then the policy."""
        filed = (AnswersFile(self.answers, self.by),) if self.answers else ()
        asked = (self.decider,) if self.decider else ()
        signed = (PolicyDecider(self.policy),) if self.policy else ()
        return (*filed, *asked, *signed)


@dataclass(frozen=True)
class Finished:
    """What came of a render, for every window."""

    song: Song
    walk: Walk
    render: Render
    report: Path
    data: ReportData

    def as_dict(self) -> dict[str, Any]:
        """Return the one JSON object of ``finish --json``."""
        root = self.song.folder.root.absolute()
        decided = self.walk.decisions_now()
        return {
            "song": str(root),
            "masters": [
                {
                    "path": str(root / master.path),
                    "format": master.format,
                    "lufs": master.lufs,
                    "true_peak_dbtp": master.true_peak_dbtp,
                    "trim_db": master.trim_db,
                    "rate_hz": master.rate_hz,
                }
                for master in self.render.masters
            ],
            "premaster": str(root / self.render.premaster),
            "report": str(self.report.absolute()),
            "plan": self.render.plan.model_dump(mode="json") if self.render.plan else None,
            "decisions": {
                "person": sum(d.who is Who.PERSON for d in decided),
                "policy": sum(d.who is Who.POLICY for d in decided),
                "deferred": len(self.walk.waiting),
            },
            "state": "draft" if self.render.draft else str(self.song.memory.state),
        }


def finish_song(song: Song, incoming: Incoming, wishes: Wishes, context: Context) -> Finished:
    """Import, and do the whole job once."""
    take = admit(song, incoming)
    if wishes.policy is not None and wishes.policy_named:
        song.memory.sign_policy(wishes.policy, wishes.by, song.now())
    if wishes.target_lufs is not None:
        song.memory.set_target(wishes.target_lufs, wishes.by, song.now())
    if wishes.stems is None:
        return _carry_out(song, take, incoming.audio, wishes.deciders(), context)
    with context.part("stems", 0.0, 0.4) as inner:
        _bring_stems(song, wishes.stems, wishes.by, inner)
    with context.part("finish", 0.4, 1.0) as inner:
        return _carry_out(song, take, incoming.audio, wishes.deciders(), inner)


def _bring_stems(song: Song, stems: str | Path, by: str, context: Context) -> None:
    """Separate the take where it has no stems yet, or import those that the person names."""
    if str(stems) != SEPARATE:
        import_stems(song, Path(stems), {}, by, context)
    elif song.take.id not in song.memory.stems:
        separate_stems(song, BackendChoice(), by, context)


def render_song(song: Song, context: Context) -> Finished:
    """Render with the answers that the ledger holds; nobody is asked."""
    take = song.take
    return _carry_out(song, take, take_audio(song, take, context), (), context)


def propose_song(song: Song, target: Target | None, context: Context) -> list[Proposal]:
    """Walk through all stages without asking anyone, and return what could be asked."""
    take = song.take
    if target is not None:
        song.memory.set_target(target.lufs, target.by, song.now())
    audio = take_audio(song, take, context)
    walk = walk_to_premaster(song, take_listening(song, audio), take.audio_digest, (), context)
    level(walk, ())
    return walk.proposals


def _carry_out(
    song: Song, take: Take, audio: Audio, deciders: Sequence[Decider], context: Context
) -> Finished:
    with context.part("walk", 0.05, 0.35) as inner:
        walk = walk_to_premaster(song, take_listening(song, audio), take.audio_digest, deciders, inner)
    with context.part("level", 0.35, 0.5):
        levelled = level(walk, deciders)
    output = new_render_folder(song, digest_text(canonical_json([take.audio_digest, walk.upstream])))
    write_premaster(walk, output)
    with context.part("master", 0.5, 0.85) as inner:
        mastered = make_masters(walk, levelled, output, _file_name(song, draft=_is_draft(walk)), inner)
    render = _manifest(walk, take, levelled, output, mastered)
    manifest = output.root / "manifest.json"
    write_json_document(manifest, render)
    song.memory.add_render(render, song.folder.relative(manifest), sha256_of(manifest), song.now())
    drop_older_audio(song)
    with context.part("report", 0.85, 1.0) as inner:
        data = write_report(song, walk, render, mastered, inner)
    return Finished(song, walk, render, song.folder.report, data)


def _file_name(song: Song, *, draft: bool) -> str:
    """Return the masters' name: the title, with its state where it is a draft."""
    title = re.sub(
        r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]',
        "_",
        song.folder.read_card().title,
    )
    title = cut_name(title.strip(". "), TITLE_BYTES).strip(". ") or "master"
    return f"{title} (draft)" if draft else title


def _is_draft(walk: Walk) -> bool:
    """Return whether something waits, or no person decided anything."""
    by_person = any(d.who is Who.PERSON for d in walk.decisions_now())
    return bool(walk.waiting) or (bool(walk.proposals) and not by_person)


def _manifest(walk: Walk, take: Take, levelled: Levelled, output: RenderFolder, mastered: Mastered) -> Render:
    song = walk.song
    standards = song.standards
    master = mastered.listening
    parts = {proposal.id: proposal.step.part for proposal in walk.proposals}
    readings = walk.told.readings
    levels = [p for p in levelled.proposals if p.id in walk.decisions]
    outcomes = (*walk.outcomes, *check_stage(levels, master, standards, readings))
    outcomes = check_master(outcomes, master, standards, parts, readings)
    head = song.memory.ledger.head
    return Render(
        id=output.root.name,
        take_id=take.id,
        audio_digest=take.audio_digest,
        steps=tuple(walk.steps),
        decisions=tuple(decision.id for decision in walk.decisions.values()),
        draft=_is_draft(walk),
        premaster=song.folder.relative(output.premaster),
        premaster_digest=walk.premaster_digest,
        masters=mastered.files,
        plan=levelled.plan,
        before=loudness_of(walk.take).facts(),
        after=loudness_of(master).facts(),
        outcomes=outcomes,
        guards=tuple(walk.guards),
        withdrawn=tuple(walk.withdrawn),
        environment=environment(),
        ledger_seq=head.seq,
        ledger_head=head.hash,
        at=song.now(),
    )
