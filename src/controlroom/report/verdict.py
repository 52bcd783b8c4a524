"""The few sentences that sum a report up, for the top of the page and the terminal."""

from __future__ import annotations

import shlex

from controlroom.model.decisions import Who
from controlroom.model.figures import format_measurement
from controlroom.model.proposals import Proposal
from controlroom.model.wording import listed
from controlroom.report.model import ReportData
from controlroom.report.sentences import STATES
from controlroom.report.take_words import take_sentences


def verdict(data: ReportData) -> tuple[str, ...]:
    """Return what came out, what was changed by whom, what it was measured to do, and how the take was read."""
    told = (
        _sound(data),
        _heard(data),
        _changed(data),
        _claims(data),
        _waiting(data),
        _elsewhere(data),
        *take_sentences(data.take),
    )
    return tuple(sentence for sentence in told if sentence)


def status(data: ReportData) -> str:
    """Return the one word that stands beside the title: draft, or the song's state."""
    if data.draft and data.render is not None:
        return "draft"
    return str(data.state)


def status_sentence(data: ReportData) -> str:
    """Return what that word means."""
    if data.draft and data.render is not None:
        if data.waiting:
            return "A draft: its masters stay marked so until what waits is answered."
        return "A draft: only a policy has answered so far, no person."
    return STATES[data.state]


def decide_command(song: str, proposal: Proposal, answer: str) -> str:
    """Return the exact command that answers a proposal."""
    return f"controlroom decide {quoted(song)} {proposal.id} {answer}"


def quoted(song: str) -> str:
    """Return what a person types for SONG, quoted for a shell where it must be."""
    return shlex.quote(f"./{song}" if song.startswith("-") else song)


def _sound(data: ReportData) -> str:
    before = data.loudness_facts_before
    if before is None:
        return STATES[data.state]
    was = format_measurement("x_lufs", before.integrated_lufs)
    if data.render is None:
        return f"The take plays at {was} with a true peak of {format_measurement('x_dbtp', before.true_peak_dbtp)}."
    after = data.render.after
    now = format_measurement("x_lufs", after.integrated_lufs)
    peak = format_measurement("x_dbtp", after.true_peak_dbtp)
    if not data.render.steps:
        return f"Nothing was changed: the take’s own samples, at {now} with a true peak of {peak}."
    return f"From {was} to {now}, with a true peak of {peak}."


def _heard(data: ReportData) -> str:
    missed = sum(not finding.information for finding in data.findings)
    return (
        f"{_count(missed, 'thing', 'things')} missed a standard." if missed else "Nothing missed a standard."
    )


def _changed(data: ReportData) -> str:
    if not data.sounding():
        return ""
    people = _count(len(data.sounding(Who.PERSON)), "change was", "changes were") + " decided by a person"
    policy = len(data.sounding(Who.POLICY))
    if not policy:
        return people + "."
    by = f"by the policy {_names(data)}"
    if not data.sounding(Who.PERSON):
        return f"{_count(policy, 'change was', 'changes were')} made {by}, none by a person."
    return f"{people}, {policy} {by}."


def _claims(data: ReportData) -> str:
    outcomes = data.render.outcomes if data.render else ()
    if not outcomes:
        return ""
    kept = sum(outcome.kept for outcome in outcomes)
    measured = [outcome for outcome in outcomes if outcome.kept_in_master is not None]
    still = sum(bool(outcome.kept_in_master) for outcome in measured)
    told = "Every claim came true" if kept == len(outcomes) else f"{kept} of {len(outcomes)} claims came true"
    if not measured:
        return f"{told}."
    if kept == len(outcomes) and still == len(measured):
        return f"{told} and holds in the master."
    return f"{told}; {still} of {len(measured)} hold in the master."


def _names(data: ReportData) -> str:
    """Return the policies that changed something, each once, in quotation marks."""
    names = dict.fromkeys(decision.name for decision in data.sounding(Who.POLICY))
    return listed([f"“{name}”" for name in names])


def _waiting(data: ReportData) -> str:
    count = len(data.waiting)
    return f"{_count(count, 'proposal waits', 'proposals wait')} for a decision." if count else ""


def _elsewhere(data: ReportData) -> str:
    if not data.elsewhere:
        return ""
    takes = listed(list(dict.fromkeys(one.take for one in data.elsewhere)))
    steps = _count(len(data.elsewhere), "step of your own is", "steps of your own are")
    return f"{steps} about another take ({takes}) and not heard on this one."


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
