"""The one message table: codes and numbers in, sentences out.

Ledger, findings and proposals store only codes and numbers; every window (the
report, the terminal, the page) asks here for the words. Finding kinds and
processors are told in the words of their own files (``words``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controlroom.engine.guards.form import Guard, all_guards
from controlroom.model.decisions import Answer, Decision, Elsewhere, Who
from controlroom.model.errors import ControlRoomError
from controlroom.model.figures import format_measurement, measure_label, number
from controlroom.model.proposals import Claim, GuardReading, Step
from controlroom.model.render import LoudnessPlan, Outcome
from controlroom.model.song import SongState
from controlroom.model.wording import listed
from controlroom.report.services import Playback
from controlroom.report.telling import (
    finding_place,
    finding_sentence,
    finding_title,
    proposal_remarks,
    proposal_sentence,
    severity_words,
    step_phrase,
    step_title,
)

__all__ = [
    "budget_words",
    "claim_sentence",
    "decision_sentence",
    "elsewhere_sentence",
    "error_sentence",
    "finding_place",
    "finding_sentence",
    "finding_title",
    "format_measurement",
    "guard_name",
    "guard_sentence",
    "guard_value",
    "measure_label",
    "outcome_sentence",
    "plan_sentence",
    "playback_sentence",
    "proposal_remarks",
    "proposal_sentence",
    "severity_words",
    "step_phrase",
    "step_title",
    "withheld_sentence",
]


ANSWERS: Mapping[Answer, str] = {
    Answer.ACCEPT: "Accepted",
    Answer.EDIT: "Accepted with other settings",
    Answer.REJECT: "Left as it is",
    Answer.DEFER: "Put off",
}


def decision_sentence(decision: Decision) -> str:
    """Return who answered what, how long it was auditioned, and why."""
    by = f"by the policy “{decision.name}”" if decision.who is Who.POLICY else f"by {decision.name}"
    told = f"{ANSWERS[decision.answer]} {by}"
    if decision.answer is Answer.EDIT:
        told += f": {step_phrase(decision.step)}"
    if decision.auditioned_s > 0:
        told += f", after {number(decision.auditioned_s, 0)} s of listening"
    if decision.carried_from:
        told += ", carried over from an earlier answer"
    if decision.kept_despite:
        told += f", kept although {listed([guard_name(guard) for guard in decision.kept_despite])} warned"
    return f"{told}: “{decision.reason}”" if decision.reason else f"{told}."


def guard_name(guard: str) -> str:
    """Return what a guard watches; its name where it is one of an older song's that is no more."""
    known = _guard(guard)
    return known.title if known else guard.replace("-", " ").replace("_", " ")


def guard_value(guard: str, value: float) -> str:
    """Return a guard's reading with its unit."""
    known = _guard(guard)
    return format_measurement(f"x_{known.unit}" if known and known.unit else "x", value)


def _guard(name: str) -> Guard | None:
    return next((guard for guard in all_guards() if guard.name == name), None)


def guard_sentence(reading: GuardReading) -> str:
    """Return what a guard read: before, after, and whether it moved too far."""
    name = guard_name(reading.guard)
    was, now = guard_value(reading.guard, reading.before), guard_value(reading.guard, reading.after)
    verdict = "beyond" if reading.broken else "within"
    return f"{name[:1].upper()}{name[1:]}: {was} before, {now} after; {verdict} its limit of {guard_value(reading.guard, reading.limit)}."


def elsewhere_sentence(one: Elsewhere) -> str:
    """Return that a person's own step is about another take, and is not heard on this one."""
    step = one.decision.step
    return f"Written for {one.take}, not heard on this take: {step_phrase(step)} ({one.decision.name})"


def withheld_sentence(step: Step, broken: Sequence[str]) -> str:
    """Return what was not asked, and which guards forbade it."""
    return f"Not asked, because it would harm {listed([guard_name(guard) for guard in broken])}: {step_phrase(step)}"


SENSES = {"near": "to", "at_most": "to at most", "at_least": "to at least"}


def claim_sentence(claim: Claim) -> str:
    """Return what a step claims to do to one measurement."""
    was = format_measurement(claim.measurement, claim.before)
    will = format_measurement(claim.measurement, claim.expected)
    return f"{measure_label(claim.measurement)} from {was} {SENSES[claim.sense]} {will}"


