"""The main job: walk, level, render, master, measure again, report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlroom.engine.claims import check_master, check_stage
from controlroom.engine.environment import environment
from controlroom.listening.heard import loudness_of
from controlroom.media.files import cut_name, sha256_of
from controlroom.model.base import Record, canonical_json, digest_text
from controlroom.model.context import Context
from controlroom.model.decisions import Decider, Policy, PolicyDecider, Who
from controlroom.model.errors import AudioInputError
from controlroom.model.proposals import Proposal
from controlroom.model.render import LoudnessFacts, Outcome, Render
from controlroom.model.song import Reading, Take
from controlroom.report.model import ReportData
from controlroom.separation.form import BackendChoice
from controlroom.studio.deciders import AnswersFile
from controlroom.studio.folder import write_json_document
from controlroom.studio.importing import Incoming, admit, later_audio
from controlroom.studio.keeping import Premaster, keeping_of
from controlroom.studio.levelling import Levelled, checked_target, level
from controlroom.studio.mastering import (
    Mastered,
    RenderFolder,
    drop_older_audio,
    make_masters,
    new_render,
    write_premaster,
)
from controlroom.studio.memory import Target
from controlroom.studio.reporting import write_report
from controlroom.studio.song import Song
from controlroom.studio.stemming import import_stems, separate_stems
from controlroom.studio.walk import Sounding, Walk, take_listening, walk_to_premaster

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
    reading: Reading = field(default_factory=Reading)

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

    @property
    def no_master(self) -> AudioInputError | None:
        """Why no level could be planned, and so nothing was mastered; None where that is not so."""
        plan = self.render.plan
        if self.render.masters or plan is None or plan.announced_lufs is not None:
            return None
        peak_dbtp = self.render.before.true_peak_dbtp
        peaks = "" if peak_dbtp is None else f"; it peaks at {peak_dbtp:.1f} dBTP"
        return AudioInputError(
            "audio.no-loudness",
            f"there is no master: no 0.4 s of the sound is above -70 LUFS, where loudness begins{peaks}",
            "check that the right track was exported; or turn it up yourself: `controlroom do SONG gain "
            "--knob gain_db=40`, then `controlroom render SONG`",
        )

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
            "no_master": self.no_master.as_dict() if self.no_master else None,
            "premaster": str(root / self.render.premaster),
            "report": str(self.report.absolute()),
            "plan": self.render.plan.model_dump(mode="json") if self.render.plan else None,
            "decisions": {
                "person": sum(d.who is Who.PERSON for d in decided),
                "policy": sum(d.who is Who.POLICY for d in decided),
                "deferred": len(self.walk.waiting),
            },
            "elsewhere": [one.model_dump(mode="json") for one in self.data.elsewhere],
            "state": "draft" if self.render.draft else str(self.song.memory.state),
        }


def finish_song(song: Song, incoming: Incoming, wishes: Wishes, context: Context) -> Finished:
    """Import, and do the whole job once."""
    takes = song.memory.takes.values()
    if takes and all(take.facts.sha256 != incoming.facts.sha256 for take in takes):
        context.notice(f"{incoming.file.name} is another take of the song in {song.folder.root} now")
    take = admit(song, incoming, context)
    if wishes.policy is not None and wishes.policy_named:
        song.memory.sign_policy(wishes.policy, wishes.by, song.now())
    if wishes.target_lufs is not None:
        song.memory.set_target(checked_target(wishes.target_lufs), wishes.by, song.now())
    if wishes.stems is None:
        return _carry_out(song, take, incoming.audio, wishes.deciders(), context)
    with context.part("stems", 0.0, 0.4) as inner:
        _bring_stems(song, wishes.stems, wishes, inner)
    with context.part("finish", 0.4, 1.0) as inner:
        return _carry_out(song, take, incoming.audio, wishes.deciders(), inner)


def _bring_stems(song: Song, stems: str | Path, wishes: Wishes, context: Context) -> None:
    """Separate the take where it has no stems yet, or import those that the person names."""
    if str(stems) != SEPARATE:
        import_stems(song, Path(stems), {}, wishes.by, context, Reading(as_is=wishes.reading.as_is))
    elif song.take.id not in song.memory.stems:
        separate_stems(song, BackendChoice(), wishes.by, context)


def render_song(song: Song, context: Context) -> Finished:
    """Render with the answers that the ledger holds; nobody is asked, and nothing is heard that was heard before."""
    return _carry_out(song, song.take, later_audio(song, context), (), context)


def propose_song(song: Song, target: Target | None, context: Context) -> list[Proposal]:
    """Walk through all stages without asking anyone, and return what could be asked."""
    take = song.take
    if target is not None:
        song.memory.set_target(checked_target(target.lufs), target.by, song.now())
    sound = take_listening(song, later_audio(song, context))
    walk = walk_to_premaster(song, sound, take.audio_digest, (), context, keeping_of(song))
    level(walk, ())
    return walk.proposals


def _carry_out(
    song: Song, take: Take, audio: Sounding, deciders: Sequence[Decider], context: Context
) -> Finished:
    with context.part("walk", 0.05, 0.35) as inner:
        sound = take_listening(song, audio)
        walk = walk_to_premaster(song, sound, take.audio_digest, deciders, inner, keeping_of(song))
    with context.part("level", 0.35, 0.5):
        levelled = level(walk, deciders)
    with new_render(song, digest_text(canonical_json([take.audio_digest, walk.upstream]))) as output:
        premaster = write_premaster(walk, output)
        with context.part("master", 0.5, 0.85) as inner:
            mastered = make_masters(
                walk, levelled.master, output, _file_name(song, draft=_is_draft(walk)), inner
            )
        render = _manifest(walk, take, levelled, output, premaster, mastered)
        write_json_document(output.manifest, render)
        manifest_sha256 = sha256_of(output.manifest)
    song.memory.add_render(render, output.stored(output.manifest), manifest_sha256, song.now())
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


class Judged(Record):
    """What the meter says of take and master, and what every claim came to in the master."""

    before: LoudnessFacts
    after: LoudnessFacts
    outcomes: tuple[Outcome, ...]


def _judged(walk: Walk, levelled: Levelled) -> Judged:
    """Return what was measured of the master, now or before."""
    standards, player = walk.song.standards, walk.player
    levels = [p for p in levelled.proposals if p.id in walk.decisions]
    parts = {proposal.id: proposal.step.part for proposal in walk.proposals}

    def judge() -> Judged:
        master, readings = player.listening(levelled.master), walk.told.readings
        outcomes = (*walk.outcomes, *check_stage(levels, master, standards, readings))
        return Judged(
            before=loudness_of(walk.take).facts(),
            after=loudness_of(master).facts(),
            outcomes=check_master(outcomes, master, standards, parts, readings),
        )

    claims = [[p.id, [claim.model_dump(mode="json") for claim in p.claims]] for p in levels]
    of = [walk.start.key, levelled.master.key, standards.digest, claims, parts]
    stages = [outcome.model_dump(mode="json") for outcome in walk.outcomes]
    return walk.keeping.notes.recall("judged", [*of, stages], Judged, judge)


def _manifest(
    walk: Walk, take: Take, levelled: Levelled, output: RenderFolder, premaster: Premaster, mastered: Mastered
) -> Render:
    song, judged = walk.song, _judged(walk, levelled)
    head = song.memory.ledger.head
    signed = song.memory.ledger.signature_of(head.seq)
    return Render(
        id=output.id,
        take_id=take.id,
        audio_digest=take.audio_digest,
        steps=tuple(walk.steps),
        decisions=tuple(decision.id for decision in walk.decisions.values()),
        draft=_is_draft(walk),
        premaster=output.stored(output.premaster),
        premaster_digest=premaster.digest,
        premaster_sha256=premaster.sha256,
        masters=mastered.files,
        plan=levelled.plan,
        before=judged.before,
        after=judged.after,
        outcomes=judged.outcomes,
        guards=tuple(walk.guards),
        withdrawn=tuple(walk.withdrawn),
        environment=environment(),
        ledger_seq=head.seq,
        ledger_head=head.hash,
        ledger_key=signed.key if signed else "",
        ledger_signature=signed.signature if signed else "",
        at=song.now(),
    )
