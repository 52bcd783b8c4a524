"""The only place that writes decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controlroom.model.decisions import Answer, Decider, Decision, Question, Reply, Who
from controlroom.model.errors import DecisionError, SongError, UsageError
from controlroom.model.findings import Finding
from controlroom.model.parts import PartMark
from controlroom.model.proposals import Claim, Proposal, Stage
from controlroom.model.timeline import Span
from controlroom.processors.form import from_step, removing
from controlroom.studio.marking import check_free, check_part, check_removable
from controlroom.studio.memory import HAND_MADE
from controlroom.studio.one_shots import with_one_shots_named
from controlroom.studio.song import Song


def ask(
    song: Song,
    stage: Stage,
    proposals: Sequence[Proposal],
    findings: Sequence[Finding],
    deciders: Sequence[Decider],
) -> None:
    """Carry old answers over, then put what is open to each decider in turn, and record its replies."""
    for proposal in proposals:
        carry(song, proposal)
    for decider in deciders:
        open_ones = tuple(p for p in proposals if _is_open(song, p))
        if decider.who is Who.POLICY:  # one answer to a finding is enough; a second is a person's to add
            sounding_now = [p for p in proposals if _sounds(song, p)]
            open_ones = tuple(p for p in open_ones if not any(p.rivals(other) for other in sounding_now))
        if not open_ones:
            continue
        answered = {finding_id for p in open_ones for finding_id in p.answers}
        about = tuple(f for f in findings if f.id in answered)
        replies = decider.decide(Question(stage=stage, proposals=open_ones, findings=about))
        for proposal in open_ones:
            if proposal.id in replies:
                decide(song, proposal, replies[proposal.id], decider)


def decide(song: Song, proposal: Proposal, reply: Reply, decider: Decider) -> Decision:
    """Record one answer.

    Raises
    ------
    DecisionError
        A policy answers what is a person's; an edit has no step, changes the
        processor, or its knobs are refused; a reason is missing where a broken
        guard is kept; ``part.protected``, ``part.not-removable`` (``studio.marking``).
    UsageError, SongError
        A part that the processor may not work on, or a part or sample that the song does not have;
        ``span.foreign-clock``: an edit puts the step on another take.
    """
    if reply.step is not None:
        reply = reply.model_copy(update={"step": with_one_shots_named(song, reply.step)})
    step = reply.step or proposal.step
    if step.span is not None:
        step.span.on(song.memory.clock_of(proposal))
    _check_reply(proposal, reply)
    broken = tuple(reading.guard for reading in proposal.guards if reading.broken)
    decision = Decision(
        proposal_id=proposal.id,
        answer=reply.answer,
        step=step,
        who=decider.who,
        name=decider.name,
        at=song.now(),
        reason=reply.reason,
        auditioned_s=reply.auditioned_s,
        policy_digest=decider.policy_digest,
        kept_despite=broken if reply.keep_despite_guards else (),
    )
    enter(song, [decision])
    return decision


def enter(song: Song, decisions: Sequence[Decision], mark: PartMark | None = None) -> None:
    """Write answers, and the mark that brought them, in one transaction: all answers come through here, checked.

    Raises
    ------
    DecisionError, UsageError, SongError
        One of them may not be given (see ``decide``); nothing is written.
    """
    for decision in decisions:
        _check(song, decision)
    dated = mark or next(iter(decisions), None)
    if dated is not None:
        song.memory.add_decisions(decisions, dated.at, mark)


def _check_reply(proposal: Proposal, reply: Reply) -> None:
    """Refuse a reply that does not say all that it must."""
    if reply.answer is Answer.EDIT and reply.step is None:
        raise _no_edit(proposal)
    if reply.keep_despite_guards and not reply.reason:
        raise DecisionError(
            "decision.reason-missing", f"keeping {proposal.id} despite its guards needs a reason", "say why"
        )


def _check(song: Song, decision: Decision) -> None:
    """Refuse an answer that may not be given, whoever gave it and whenever it was thought of."""
    proposal, step = song.memory.proposals[decision.proposal_id], decision.step
    if decision.who is Who.POLICY and (proposal.person_only or step.stage is Stage.ARRANGEMENT):
        raise DecisionError(
            "decision.person-only",
            f"policy {decision.name} may not answer {proposal.id} ({step.processor})",
            "a person decides this kind",
        )
    if decision.answer is Answer.EDIT:
        if step.processor != proposal.step.processor:
            raise _no_edit(proposal)
        from_step(step)
    check_touch(song, proposal, Reply(answer=decision.answer, step=step))


def _is_lawful(song: Song, decision: Decision) -> bool:
    try:
        _check(song, decision)
    except (DecisionError, SongError, UsageError):
        return False
    return True


def _no_edit(proposal: Proposal) -> DecisionError:
    return DecisionError(
        "decision.edit-without-step",
        f"an edit of {proposal.id} needs the {proposal.step.processor} step as it should be",
        "give the knobs that should change",
    )


def check_touch(song: Song, proposal: Proposal, reply: Reply) -> None:
    """Refuse an answer whose step would touch what stays, or is on a part that it can't work on."""
    if reply.answer not in (Answer.ACCEPT, Answer.EDIT):
        return
    step, clock = reply.step or proposal.step, song.memory.clock_of(proposal)
    check_free(song, step, clock)
    if step.part != proposal.step.part or proposal.kind == HAND_MADE:
        check_part(song, step, clock)
    if step.processor == removing().name:
        check_removable(song, step.part, clock)