def outcome_sentence(outcome: Outcome) -> str:
    """Return whether a claim came true after its stage, and whether it still holds in the master."""
    name = outcome.claim.measurement
    if outcome.after_stage is None and outcome.in_master is None:
        return "Not measured."
    told = f"{'Kept' if outcome.kept else 'Missed'}: {format_measurement(name, outcome.after_stage)} after its stage"
    if outcome.in_master is None or outcome.kept_in_master is None:
        return told + "."
    master = format_measurement(name, outcome.in_master)
    if outcome.kept_in_master:
        return f"{told}, {master} in the master."
    eaten = "; the steps after it took it back" if outcome.kept else ""
    return f"{told}, {master} in the master{eaten}."


BUDGETS: Mapping[str, str] = {
    "limiter.reduction_p95_db": "the limiter would work too hard too often (95th percentile of its reduction)",
    "limiter.reduction_max_db": "single peaks would be pushed down too far (greatest reduction of the limiter)",
    "loudness.psr_p5_db": "its dense passages would lose their peaks (peak to short-term loudness, 5th percentile)",
    "dynamics.crest_loss_db": "its loudest 8 seconds would lose too much crest",
    "loudness.target_high_lufs": "louder than that is outside the range that the standards name",
    "gain.gain_db": "a gain goes no further than 60 dB, up or down",
    "limiter.hygiene_p95_db": "the policy that answered allows no more limiting than that",
}


def budget_words(name: str) -> str:
    """Return why a loudness budget holds a master back; a name without its room is understood too."""
    base = name.rpartition(".")[2].removesuffix("_db")
    key = next((key for key in BUDGETS if base and key.rpartition(".")[2].removesuffix("_db") == base), name)
    return BUDGETS.get(key) or f"{measure_label(name)} reached its limit"


def plan_sentence(plan: LoudnessPlan) -> str:
    """Return how loud the masters are, or would be with the level accepted as asked, and what held them back."""
    if plan.announced_lufs is None:
        return (
            "No level could be planned: no 0.4 s of the sound is above −70 LUFS, where loudness begins. "
            "Turn it up yourself, with a gain of your own, and render again."
        )
    begun = "Announced at" if plan.as_planned else "With its level accepted as asked it would be at"
    told = f"{begun} {format_measurement('x_lufs', plan.announced_lufs)} under {format_measurement('x_dbtp', plan.ceiling_dbtp)}"
    aimed = f"aimed at {format_measurement('x_lufs', plan.target_lufs)}"
    if plan.held_back_by is None:
        return f"{told}, {aimed}."
    reading, bound = plan.readings.get(plan.held_back_by), plan.limits.get(plan.held_back_by)
    why = budget_words(plan.held_back_by)
    if plan.held_back_by == "gain.gain_db":
        return f"{told}, {aimed}. It was not reached: {why}."
    if reading is not None and bound is not None:
        why += f": {format_measurement(plan.held_back_by, reading)} of {format_measurement(plan.held_back_by, bound)}"
    return f"{told}, {aimed}. Louder was held back: {why}."


# --- services, state, errors -------------------------------------------------

PLAYBACKS: Mapping[str, str] = {
    "untouched": "Played as it is.",
    "lowered": "Turned down {gain}, to its target.",
    "raised": "Turned up {gain}, to its target.",
    "raised-less": "Turned up only {gain}: its true peak stops it short of the target of {target}.",
    "not-raised": "Left as it is, {gap} quieter than the target of {target}.",
    "limited": "Turned up {gain} through the service’s own limiter, which will work on the peaks.",
    "unknown": "Nothing to say: the master has no measurable loudness.",
}


def playback_sentence(playback: Playback) -> str:
    """Return what one service does to a master."""
    target = playback.service.target_lufs
    if playback.code == "untouched" and target is None:
        return "No normalisation: played exactly as delivered."
    gap = abs(target - playback.heard_lufs) if target is not None and playback.heard_lufs is not None else 0.0
    return PLAYBACKS[playback.code].format(
        gain=f"{number(abs(playback.gain_db))} dB",
        target=format_measurement("x_lufs", target),
        gap=f"{number(gap)} LU",
    )


STATES: Mapping[SongState, str] = {
    SongState.RAW: "Imported, not listened to yet.",
    SongState.HEARD: "Listened to; nothing is decided yet.",
    SongState.IN_DECISION: "Being decided.",
    SongState.RENDERED: "Rendered and measured again.",
    SongState.RELEASED: "Released.",
}

HINTS: Mapping[str, str] = {
    "song.busy": "wait for the other process, or end it",
    "audio.silent": "export the take again; this file holds no sound",
}


def error_sentence(error: ControlRoomError) -> str:
    """Return an error with its hint: what happened, then what to do."""
    hint = error.hint or HINTS.get(error.code, "")
    told = error.message[:1].upper() + error.message[1:]
    return f"{told}: {hint}." if hint else f"{told}."
