"""The report for a terminal: plain text, at most 40 lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controlroom.model.decisions import Decision, Question, waiting
from controlroom.model.figures import format_measurement, number
from controlroom.model.findings import Finding
from controlroom.model.proposals import Proposal
from controlroom.model.render import MasterFile
from controlroom.report.model import ReportData
from controlroom.report.plain import as_lines, one_line
from controlroom.report.sentences import (
    claim_sentence,
    decision_sentence,
    finding_place,
    finding_sentence,
    finding_title,
    outcome_sentence,
    plan_sentence,
    proposal_remarks,
    proposal_sentence,
)
from controlroom.report.verdict import decide_command, status, verdict

MOST_FINDINGS = 5
MOST_MISSED = 3
MOST_WAITING = 4
MOST_MASTERS = 8


def render_text(data: ReportData) -> str:
    """Return the summary of a report: verdict, findings, what waits, masters; at most 40 lines."""
    lines = [f"{data.title}  [{status(data)}]", *verdict(data)]
    if data.render and data.render.plan:
        lines.append(plan_sentence(data.render.plan))
    judged = [finding for finding in data.findings if not finding.information]
    told = [f"  {finding_title(f.kind)}: {finding_sentence(f)}" for f in _gravest(judged)]
    lines += _block("Heard", _some(told, MOST_FINDINGS))
    lines += _block("Claims that were missed", _some(_missed(data), MOST_MISSED))
    lines += _block("Waits for you", _waiting(data))
    masters = data.render.masters if data.render else ()
    lines += _block("Masters", _some([f"  {master_line(m)}" for m in masters], MOST_MASTERS))
    return as_lines(lines)


def findings_text(findings: Sequence[Finding]) -> str:
    """Return every finding in a line or two, what matters most first."""
    if not findings:
        return "Nothing to observe: no standard was missed."
    return as_lines(_finding_line(finding) for finding in _gravest(findings))


def proposals_text(proposals: Sequence[Proposal], decisions: Mapping[str, Decision]) -> str:
    """Return every proposal with its answer; what waits comes with its id, to be answered by."""
    if not proposals:
        return "Nothing is proposed."
    open_ids = {proposal.id for proposal in waiting(proposals, decisions)}
    lines = []
    for proposal in proposals:
        lines.append(f"{proposal.id}  {proposal_sentence(proposal)}")
        lines += [f"    claims: {claim_sentence(claim)}" for claim in proposal.claims]
        lines += [f"    {remark}" for remark in proposal_remarks(proposal)]
        if proposal.id in decisions:
            lines.append(f"    {decision_sentence(decisions[proposal.id])}")
        if proposal.id in open_ids:
            lines.append("    Waits for a decision.")
    return as_lines(lines)


def question_text(question: Question) -> str:
    """Return one group of proposals as a person is asked it, with the findings they answer."""
    lines = [f"{question.stage.value.upper()}"]
    findings = {finding.id: finding for finding in question.findings}
    for proposal in question.proposals:
        answered = (findings[id_] for id_ in proposal.answers if id_ in findings)
        lines += [f"  {finding_sentence(finding)}" for finding in answered]
        lines.append(f"  → {proposal_sentence(proposal)}")
        lines += [f"    It claims: {claim_sentence(claim)}." for claim in proposal.claims]
        lines += [f"    {remark}" for remark in proposal_remarks(proposal)]
    return as_lines(lines)


def history_line(entry: Mapping[str, Any]) -> str:
    """Return one ledger entry: its place, its time, and what it says."""
    at = str(entry["at"])[:16].replace("T", " ")
    return one_line(f"{entry['seq']:>5}  {at}  {entry['says']}")


def master_line(master: MasterFile) -> str:
    """Return one delivered file with what was measured of it."""
    depth = f" {master.bit_depth} bit" if master.bit_depth else ""
    rate = f" {master.bitrate_kbps} kbit/s" if master.bitrate_kbps else ""
    loud = format_measurement("x_lufs", master.lufs)
    peak = format_measurement("x_dbtp", master.true_peak_dbtp)
    return f"{master.path}  {master.format.upper()}{depth}{rate}, {number(master.rate_hz / 1000)} kHz, {loud}, {peak}"


def _gravest(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.information, -finding.severity))


def _finding_line(finding: Finding) -> str:
    place = "" if finding.span is None else f" [{finding_place(finding)}]"
    return f"{finding_title(finding.kind)}{place}: {finding_sentence(finding)}"


def _missed(data: ReportData) -> list[str]:
    steps = {proposal.id: proposal for proposal in data.proposals}
    outcomes = data.render.outcomes if data.render else ()
    missed = [o for o in outcomes if not o.kept or o.kept_in_master is False]
    return [
        f"  {proposal_sentence(steps[o.proposal_id])} {outcome_sentence(o)}"
        for o in missed
        if o.proposal_id in steps
    ]


def _waiting(data: ReportData) -> list[str]:
    pairs = [
        as_lines([f"  {proposal_sentence(p)}", f"    {decide_command(data.song, p, 'accept')}"])
        for p in data.waiting
    ]
    return [line for pair in _some(pairs, MOST_WAITING) for line in pair.split("\n")]


def _some(lines: list[str], most: int) -> list[str]:
    """Return at most ``most`` lines, the last of which says how many were left off."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"  … and {len(lines) - most + 1} more, in the report"]


def _block(title: str, lines: list[str]) -> list[str]:
    return ["", title, *lines] if lines else []