def carry(song: Song, proposal: Proposal) -> None:
    """Carry an old answer over to the same question asked again.

    The question is the same while take, kind, processor, part and place are, and
    each claim still starts and ends within the standards' tolerance of the old one.
    An answer that might not be given today is not carried: the question stays open.
    """
    memory = song.memory
    if proposal.id in memory.decisions:
        return
    for old_id, old in reversed(list(memory.decisions.items())):
        asked = memory.proposals.get(old_id)
        if asked is None or old.answer is Answer.DEFER or not _same_question(asked, proposal):
            continue
        if not memory.is_on(old, memory.clock_of(proposal)):
            continue
        if not _claims_close(asked.claims, proposal.claims, song.standards.number("carry.tolerance_db")):
            continue
        step = old.step if old.answer is Answer.EDIT else proposal.step
        again = old.model_copy(
            update={"proposal_id": proposal.id, "step": step, "at": song.now(), "carried_from": old.id}
        )
        if _is_lawful(song, again):
            enter(song, [again])
        return


def withdraw(song: Song, decision: Decision, broken: Iterable[str]) -> None:
    """Take back what a policy accepted and a guard then refused."""
    taken_back = decision.model_copy(
        update={
            "answer": Answer.REJECT,
            "at": song.now(),
            "reason": "guard: " + ", ".join(sorted(broken)),
            "carried_from": decision.id,
        }
    )
    enter(song, [taken_back])


def sounding(song: Song, proposals: Iterable[Proposal]) -> dict[str, Decision]:
    """Return the decisions that are part of the render, by proposal id."""
    decisions = song.memory.answered
    answers = [decisions[p.id] for p in proposals if p.id in decisions]
    return {d.proposal_id: d for d in answers if d.sounds}


def _sounds(song: Song, proposal: Proposal) -> bool:
    return bool(sounding(song, [proposal]))


def _is_open(song: Song, proposal: Proposal) -> bool:
    decision = song.memory.answered.get(proposal.id)
    return decision is None or decision.answer is Answer.DEFER


def _same_question(one: Proposal, other: Proposal) -> bool:
    alike = (one.kind, one.step.processor, one.step.part, one.step.version) == (
        other.kind,
        other.step.processor,
        other.step.part,
        other.step.version,
    )
    return alike and _same_place(one.step.span, other.step.span)


def _same_place(one: Span | None, other: Span | None) -> bool:
    """Return whether two steps are on the whole song, or on stretches that share some time."""
    if one is None or other is None:
        return one is other
    return one.overlaps(other)


def _claims_close(old: tuple[Claim, ...], new: tuple[Claim, ...], tolerance_db: float) -> bool:
    if [c.measurement for c in old] != [c.measurement for c in new]:
        return False
    return all(
        abs(was.before - now.before) <= tolerance_db and abs(was.expected - now.expected) <= tolerance_db
        for was, now in zip(old, new, strict=True)
    )
